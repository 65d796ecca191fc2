"""Names: increasing ULIDs, and the rules for valid names."""

from __future__ import annotations

import secrets

from .errors import refuse

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 26
_RANDOM_BITS = 80
#: The longest name that both stores can index, in bytes.
_LONGEST = 1000

#: How far the time in a new run's id may be from now, in ms.
_OLDEST_MS = 24 * 3_600_000
_NEWEST_MS = 5 * 60_000


def make_name(prefix: str, now_ms: int, after: str = "") -> str:
    """Return `prefix_` and a ULID that is larger than the ULID of another name.

    Args:
        prefix: `evnt`, `msg`, `wrun`…
        now_ms: ms since 1970.
        after: The new name must be larger than this one; empty for no limit.
    """
    number = (now_ms << _RANDOM_BITS) | secrets.randbits(_RANDOM_BITS)
    last = read_ulid(after.rpartition("_")[2]) if after else None
    if last is not None and number <= last:
        number = last + 1
    return f"{prefix}_{_write_ulid(number)}"


def read_ulid(text: str) -> int | None:
    """Return the 128 bits of a ULID; `None` if the text is not a ULID."""
    if len(text) != _LENGTH or text[0] > "7":
        return None
    number = 0
    for letter in text:
        digit = _LETTERS.find(letter)
        if digit < 0:
            return None
        number = number * 32 + digit
    return number


def _write_ulid(number: int) -> str:
    return "".join(_LETTERS[(number >> shift) & 31] for shift in range(125, -1, -5))


def is_name(text: object) -> bool:
    """Tell whether a value is valid as a name."""
    if not isinstance(text, str) or not text or "\x00" in text:
        return False
    try:
        return len(text.encode()) <= _LONGEST
    except UnicodeEncodeError:
        return False


def check_name(text: object, what: str) -> str:
    """Return a valid name.

    Raises:
        WorkflowWorldError: the name is not valid.
    """
    if not is_name(text):
        raise refuse(f"{_shorten(text)} cannot be the name of a {what}")
    return str(text)


def check_run_id(run_id: str, now_ms: int) -> None:
    """Refuse an id of a new run that is not a ULID with roughly the current time.

    Raises:
        WorkflowWorldError: it is not a ULID, or its time is too far from now.
    """
    prefix, _, rest = run_id.partition("_")
    number = read_ulid(rest)
    if prefix != "wrun" or number is None:
        raise refuse(f"{_shorten(run_id)} is not the id of a run: `wrun_` and a ULID")
    age_ms = now_ms - (number >> _RANDOM_BITS)
    if not -_NEWEST_MS <= age_ms <= _OLDEST_MS:
        raise refuse(f"the time in the run's id {run_id!r} is too far from now")


def _shorten(text: object) -> str:
    told = repr(text)
    return told if len(told) <= 80 else f"{told[:80]}…"
