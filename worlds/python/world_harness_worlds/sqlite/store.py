"""One thread for reading and one for writing; waiting writers share a commit."""

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

#: The largest number of writers that share a commit.
_SHARED = 32
#: The numbers of the lanes.
_READER, _WRITER = 0, 1

_EXPLAINED = {
    "database is locked": (
        "another program keeps the file locked",
        "end it, or let it commit; nothing was written, and the call can be repeated",
    ),
    "database or disk is full": (
        "there is no space left",
        "free some space; nothing was written, and the call can be repeated",
    ),
    "disk I/O error": (
        "the disk reported an error",
        "check the disk and the limits of the process; nothing was written",
    ),
    "attempt to write a readonly database": (
        "the file or its folder is read-only",
        "check its owner and permissions",
    ),
    "malformed": (
        "the file is damaged",
        "restore a backup, or save the readable part with `sqlite3 FILE .recover`",
    ),
}


class SqliteSession:
    """One transaction of a connection. It locks the file from its first statement on."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def all(self, sql: str, parameters: Parameters = (), *, takes: bool = False) -> list[Row]:
        """Return all rows."""
        return self._connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: Parameters = (), *, holds: bool = False) -> Row | None:
        """Return the first row, if there is any."""
        row: Row | None = self._connection.execute(sql, parameters).fetchone()
        return row

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a change, and return the number of affected rows."""
        return self._connection.execute(sql, parameters).rowcount

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run a change once for each row."""
        self._connection.executemany(sql, rows)

    def now_ms(self) -> int:
        """Return the machine's time."""
        return time.time_ns() // 1_000_000


class SqliteStore:
    """A database in one file.

    Args:
        path: The path of the file, which is created if it does not exist.
        synchronous: `full` survives a power loss; `normal` may then lose the last commits, but
        loses nothing if a process dies.
        busy_s: How long another process may keep the file locked, in seconds.

    Raises:
        SetupError: the file cannot be used.
    """

    #: The file and all its users are on one machine, and lose power together.
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
        """Write in one transaction, which happens completely or not at all."""
        return self._crew.submit(_WRITER, act, lasting=lasting)

    def read(self, act: Callable[[Session], T]) -> Future[T]:
        """Read from one state of the database."""
        return self._crew.submit(_READER, act, lasting=False)

    def close(self) -> None:
        """Close all connections, after finishing jobs that do not take too long."""
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
        # In WAL mode, `normal` commits without waiting for the disk; the next `full` commit also
        # writes the earlier ones to disk.
        lasting = any(job.lasting for job in jobs)
        connection.execute(f"PRAGMA synchronous = {self._synchronous if lasting else 'normal'}")
        _write(connection, jobs)

    def _connect(self) -> sqlite3.Connection:
        return connect(self.path, self._busy_s)


class _Line:
    """The connection of a thread, opened on first use."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None

    def attempt(
        self, act: Callable[[sqlite3.Connection, list[Job[Any]]], None], jobs: list[Job[Any]]
    ) -> None:
        """Do some jobs; if the transaction fails, all of them fail."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            act(self._connection, jobs)
        except sqlite3.Error as error:
            explained = explain(error)
            for job in jobs:
                job.fail(explained)

    def close(self) -> None:
        """Close the connection."""
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
        # Some errors roll the transaction back automatically.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _write(connection: sqlite3.Connection, jobs: list[Job[Any]]) -> None:
    """Do several jobs in one transaction; a refused job rolls back only its own part."""
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
    """Explain an error of the file, and how to fix it."""
    found = [text for key, text in _EXPLAINED.items() if key in str(error)]
    cause, remedy = found[0] if found else ("SQLite reported an error", "read its message")
    explained = StorageError(f"SQLite could not use the file ({error})", cause=cause, remedy=remedy)
    explained.__cause__ = error
    return explained
