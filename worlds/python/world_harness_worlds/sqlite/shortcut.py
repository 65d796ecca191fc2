"""Does jobs that need not wait for the disk or a lock in the calling thread.

Switching to another thread and back costs more than reading a file that is cached in memory. Jobs
that would wait, or fail, are left to the threads of the lanes.
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
        connect: Opens the connection, on which a locked file is an error at once.
        work: Does jobs with the connection.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], work: Work) -> None:
        self._connect = connect
        self._work = work
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._closed = False

    def attempt(self, job: Job[Any]) -> bool:
        """Try to do a job; return whether it is done, with a result or an error."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._closed:
                return False
            if self._connection is None:
                self._connection = self._connect()
            self._work(self._connection, [job])
        except sqlite3.Error:
            # The thread of the lane repeats the job: it waits, or reports the error.
            return job.future.done()
        finally:
            self._lock.release()
        return True

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class ShortLane(Lane):
    """A lane of one thread, with a shortcut for jobs that need not wait for the disk.

    Args:
        name: The thread's name.
        work: Called in the thread; takes and does the jobs.
        shortcut: The shortcut.
    """

    def __init__(self, name: str, work: Callable[[Take], None], shortcut: Shortcut) -> None:
        super().__init__(name, 1, work)
        self._shortcut = shortcut

    def begin(self, job: Job[T]) -> bool:
        """Do a job at once, or submit it to the thread."""
        return (not job.lasting and self._shortcut.attempt(job)) or super().begin(job)

    def close(self) -> bool:
        """Finish the submitted jobs and end; return whether the thread ended in time."""
        ended = super().close()
        self._shortcut.close()
        return ended


def connect_at_once(path: Path) -> sqlite3.Connection:
    """Open a connection that fails instead of waiting for a lock."""
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = normal")
    # A checkpoint waits for the disk, so leave it to a caller that waits anyway.
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection
