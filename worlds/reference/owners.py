"""The owners of leased messages: each process locks a file, so its death shows at once."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class Owner:
    """A process that delivers messages. It counts as alive while it holds the lock of its file.

    Args:
        folder: The folder of the owners' files.
        name: Its name in the journal.
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

    def remove(self, name: str) -> None:
        """Remove the file of a dead owner."""
        (self._folder / f"{name}.lock").unlink(missing_ok=True)

    def leave(self) -> None:
        """Stop being an owner."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)
