"""Folders in which an SDK's own World for development keeps its data."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

#: What the TypeScript SDK's World writes first, and how that begins.
_MARK, _MARKED = "version.txt", b"@workflow/world-local@"
#: Folders that hold a file or a folder of each run, in both SDKs' Worlds.
_RUNS = ("runs", "events", "steps")
_RUN = "wrun_"
#: Such a folder holds little else: after so many names it is none.
_LOOKED_AT = 100


def find_foreign_data(folders: Iterable[Path]) -> Path | None:
    """Return what shows that one of some folders is that of another World; `None`: none is.

    Raises:
        OSError: one cannot be read.
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
