"""Reading and writing: one thread for each, and one commit for all who wait for one."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, TypeVar

from ..errors import StorageError
from ..lanes import Crew, Job, Lane, Take
from ..session import Parameters, Row, Session
from .file import BUSY_S, connect, prepare_file
from .shortcut import Shortcut, ShortLane, Work, connect_at_once

T = TypeVar("T")

#: How many writers share a commit at most.
_SHARED = 32
#: The places of the lanes.
_READER, _WRITER = 0, 1

_EXPLAINED = {
    "database is locked": (
        "another program keeps the file locked",
        "end it, or let it commit; nothing was written, and the call can be made again",
    ),
    "database or disk is full": (
        "there is no room left",
        "free some; nothing was written, and the call can be made again",
    ),
    "disk I/O error": (
        "the disk refused",
        "see to the disk and to the limits of the process; nothing was written",
    ),
    "attempt to write a readonly database": (
        "the file, or its folder, cannot be written to",
        "see to its owner and permissions",
    ),
    "malformed": (
        "the file is damaged",
        "restore it from a copy; `sqlite3 FILE .recover` saves what can be read",
    ),
}


class SqliteSession:
    """One transaction of a connection. It has the file to itself from its first word on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, sql: str, parameters: Parameters = (), *, takes: bool = False) -> list[Row]:
        """Return every row."""
        return self._connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Parameters = (), *, holds: bool = False) -> Row | None:
        """Return the first row, if there is any."""
        row: Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Change something, and return how many rows that were."""
        return self._connection.execute(sql, parameters).rowcount

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Change something for each of several rows."""
        self._connection.executemany(sql, rows)

    def now_ms(self) -> int:
        """Return the machine's time."""
        return time.time_ns() // 1_000_000


class SqliteStore:
    """A file of our own.

    Args:
        path: Where it is; it is made if it is not there.
        synchronous: `full` outlives a loss of power; `normal` may then lose the last commits,
            but nothing when a process dies.
        busy_s: How long somebody else may keep the file locked, in seconds.

    Raises:
        SetupError: the file cannot be used.
    """

    #: A file loses power with its machine, and so do all who use it.
    shares_fate = True
    age = 0

    def __init__(
        self,
        path: Path,
        synchronous: Literal["full", "normal"] = "full",
        busy_s: float = BUSY_S,
    ) -> None:
        self.path = path.absolute()
        self._busy_s = busy_s
        self._synchronous = synchronous
        self._crew = Crew(self._make_lanes)
        prepare_file(self.path, busy_s)

    def write(self, act: Callable[[Session], T], *, lasting: bool = True) -> Future[T]:
        """Do something in one transaction: all of it happens, or nothing."""
        return self._crew.submit(_WRITER, act, lasting=lasting)

    def read(self, act: Callable[[Session], T]) -> Future[T]:
        """Ask something, of one state of the database."""
        return self._crew.submit(_READER, act, lasting=False)

    def close(self) -> None:
        """Let go of every connection; what was begun is done first, if it does not take long."""
        self._crew.close()

    def _make_lanes(self) -> list[Lane]:
        return [
            ShortLane("workflow-sqlite-read", self._work_reading, self._shorten(_read)),
            ShortLane("workflow-sqlite-write", self._work_writing, self._shorten(_write)),
        ]

    def _shorten(self, work: Work) -> Shortcut:
        return Shortcut(lambda: connect_at_once(self.path), work)

    def _work_reading(self, take: Take) -> None:
        with closing(_Line(self._connect)) as line:
            while (job := take(True)) is not None:
                line.attempt(_read, [job])

    def _work_writing(self, take: Take) -> None:
        with closing(_Line(self._connect)) as line:
            while (first := take(True)) is not None:
                jobs = [first]
                while len(jobs) < _SHARED and (more := take(False)) is not None:
                    jobs.append(more)
                line.attempt(self._write, jobs)

    def _write(self, connection: sqlite3.Connection, jobs: list[Job[Any]]) -> None:
        # In WAL mode `normal` commits without waiting for the disk; the next `full` commit takes
        # along what came before it.
        lasting = any(job.lasting for job in jobs)
        connection.execute(f"PRAGMA synchronous = {self._synchronous if lasting else 'normal'}")
        _write(connection, jobs)

    def _connect(self) -> sqlite3.Connection:
        return connect(self.path, self._busy_s)


class _Line:
    """A thread's connection, opened when it is first needed."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None

    def attempt(
        self, act: Callable[[sqlite3.Connection, list[Job[Any]]], None], jobs: list[Job[Any]]
    ) -> None:
        """Do the work of some jobs; if it fails as a whole, it fails for each of them."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            act(self._connection, jobs)
        except sqlite3.Error as error:
            explained = explain(error)
            for job in jobs:
                job.fail(explained)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()


def _read(connection: sqlite3.Connection, jobs: list[Job[Any]]) -> None:
    (job,) = jobs
    connection.execute("BEGIN")
    try:
        value = job.act(SqliteSession(connection))
    except sqlite3.Error:
        raise
    except Exception as error:  # noqa: BLE001 - the caller is told
        job.fail(error)
    else:
        job.answer(value)
    finally:
        # Some errors end the transaction themselves.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _write(connection: sqlite3.Connection, jobs: list[Job[Any]]) -> None:
    """Do several jobs in one transaction; one that is refused takes back its own part only."""
    connection.execute("BEGIN IMMEDIATE")
    do = _write_one if len(jobs) == 1 else _write_part
    answers: list[Callable[[], None]] = []
    try:
        answers.extend(do(connection, job) for job in jobs)
        if connection.in_transaction:
            connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    for answer in answers:
        answer()


def _write_one(connection: sqlite3.Connection, job: Job[Any]) -> Callable[[], None]:
    try:
        value = job.act(SqliteSession(connection))
    except sqlite3.Error:
        raise
    except Exception as error:  # noqa: BLE001 - the caller is told
        refusal = error
        connection.execute("ROLLBACK")
        return lambda: job.fail(refusal)
    return lambda: job.answer(value)


def _write_part(connection: sqlite3.Connection, job: Job[Any]) -> Callable[[], None]:
    connection.execute("SAVEPOINT job")
    try:
        value = job.act(SqliteSession(connection))
    except sqlite3.Error:
        raise
    except Exception as error:  # noqa: BLE001 - the caller is told
        refusal = error
        connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
        return lambda: job.fail(refusal)
    connection.execute("RELEASE job")
    return lambda: job.answer(value)


def explain(error: sqlite3.Error) -> StorageError:
    """Say what is wrong with the file, and what fixes it."""
    found = [text for key, text in _EXPLAINED.items() if key in str(error)]
    cause, remedy = found[0] if found else ("SQLite refused", "see its message")
    explained = StorageError(f"the file cannot be used now ({error})", cause=cause, remedy=remedy)
    explained.__cause__ = error
    return explained
