"""The databases of one MongoDB server: the first write creates them; always dropped."""

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

#: Prefix of every database that the harness makes; a random number follows.
NAME_PREFIX = "world_harness_"

_ANSWER_WITHIN_S = 10.0
#: Limit of one check while a server starts. Another program on its port may never answer.
_PROBE_WITHIN_S = 2.0
#: The database of users if the URL does not name one.
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
        """Choose a new name: the server creates the database at the first write."""
        return with_database(self._server, NAME_PREFIX + secrets.token_hex(8))

    def remove(self, url: str) -> None:
        """Drop a database; its clients stay connected, but find no data."""
        name = urlsplit(url).path.strip("/")
        ask(self._server, lambda client: client.drop_database(name))

    def cut(self, url: str) -> int:
        """Reject the request: MongoDB cannot do it.

        Raises:
            ServiceError: always.
        """
        raise ServiceError(
            f"cannot cut the connections to {redact(url)}",
            cause="MongoDB can end sessions and operations, but not the connections of clients",
            remedy="skip the checks that need this on MongoDB, or restart the server by hand",
        )


def ask(
    url: str, question: Callable[[Client], Answer], *, within_s: float = _ANSWER_WITHIN_S
) -> Answer:
    """Connect, and return what the server answers.

    Raises:
        ServiceError: the server cannot be reached, or refuses. Hides the password.
    """
    # Imported late: the driver is an extra, and the list of services imports this module.
    import pymongo.errors

    try:
        with contextlib.closing(_connect(url, within_s)) as client:
            return question(client)
    except (pymongo.errors.PyMongoError, OSError) as error:
        reason = read_reason(error, url)
    raise describe_refusal("MongoDB", url, "cannot be used", reason, _REMEDIES)


def probe(url: str) -> None:
    """Check that a server answers."""
    ask(url, lambda client: client.admin.command("ping"), within_s=_PROBE_WITHIN_S)


def _connect(url: str, within_s: float) -> Client:
    import pymongo

    limit_ms = int(within_s * 1000)
    return pymongo.MongoClient(
        url, serverSelectionTimeoutMS=limit_ms, connectTimeoutMS=limit_ms, socketTimeoutMS=limit_ms
    )


def _keep_login(url: str) -> str:
    """Add `authSource` to the URL; without it, MongoDB looks for the user in the URL's database."""
    parts = urlsplit(url)
    if "@" not in parts.netloc or "authsource=" in parts.query.lower():
        return url
    head, mark, query = url.partition("?")
    head = head if parts.path else f"{head}/"
    source = parts.path.strip("/") or _LOGIN_DATABASE
    return f"{head}?authSource={source}{'&' if mark else ''}{query}"


_REMEDIES = {
    "Authentication failed": "correct user, password and authSource in the URL",
    "requires authentication": "add user and password to the URL",
    "not authorized": "give the user the roles readWriteAnyDatabase and dbAdminAnyDatabase",
}
