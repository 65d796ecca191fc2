"""The databases of one MariaDB server: created empty, and always dropped."""

from __future__ import annotations

import contextlib
import secrets
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from harness.errors import ServiceError
from harness.services.readiness import await_answer
from harness.services.refusals import describe_refusal, read_reason
from harness.services.urls import redact, with_database

#: Prefix of every database that the harness makes; a random number follows.
NAME_PREFIX = "world_harness_"

_PORT = 3306
_CONNECT_WITHIN_S = 10.0
_ANSWER_WITHIN_S = 60.0
#: Limit of one check while a server starts. Another program on its port may never answer.
_PROBE_WITHIN_S = 2.0
#: How long a connection may take to close after it is asked to.
_ENDS_WITHIN_S = 10.0

#: URL parameters about TLS, and their values that turn it off.
_TLS_NAMES = ("ssl", "ssl-mode", "sslmode", "tls")
_TLS_OFF = {"false", "0", "off", "no", "disabled", "disable"}

#: The server's error code for a connection that no longer exists.
_NO_SUCH_THREAD = "(1094,"


class MariadbDatabases:
    """The databases of a server."""

    def __init__(self, url: str, kind: str) -> None:
        self._server = url
        self._kind = kind
        self._version = str(query(url, "SELECT VERSION()")[0][0])

    @property
    def server_url(self) -> str:
        """The URL of the server itself."""
        return self._server

    def describe(self) -> str:
        """Return the server's name, version and kind."""
        name = "MariaDB" if "mariadb" in self._version.lower() else "MySQL"
        return f"{name} {self._version.partition('-')[0]} ({self._kind})"

    def make(self) -> str:
        """Make a new database that can store every Unicode character."""
        name = NAME_PREFIX + secrets.token_hex(8)
        query(self._server, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return with_database(self._server, name)

    def remove(self, url: str) -> None:
        """Close all connections to a database, as they may hold locks, and drop it."""
        self.cut(url)
        query(self._server, f"DROP DATABASE IF EXISTS `{_read_name(url)}`")

    def cut(self, url: str) -> int:
        """Close all connections to a database; return their number."""
        name = _read_name(url)
        ended = {thread for thread in self._list_threads(name) if self._kill(thread)}
        # The server only sets a flag, which the connection's thread checks now and then.
        if not await_answer(lambda: not ended & self._list_threads(name), within_s=_ENDS_WITHIN_S):
            raise ServiceError(
                f"connections to {redact(url)} stay open",
                cause="the server was asked to kill them, and still lists them",
                remedy="look at them with SHOW PROCESSLIST, or restart the server",
            )
        return len(ended)

    def _list_threads(self, name: str) -> set[int]:
        return {thread for thread, _, _, database, *_ in self._processes() if database == name}

    def _processes(self) -> list[tuple[Any, ...]]:
        return query(self._server, "SHOW PROCESSLIST")

    def _kill(self, thread: int) -> bool:
        try:
            query(self._server, f"KILL {thread}")
        except ServiceError as error:
            if _NO_SUCH_THREAD in error.cause:
                return False
            raise
        return True


def query(
    url: str,
    statement: str,
    values: Sequence[object] = (),
    *,
    connect_within_s: float = _CONNECT_WITHIN_S,
) -> list[tuple[Any, ...]]:
    """Connect, run one statement, and return its rows.

    Raises:
        ServiceError: the server refuses the login or the statement. Hides the password.
    """
    # Imported late: the driver is an extra, and the list of services imports this module.
    import pymysql  # type: ignore[import-untyped, unused-ignore]

    what = "cannot be reached"
    try:
        with contextlib.closing(_connect(url, connect_within_s)) as connection:
            what = "rejected a request of the harness"
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return list(cursor.fetchall())
    # The driver raises RuntimeError if the login needs a package that is not installed.
    except (pymysql.Error, OSError, RuntimeError) as error:
        reason = read_reason(error, url)
    raise describe_refusal("MariaDB", url, what, reason, _REMEDIES)


def probe(url: str) -> None:
    """Check that a server answers."""
    query(url, "SELECT 1", connect_within_s=_PROBE_WITHIN_S)


def _connect(url: str, within_s: float) -> Any:
    import pymysql

    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or _PORT,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.strip("/")) or None,
        charset="utf8mb4",
        autocommit=True,
        connect_timeout=within_s,
        read_timeout=_ANSWER_WITHIN_S,
        write_timeout=_ANSWER_WITHIN_S,
        ssl=_choose_tls(parts.query),
    )


def _choose_tls(parameters: str) -> ssl.SSLContext | None:
    given = {name.lower(): value[-1].lower() for name, value in parse_qs(parameters).items()}
    wanted = [given[name] not in _TLS_OFF for name in _TLS_NAMES if name in given]
    return ssl.create_default_context() if any(wanted) else None


def _read_name(url: str) -> str:
    return urlsplit(url).path.strip("/")


_REMEDIES = {
    "(1045,": "correct user and password in the URL; special characters must be percent-encoded",
    "(1044,": r"run GRANT ALL ON `world\_harness\_%`.* TO the user of the URL",
    "(1049,": "name an existing database in the URL, or none",
    "(1040,": "close other connections to the server, or raise its max_connections",
    "(1290,": "give the URL of the primary server, not of a replica",
    "cryptography": "run `pip install 'pymysql[rsa]'`: this user's login method needs it",
    "secure transport": "add ?ssl=true to the URL: the server accepts only TLS connections",
}
