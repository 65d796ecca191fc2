"""Commands as a user types them, to do the same again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping

#: Of an option: left out, a flag, a value, or several values.
Value = None | bool | str | int | float | tuple[str, ...]


def write_command(words: Iterable[str], options: Mapping[str, Value] | None = None) -> str:
    """Return a command, quoted for a shell.

    Args:
        words: The program, its command and its arguments.
        options: Option -> value. `None`, `False` and an empty tuple leave it out, `True` makes it
            a flag, a tuple repeats it.
    """
    return " ".join(map(shlex.quote, [*words, *_write_options(options or {})]))


def _write_options(options: Mapping[str, Value]) -> Iterator[str]:
    for option, value in options.items():
        for each in value if isinstance(value, tuple) else (value,):
            if each is True:
                yield option
            elif each is not None and each is not False:
                yield from (option, str(each))
