"""Folders that are made once per content. Processes can share them; a partial one is remade."""

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
    """Return the folder of installs, builds and logs: `WORLD_HARNESS_CACHE` or the user cache."""
    given = os.environ.get("WORLD_HARNESS_CACHE")
    return Path(given).absolute() if given else platformdirs.user_cache_path("world-harness")


def python_environment() -> dict[str, str]:
    """Return the environment of our own Python programs, which are started many times.

    Their bytecode goes to the cache, even if `PYTHONDONTWRITEBYTECODE` is set to keep it out of
    the source folders. To compile the modules each time takes longer than most checks.
    """
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(cache_folder() / "bytecode"), **env}


def digest(content: Mapping[str, object]) -> str:
    """Return twelve hexadecimal digits that change whenever the content does."""
    canonical = msgspec.json.encode(content, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()[:12]


def is_complete(folder: Path) -> bool:
    """Return whether the folder is complete."""
    return (folder / _COMPLETE).exists()


def obtain(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return the folder; make it first if it is not complete.

    Another process that wants the same folder waits. A folder without the completion mark comes
    from an interrupted run; it is removed and made again.

    Args:
        folder: Its name must contain a digest of everything that determines its content.
        make: Fills the empty folder. If it raises, the error propagates and nothing is kept.
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
