"""The databases of one MongoDB server: made by the first write, and always dropped."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from harness.errors import ServiceError
from harness.services.refusals import describe_refusal, read_reason
from harness.services.urls import redact, with_database

if TYPE_CHECKING:
    import pymongo

    Client = pymongo.MongoClient[Mapping[str, Any]]

#: Every database that the harness makes is called so, and a random number.
NAME_PREFIX = "world_harness_"

_ANSWER_WITHIN_S = 10.0
#: While a server starts it is asked again and again; a stranger on its port may never answer.
_PROBE_WITHIN_S = 2.0
#: Where users are when the URL does not say so.
_LOGIN_DATABASE = "admin"

Answer = TypeVar("Answer")


class MongodbDatabases:
    """The databases of a server."""

    def __init__(self, url: str, kind: str) -> None:
        self._server = _keep_login(url)
        self._kind = kind
        self._version = ask(self._server, lambda client: str(client.server_info()["version"]))

    @property
    def server_url(self) -> str:
        """The URL of the server itself."""
        return self._server

    def describe(self) -> str:
        """Return the server's name, version and kind."""
        return f"MongoDB {self._version} ({self._kind})"

    def make(self) -> str:
        """Invent a database: the server makes it when somebody writes to it."""
        return with_database(self._server, NAME_PREFIX + secrets.token_hex(8))

    def remove(self, url: str) -> None:
        """Drop a database; who is connected stays so, but finds nothing."""
        name = urlsplit(url).path.strip("/")
        ask(self._server, lambda client: client.drop_database(name))

    def cut(self, url: str) -> int:
        """Say that a server of this kind cannot do it.

        Raises:
            ServiceError: always.
        """
        raise ServiceError(
            f"the connections to {redact(url)} cannot be cut",
            cause="MongoDB ends sessions and operations, but not the connections of clients",
            remedy="leave out what needs this on MongoDB, or restart the server by hand",
        )


def ask(
    url: str, question: Callable[[Client], Answer], *, within_s: float = _ANSWER_WITHIN_S
) -> Answer:
    """Connect, and return what the server answers.

    Raises:
        ServiceError: the server cannot be reached, or refuses; without the password.
    """
    # Not above: the driver is an extra, and every service is looked through to find one.
    import pymongo.errors

    try:
        with contextlib.closing(_connect(url, within_s)) as client:
            return question(client)
    except (pymongo.errors.PyMongoError, OSError) as error:
        reason = read_reason(error, url)
    raise describe_refusal("MongoDB", url, "cannot be used", reason, _REMEDIES)


def probe(url: str) -> None:
    """Ask a server for a sign of life."""
    ask(url, lambda client: client.admin.command("ping"), within_s=_PROBE_WITHIN_S)


def _connect(url: str, within_s: float) -> Client:
    import pymongo

    limit_ms = int(within_s * 1000)
    return pymongo.MongoClient(
        url, serverSelectionTimeoutMS=limit_ms, connectTimeoutMS=limit_ms, socketTimeoutMS=limit_ms
    )


def _keep_login(url: str) -> str:
    """Say in the URL where the user is: without it, that is the database which the URL names."""
    parts = urlsplit(url)
    if "@" not in parts.netloc or "authsource=" in parts.query.lower():
        return url
    head, mark, query = url.partition("?")
    head = head if parts.path else f"{head}/"
    source = parts.path.strip("/") or _LOGIN_DATABASE
    return f"{head}?authSource={source}{'&' if mark else ''}{query}"


_REMEDIES = {
    "Authentication failed": "correct user, password and authSource in the URL",
    "requires authentication": "put user and password into the URL",
    "not authorized": "give the user the roles readWriteAnyDatabase and dbAdminAnyDatabase",
}
