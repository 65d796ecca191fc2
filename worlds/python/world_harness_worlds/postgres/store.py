"""Reads and writes in a few threads, each with its own connection."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import closing
from functools import cache
from typing import Any, TypeVar

import psycopg

from ..lanes import Crew, Job, Lane, Take
from ..session import Parameters, Row, Session
from .database import Connection, prepare_database
from .trouble import TRIES, clashed, explain, lost

T = TypeVar("T")

_log = logging.getLogger("world_harness_worlds")

CONNECTIONS = 8
#: The number of the only lane.
_LANE = 0
#: See https://www.postgresql.org/docs/current/libpq-connect.html. A connection is lost after 30 s
#: of silence, both when it is idle and (in ms) when the server does not confirm sent data.
_CONNECTION: Mapping[str, Any] = {
    "connect_timeout": 10,
    "client_encoding": "utf8",
    "application_name": "workflow-python",
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
#: How often to ask the server for its time, in seconds.
_CLOCK_EVERY_S = 5.0
_PAUSE_S = 0.05
_IDLE = psycopg.pq.TransactionStatus.IDLE
_BEGIN = b"BEGIN"
#: Begins a transaction whose commit does not wait for the server's disk.
_BEGIN_FAST = b"BEGIN; SET LOCAL synchronous_commit TO off"


def connect(url: str) -> Connection:
    """Open a connection to a database, and create the tables if there are none.

    Raises:
        SetupError: the tables belong to another program or a newer release.
        psycopg.Error: the server refused.
    """
    connection: Connection = psycopg.connect(url, autocommit=True, **_CONNECTION)
    try:
        prepare_database(connection)
    except BaseException:
        connection.close()
        raise
    return connection


class PostgresSession:
    """One transaction of a connection.

    Args:
        connection: In a transaction, or used for a single query.
        ahead_ms: How far the server's clock is ahead of the clock of this machine.
    """

    def __init__(self, connection: Connection, ahead_ms: int) -> None:
        self._connection = connection
        self._ahead_ms = ahead_ms

    def all(self, sql: str, parameters: Parameters = (), *, takes: bool = False) -> list[Row]:
        """Return all rows."""
        text = _spell(sql, " FOR UPDATE SKIP LOCKED" if takes else "")
        return list(self._connection.execute(text, parameters, binary=True).fetchall())

    def one(self, sql: str, parameters: Parameters = (), *, holds: bool = False) -> Row | None:
        """Return the first row, if there is any."""
        text = _spell(sql, " FOR UPDATE" if holds else "")
        return self._connection.execute(text, parameters, binary=True).fetchone()

    def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a change, and return the number of affected rows."""
        return self._connection.execute(_spell(sql, ""), parameters).rowcount

    def run_many(self, sql: str, rows: Iterable[Parameters]) -> None:
        """Run a change once for each row."""
        given = list(rows)
        if given:
            self._connection.cursor().executemany(_spell(sql, ""), given)

    def now_ms(self) -> int:
        """Return the server's time, because the clocks of the machines that share it may differ."""
        return time.time_ns() // 1_000_000 + self._ahead_ms


@cache
def _spell(sql: str, more: str) -> bytes:
    return (sql.replace("?", "%s") + more).encode()


class PostgresStore:
    """A database. A caller waits until the server is reachable.

    Args:
        url: `postgresql://…`, with the credentials.
        connections: The largest number of connections of one process.

    Raises:
        SetupError: the tables belong to another program or a newer release.
    """

    #: The server may lose power or be killed while this process continues with its answers.
    shares_fate = False

    def __init__(self, url: str, connections: int = CONNECTIONS) -> None:
        self.age = 0
        self._ages = itertools.count(1)
        self._url = url
        self._connections = connections
        self._crew = Crew(self._make_lanes)
        self._look()

    def write(self, act: Callable[[Session], T], *, lasting: bool = True) -> Future[T]:
        """Write in one transaction, which happens completely or not at all."""
        return self._crew.submit(_LANE, _Change(act), lasting=lasting)

    def read(self, act: Callable[[Session], T]) -> Future[T]:
        """Read. The data that is read only grows, so no snapshot is needed."""
        return self._crew.submit(_LANE, act)

    def close(self) -> None:
        """Close all connections, after finishing jobs that do not take too long."""
        self._crew.close()

    def _look(self) -> None:
        try:
            connect(self._url).close()
        except psycopg.Error as error:
            _log.warning("%s", explain(error, self._url))

    def _note_connection(self) -> None:
        # A failover may have led to a server without the last commits.
        self.age = next(self._ages)

    def _make_lanes(self) -> list[Lane]:
        return [Lane("workflow-postgres", self._connections, self._work)]

    def _work(self, take: Take) -> None:
        with closing(_Line(self._url, self._note_connection)) as line:
            while (job := take(True)) is not None:
                line.attempt(job)


class _Change:
    """Marks a job that needs a transaction."""

    def __init__(self, act: Callable[[Session], Any]) -> None:
        self.act = act

    def __call__(self, session: Session) -> Any:
        return self.act(session)


class _Line:
    """The connection of a thread: opened on first use, and again after it was lost.

    Args:
        url: The URL of the database.
        note: Called after each connection.
    """

    def __init__(self, url: str, note: Callable[[], None]) -> None:
        self._url = url
        self._note = note
        self._connection: Connection | None = None
        self._ahead_ms = 0
        self._asked = 0.0

    def attempt(self, job: Job[Any]) -> None:
        """Do a job; repeat its transaction if it ended before the commit."""
        for left in reversed(range(TRIES)):
            try:
                job.answer(self._do(job.act, _BEGIN if job.lasting else _BEGIN_FAST))
            except psycopg.Error as error:
                if self._may_try_again(error) and left:
                    time.sleep(_PAUSE_S * (TRIES - left - 1))
                    continue
                self._leave_nothing_open()
                job.fail(explain(error, self._url))
            except Exception as error:  # noqa: BLE001 - the caller is told
                self._leave_nothing_open()
                job.fail(error)
            return

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _leave_nothing_open(self) -> None:
        """Close a connection that is still in a transaction, so that the next job can start."""
        connection = self._connection
        if connection is not None and connection.info.transaction_status is not _IDLE:
            self.close()

    def _may_try_again(self, error: psycopg.Error) -> bool:
        if self._connection is not None and lost(error, self._connection):
            self.close()
            return True
        return self._connection is not None and clashed(error)

    def _do(self, act: Callable[[Session], Any], begin: bytes) -> Any:
        connection = self._open()
        session = PostgresSession(connection, self._ahead_ms)
        if not isinstance(act, _Change):
            return act(session)
        connection.execute(begin)
        try:
            value = act(session)
        except BaseException:
            if not connection.closed:
                connection.execute("ROLLBACK")
            raise
        self._commit(connection)
        return value

    def _commit(self, connection: Connection) -> None:
        try:
            connection.execute("COMMIT")
        except psycopg.Error as error:
            if not lost(error, connection):
                raise
            self.close()
            # Whether the commit happened is unknown, so do not repeat the transaction.
            raise explain(error, self._url, committed=None) from error

    def _open(self) -> Connection:
        if self._connection is None:
            self._connection = connect(self._url)
            self._note()
            self._asked = 0.0
        self._ask_for_time(self._connection)
        return self._connection

    def _ask_for_time(self, connection: Connection) -> None:
        if self._asked and time.monotonic() - self._asked < _CLOCK_EVERY_S:
            return
        before = time.time_ns()
        row = connection.execute(
            "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        ).fetchone()
        between = (before + time.time_ns()) // 2_000_000
        self._ahead_ms = (row[0] if row else between) - between
        self._asked = time.monotonic()
