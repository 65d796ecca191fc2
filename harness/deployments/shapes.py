"""The shape of apps in a language: everything that differs between languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.descriptions import Framework, World


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """The layout of an app's files in one language."""

    #: File extension of the workflows' sources.
    suffix: str
    #: Path prefix, inside the app, of the code that answers requests.
    answering: str
    #: Makes the files that tell the app its identity, its World, and the frameworks' import names.
    introduce: Callable[[Mapping[str, Any], World, Sequence[str]], dict[str, bytes]]
    #: Environment of the build and the server.
    environment: dict[str, str]
    #: Mode -> additional environment of the server.
    modes: dict[str, dict[str, str]] = {}
    #: Makes the files of a standalone project, for a deployment elsewhere.
    describe_project: Callable[[Mapping[str, str], Framework], dict[str, bytes]]
    #: The command that prepares that project.
    make_ready: str


def read_files(
    folder: Path, *, prefix: str = "", suffix: str = "", skip: str = ""
) -> Iterator[tuple[str, bytes]]:
    """Yield path inside the app -> content for the files of a folder."""
    for path in sorted(folder.rglob(f"*{suffix}")):
        if path.is_file() and path.name != skip and "__pycache__" not in path.parts:
            yield prefix + path.relative_to(folder).as_posix(), path.read_bytes()
