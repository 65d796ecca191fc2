"""Data directories of another SDK."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .errors import AppError

#: What the TypeScript SDK's local World writes first; this SDK writes none.
_VERSION = "version.txt"
#: An event or step of the layout before one folder a run.
_FLAT_FILE = re.compile(r"wrun_[0-9A-Za-z]+-[^/\\]+\.json")


def refuse_foreign_data(folder: Path) -> None:
    """Refuse a data directory of the TypeScript SDK: constructing LocalWorld there may delete it.

    Raises:
        AppError: the folder holds another SDK's data; nothing in it was touched.
    """
    found = next(_find_foreign(folder), None)
    if found:
        raise AppError(
            f"{folder} holds the data of another SDK ({found.relative_to(folder)}), which the "
            "local World of this SDK may delete; nothing was changed. Set "
            "WORKFLOW_LOCAL_DATA_DIR to a separate folder"
        )


def _find_foreign(folder: Path) -> Iterator[Path]:
    if (folder / _VERSION).exists():
        yield folder / _VERSION
    for place in (folder / "events", folder / "steps"):
        if place.is_dir():
            yield from (path for path in place.iterdir() if _FLAT_FILE.fullmatch(path.name))
