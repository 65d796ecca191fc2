"""Folders that are made once, by content: safe between processes, repaired when half made."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import platformdirs
from filelock import FileLock

_COMPLETE = ".complete"


def cache_folder() -> Path:
    """Return where installs, builds and logs go: `WORLD_HARNESS_CACHE`, or the user's cache."""
    given = os.environ.get("WORLD_HARNESS_CACHE")
    return Path(given).absolute() if given else platformdirs.user_cache_path("world-harness")


def python_environment() -> dict[str, str]:
    """Return the environment of a Python program of ours that is started again and again.

    It keeps its compiled modules, also where `PYTHONDONTWRITEBYTECODE` keeps them out of the
    source folders: they go to the cache. Compiling them again takes longer than most checks do.
    """
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(cache_folder() / "bytecode"), **env}


def digest(content: Mapping[str, object]) -> str:
    """Return twelve hexadecimal digits that change whenever the content does."""
    canonical = msgspec.json.encode(content, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:12]


def is_complete(folder: Path) -> bool:
    """Tell whether the folder was made to its end."""
    return (folder / _COMPLETE).exists()


def obtain(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return the folder, making it first unless it is complete.

    Another process that wants the same folder waits. A folder without its mark of completion is
    what an interrupted run left behind: it is removed and made again.

    Args:
        folder: Its name must hold a digest of everything that determines its content.
        make: Fills the empty folder; whatever it raises passes through, and nothing is kept.
    """
    if is_complete(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(folder.name + ".lock")):
        if is_complete(folder):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            make(folder)
            (folder / _COMPLETE).touch()
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return folder
