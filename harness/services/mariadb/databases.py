"""The databases of one MariaDB server: made empty, and always dropped."""

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

#: Every database that the harness makes is called so, and a random number.
NAME_PREFIX = "world_harness_"

_PORT = 3306
_CONNECT_WITHIN_S = 10.0
_ANSWER_WITHIN_S = 60.0
#: While a server starts it is asked again and again; a stranger on its port may never answer.
_PROBE_WITHIN_S = 2.0
#: How long a connection that is told to end may take to do so.
_ENDS_WITHIN_S = 10.0

#: What a URL may say of TLS, under any of these names, when there is to be none.
_TLS_NAMES = ("ssl", "ssl-mode", "sslmode", "tls")
_TLS_OFF = {"false", "0", "off", "no", "disabled", "disable"}

#: The server's code for a connection that ended by itself meanwhile.
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
        """Make a new database that keeps every character."""
        name = NAME_PREFIX + secrets.token_hex(8)
        query(self._server, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        return with_database(self._server, name)

    def remove(self, url: str) -> None:
        """End what is connected to a database, which may hold locks in it, and drop it."""
        self.cut(url)
        query(self._server, f"DROP DATABASE IF EXISTS `{_read_name(url)}`")

    def cut(self, url: str) -> int:
        """End what is connected to a database; return how many connections that were."""
        name = _read_name(url)
        ended = {thread for thread in self._list_threads(name) if self._kill(thread)}
        # The server only sets a flag, which the connection's thread sees when it next looks.
        if not await_answer(lambda: not ended & self._list_threads(name), within_s=_ENDS_WITHIN_S):
            raise ServiceError(
                f"connections to {redact(url)} do not end",
                cause="the server was told to kill them, and still lists them",
                remedy="see what they do with SHOW PROCESSLIST, or restart the server",
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
        ServiceError: the server does not let us in, or refuses; without the password.
    """
    # Not above: the driver is an extra, and every service is looked through to find one.
    import pymysql  # type: ignore[import-untyped, unused-ignore]

    what = "cannot be reached"
    try:
        with contextlib.closing(_connect(url, connect_within_s)) as connection:
            what = "refuses what the harness asks of it"
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return list(cursor.fetchall())
    # The driver says by a RuntimeError that a login needs a package which is not installed.
    except (pymysql.Error, OSError, RuntimeError) as error:
        reason = read_reason(error, url)
    raise describe_refusal("MariaDB", url, what, reason, _REMEDIES)


def probe(url: str) -> None:
    """Ask a server for a sign of life."""
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
    "(1044,": r"GRANT ALL ON `world\_harness\_%`.* to the user of the URL",
    "(1049,": "correct the database in the URL: it must exist, or be left out",
    "(1040,": "end other users of the server, or raise its max_connections",
    "(1290,": "give the URL of the primary server, not of a replica",
    "cryptography": "pip install 'pymysql[rsa]', which the user's kind of password needs",
    "secure transport": "add ?ssl=true to the URL: the server accepts only TLS connections",
}
