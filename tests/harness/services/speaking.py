"""Clients of each service, as simple as they can be: they keep words in a database."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

import psycopg
import pymysql  # type: ignore[import-untyped, unused-ignore]
from valkey import Valkey
from valkey.exceptions import ValkeyError

from harness.services.mariadb import databases as mariadb
from harness.services.postgres.databases import query as ask_postgres
from harness.services.valkey.databases import MARK
from harness.services.valkey.databases import ask as ask_valkey


class Line(Protocol):
    """A connection that is kept open."""

    def is_alive(self) -> bool:
        """Whether the server still answers on it."""


class Speaker(Protocol):
    """A client."""

    def write(self, url: str, word: str) -> None:
        """Keep a word in a database."""

    def read(self, url: str) -> set[str]:
        """The words in a database."""

    def connect(self, url: str) -> contextlib.AbstractContextManager[Line]:
        """A connection to a database."""


class _SqlLine:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def is_alive(self) -> bool:
        try:
            self._connection.cursor().execute("SELECT 1")
        except (psycopg.Error, pymysql.Error):
            return False
        return True


class _Sql:
    """A row in a table."""

    def write(self, url: str, word: str) -> None:
        self._ask(url, "CREATE TABLE IF NOT EXISTS words (word VARCHAR(40))")
        self._ask(url, "INSERT INTO words VALUES (%s)", [word])

    def read(self, url: str) -> set[str]:
        if not self._ask(
            url, "SELECT 1 FROM information_schema.tables WHERE table_name = 'words'" + self._here
        ):
            return set()
        return {str(word) for (word,) in self._ask(url, "SELECT word FROM words")}

    _here = ""

    def _ask(self, url: str, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        raise NotImplementedError


class PostgresSpeaker(_Sql):
    def _ask(self, url: str, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        return ask_postgres(url, statement, values)

    @contextlib.contextmanager
    def connect(self, url: str) -> Iterator[Line]:
        connection = psycopg.connect(url)
        yield _SqlLine(connection)
        connection.close()


class MariadbSpeaker(_Sql):
    _here = " AND table_schema = DATABASE()"

    def _ask(self, url: str, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        return mariadb.query(url, statement, values)

    @contextlib.contextmanager
    def connect(self, url: str) -> Iterator[Line]:
        parts = urlsplit(url)
        connection = pymysql.connect(
            host=parts.hostname,
            port=parts.port,
            user=parts.username,
            password=parts.password,
            database=parts.path[1:],
        )
        yield _SqlLine(connection)
        if connection.open:
            connection.close()


class _ValkeyLine:
    def __init__(self, client: Valkey) -> None:
        self._client = client

    def is_alive(self) -> bool:
        try:
            return bool(self._client.ping())
        except ValkeyError:
            return False


class ValkeySpeaker:
    """A key."""

    def write(self, url: str, word: str) -> None:
        ask_valkey(url, lambda client: client.set(word, ""))

    def read(self, url: str) -> set[str]:
        return set(ask_valkey(url, lambda client: client.keys())) - {MARK}

    @contextlib.contextmanager
    def connect(self, url: str) -> Iterator[Line]:
        with Valkey.from_url(url, single_connection_client=True, socket_timeout=30) as client:
            yield _ValkeyLine(client)


SPEAKERS: dict[str, Speaker] = {
    "postgres": PostgresSpeaker(),
    "mariadb": MariadbSpeaker(),
    "valkey": ValkeySpeaker(),
}
