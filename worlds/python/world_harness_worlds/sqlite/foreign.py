"""Detects folders in which an SDK's own World for development keeps its data."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

#: The first file that the World of the TypeScript SDK writes, and how it starts.
_MARK, _MARKED = "version.txt", b"@workflow/world-local@"
#: Folders with one file or folder per run, in the Worlds of both SDKs.
_RUNS = ("runs", "events", "steps")
_RUN = "wrun_"
#: How many names to check: such a folder holds little else.
_LOOKED_AT = 100


def find_foreign_data(folders: Iterable[Path]) -> Path | None:
    """Return the evidence that a folder holds the data of another World, or `None`.

    Raises:
        OSError: a folder cannot be read.
    """
    return next((found for folder in folders for found in _find(folder)), None)


def _find(folder: Path) -> Iterator[Path]:
    mark = folder / _MARK
    if mark.is_file() and mark.read_bytes().startswith(_MARKED):
        yield mark
    for place in (folder / name for name in _RUNS):
        if place.is_dir():
            names = itertools.islice(place.iterdir(), _LOOKED_AT)
            yield from (path for path in names if path.name.startswith(_RUN))
