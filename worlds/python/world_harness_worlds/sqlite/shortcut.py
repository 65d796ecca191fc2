"""What need not wait for the disk or for anybody, done at once in the thread that asks.

Handing work to another thread and back costs more than a question to a file that is in memory
anyway. Whatever would wait, or fails, is left to the threads whose work that is.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ..lanes import Job, Lane, Take

T = TypeVar("T")
Work = Callable[[sqlite3.Connection, list[Job[Any]]], None]


class Shortcut:
    """A connection that never waits.

    Args:
        connect: Opens it; on it, a file that is locked is an error at once.
        work: Does jobs with it.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], work: Work) -> None:
        self._connect = connect
        self._work = work
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._closed = False

    def attempt(self, job: Job[Any]) -> bool:
        """Do a job, and return whether it is done: answered, or refused by what it asks for."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._closed:
                return False
            if self._connection is None:
                self._connection = self._connect()
            self._work(self._connection, [job])
        except sqlite3.Error:
            # The next caller says what is wrong, and waits for it if that helps.
            return job.future.done()
        finally:
            self._lock.release()
        return True

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class ShortLane(Lane):
    """A lane of one thread, with a way around it for work that need not wait for the disk.

    Args:
        name: The thread's name.
        work: Called in the thread; does the jobs that it takes.
        shortcut: The way around.
    """

    def __init__(self, name: str, work: Callable[[Take], None], shortcut: Shortcut) -> None:
        super().__init__(name, 1, work)
        self._shortcut = shortcut

    def begin(self, job: Job[T]) -> bool:
        """Have a job done: here and now, or else by the thread."""
        return (not job.lasting and self._shortcut.attempt(job)) or super().begin(job)

    def close(self) -> bool:
        """Do what was submitted, and end; return whether that came to its end in time."""
        ended = super().close()
        self._shortcut.close()
        return ended


def connect_at_once(path: Path) -> sqlite3.Connection:
    """Open a connection that fails where others wait."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = normal")
    # Moving what was written into the file waits for the disk: a caller that waits anyway does it.
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection
