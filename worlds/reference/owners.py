"""Who has messages in hand: a locked file for each process, so that its death shows at once."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Owner:
    """A process that delivers messages; it counts as alive as long as it holds its file's lock.

    Args:
        folder: Where the owners' files are.
        name: What it is called in the journal.
    """

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._folder = folder
        self._path = folder / f"{name}.lock"
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def is_alive(self, name: str) -> bool:
        """Tell whether another owner is alive."""
        if name == self.name:
            return True
        try:
            file = os.open(self._folder / f"{name}.lock", os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def bury(self, name: str) -> None:
        """Remove what a dead owner left."""
        (self._folder / f"{name}.lock").unlink(missing_ok=True)

    def leave(self) -> None:
        """Stop being an owner."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)
