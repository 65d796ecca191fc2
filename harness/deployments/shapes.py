"""How apps look in a language: what differs between languages, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.descriptions import Framework, World


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How an app's files lie, in one language."""

    #: Of the workflows' sources.
    suffix: str
    #: What the paths of what answers begin with, inside the app.
    answering: str
    #: What the app is told of itself, of its World, and of how frameworks are imported.
    introduce: Callable[[Mapping[str, Any], World, Sequence[str]], dict[str, bytes]]
    #: What build and server find in their environment.
    environment: dict[str, str]
    #: Mode -> what the server finds there in addition.
    modes: dict[str, dict[str, str]] = {}
    #: The files that make the app a project of its own, for its deployment elsewhere.
    describe_project: Callable[[Mapping[str, str], Framework], dict[str, bytes]]
    #: The command by which that project is made ready.
    make_ready: str


def read_files(
    folder: Path, *, prefix: str = "", suffix: str = "", skip: str = ""
) -> Iterator[tuple[str, bytes]]:
    """Give path inside the app -> content, of the files of a folder."""
    for path in sorted(folder.rglob(f"*{suffix}")):
        if path.is_file() and path.name != skip and "__pycache__" not in path.parts:
            yield prefix + path.relative_to(folder).as_posix(), path.read_bytes()
