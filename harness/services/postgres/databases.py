"""The databases of one PostgreSQL server: created empty or as copies, and always dropped."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from harness.errors import ServiceError
from harness.programs.interruption import hold_signals
from harness.services.readiness import await_answer
from harness.services.refusals import describe_refusal, read_reason
from harness.services.starting import refuse_crash
from harness.services.tidying import afterwards, note_failure
from harness.services.urls import redact, with_database

#: Prefix of every database that the harness makes; a random number follows.
NAME_PREFIX = "world_harness_"
#: Contains only PostgreSQL's own objects, and accepts no connections.
_EMPTY = "template0"

_CONNECT_WITHIN_S = 10
#: How long a connection may take to close after it is asked to.
_ENDS_WITHIN_S = 10.0
#: Limit of one check while a server starts. Another program on its port may never answer.
_PROBE_WITHIN_S = 2

_CUT = """
    SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = %s AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""
_COUNT = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s) AND datname = %s"


class PostgresService:
    """A running PostgreSQL server. Its methods can be called from several threads."""

    def __init__(self, url: str, kind: str, *, crash: Callable[[], None] | None = None) -> None:
        self._url = url
        self._crash = crash
        self._kind = kind
        self._version = str(query(url, "SHOW server_version")[0][0]).split()[0]
        self._templates: dict[str, str] = {}
        self._preparing = threading.Lock()
        self._existing: set[str] = set()

    def __repr__(self) -> str:
        return f"<{self.describe()}>"

    @property
    def url(self) -> str:
        """The server's own URL, with its password."""
        return self._url

    def describe(self) -> str:
        """Return its name, version and kind."""
        return f"PostgreSQL {self._version} ({self._kind})"

    @contextlib.contextmanager
    def create_database(self, *, template: str | None = None) -> Iterator[str]:
        """Make a new database, empty or a copy of a template; the block gets its URL."""
        source = _EMPTY if template is None else self._templates[template]
        name = _invent_name()
        with afterwards(lambda: self._drop(name)):
            yield self._create(name, source)

    def template(self, key: str, prepare: Callable[[str], None]) -> None:
        """Prepare the database that `create_database(template=key)` copies, once per key."""
        with self._preparing:
            if key in self._templates:
                return
            name = _invent_name()
            try:
                prepare(self._create(name, _EMPTY))
                self._disconnect(name)
            except BaseException as error:
                note_failure(error, lambda: self._drop(name))
                raise
            self._templates[key] = name

    def cut_connections(self, url: str) -> int:
        """Close every client's connection to a database; return their number."""
        name = url.partition("?")[0].rpartition("/")[2]
        if name not in self._existing:
            raise ServiceError(
                f"cannot cut the connections to {redact(url)}",
                cause="the harness did not make that database, or has already dropped it",
                remedy="pass a URL exactly as `create_database` gave it",
            )
        cut = query(self._url, _CUT, (name,))
        # The server only sends a signal. The connections are closed once their processes end.
        pids = [pid for pid, signaled in cut if signaled]
        if not await_answer(
            lambda: query(self._url, _COUNT, (pids, name)) == [(0,)], within_s=_ENDS_WITHIN_S
        ):
            raise ServiceError(
                f"connections to {redact(url)} stay open",
                cause="the server was asked to close them, and still lists them",
                remedy="look at them in pg_stat_activity, or restart the server",
            )
        return len(pids)

    @property
    def can_crash(self) -> bool:
        """Whether the harness started the server."""
        return self._crash is not None

    def crash(self) -> None:
        """Crash the server, and start it again on its data."""
        if self._crash is None:
            raise refuse_crash(self.describe())
        self._crash()

    @contextlib.contextmanager
    def leaving_nothing(self) -> Iterator[None]:
        """At the end of the block, drop every remaining database made here, and the templates."""

        def drop_all() -> None:
            with hold_signals():
                self._drop_all()

        with afterwards(drop_all):
            yield

    def _create(self, name: str, source: str) -> str:
        # Remember the name first: an interrupt may come just after the server made the database.
        self._existing.add(name)
        self._run("CREATE DATABASE {} TEMPLATE {}", name, source)
        return with_database(self._url, name)

    def _drop(self, name: str) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        self._existing.discard(name)

    def _drop_all(self) -> None:
        failures = []
        for name in sorted(self._existing):
            try:
                self._drop(name)
            except ServiceError as failure:
                failures.append(failure.cause)
        if failures:
            raise ServiceError(
                f"some databases could not be dropped from the server at {redact(self._url)}",
                cause=failures[-1],
                remedy="\n    ".join(f'DROP DATABASE "{name}";' for name in sorted(self._existing)),
            )

    def _disconnect(self, name: str) -> None:
        """Refuse new connections to the database: PostgreSQL cannot copy one that is in use."""
        self._run("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", name)
        query(
            self._url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (name,),
        )

    def _run(self, statement: str, *names: str) -> None:
        query(self._url, sql.SQL(statement).format(*map(sql.Identifier, names)))


def query(
    url: str,
    statement: str | sql.Composed,
    values: Sequence[object] = (),
    *,
    connect_within_s: int = _CONNECT_WITHIN_S,
) -> list[tuple[Any, ...]]:
    """Connect, run one statement outside a transaction, and return its rows.

    Raises:
        ServiceError: the server refuses the login or the statement. Hides the password.
    """
    what = "cannot be reached"
    try:
        with psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=connect_within_s,
            application_name="world-harness",
            # If a server's databases have no encoding, the driver returns text as bytes.
            client_encoding="utf8",
        ) as connection:
            what = "rejected a request of the harness"
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        reason = read_reason(error, url)
    raise describe_refusal("PostgreSQL", url, what, reason, _REMEDIES)


def probe(url: str) -> None:
    """Check that a server answers."""
    query(url, "SELECT 1", connect_within_s=_PROBE_WITHIN_S)


_REMEDIES = {
    "resolve host": "correct the host in the URL",
    "password": "correct user and password in the URL; special characters must be percent-encoded",
    "no pg_hba.conf entry": "allow this user and host in the server's pg_hba.conf",
    "too many": "close other connections to the server, or raise its max_connections",
    "timeout": "correct host and port in the URL; a firewall may block the connection",
    "does not exist": "correct database and user in the URL: both must exist",
    "read-only": "give the URL of the primary server, not of a standby",
    "permission denied": "give the URL of a role that has CREATEDB",
}


def _invent_name() -> str:
    return NAME_PREFIX + secrets.token_hex(8)
