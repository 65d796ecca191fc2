"""The logical databases of one Valkey server: takes only empty ones, and empties them again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, TypeVar

from valkey import Valkey
from valkey.exceptions import ValkeyError

from harness.errors import ServiceError
from harness.services.refusals import describe_refusal, read_reason
from harness.services.urls import redact, with_database

#: The key that marks a database as taken, so that another harness does not use it.
MARK = "world-harness:in-use"

_ANSWER_WITHIN_S = 10.0
#: Limit of one check while a server starts. Another program on its port may never answer.
_PROBE_WITHIN_S = 2.0

#: Atomic: another client could write between the check and the claim.
_CLAIM = """
if redis.call('DBSIZE') > 0 then return 0 end
redis.call('SET', KEYS[1], '1')
return 1
"""
#: Many hosted servers do not allow CONFIG; this needs only SELECT.
_COUNT = """
local number = 0
while not redis.pcall('SELECT', number).err do number = number + 1 end
return number
"""
#: Replicas of the server, which stay connected like clients.
_REPLICATION = frozenset("SM")

#: A `Valkey`. Its type hints also cover the asynchronous client, hence `Any`.
Client: TypeAlias = Any
Answer = TypeVar("Answer")


class ValkeyDatabases:
    """The numbered databases of a server.

    Each database has its own keys; all share the server's channels, functions and scripts. A freed
    database is reused as late as possible, in case a client still writes to it.
    """

    def __init__(self, url: str, kind: str) -> None:
        self._server = with_database(url, "")
        self._kind = kind
        self._name = _name_server(ask(self._server, lambda client: client.info("server")))
        self._count = int(ask(self._server, lambda client: client.eval(_COUNT, 0)))
        self._last = 0

    @property
    def server_url(self) -> str:
        """The URL of the server itself."""
        return self._server

    def describe(self) -> str:
        """Return the server's name, version and kind."""
        return f"{self._name} ({self._kind})"

    def make(self) -> str:
        """Take the next database that is empty."""
        for number in self._numbers():
            url = with_database(self._server, str(number))
            if ask(url, lambda client: client.eval(_CLAIM, 1, MARK)):
                self._last = number
                return url
        raise ServiceError(
            f"the Valkey server at {redact(self._server)} has no empty database",
            cause=f"each of its {self._count} logical databases contains keys",
            remedy="raise its number of `databases`, or use the embedded server",
        )

    def remove(self, url: str) -> None:
        """Close all connections to a database, and empty it."""
        self.cut(url)
        ask(url, lambda client: client.flushdb())

    def cut(self, url: str) -> int:
        """Close every connection that has selected a database; return their number."""
        number = url.partition("?")[0].rpartition("/")[2]

        def end_clients(client: Client) -> int:
            own = str(client.client_id())
            ids = [
                other["id"]
                for other in client.client_list()
                if other["db"] == number
                and other["id"] != own
                and not _REPLICATION & set(other["flags"])
            ]
            return sum(int(client.client_kill_filter(_id=each)) for each in ids)

        return ask(self._server, end_clients)

    def _numbers(self) -> Iterator[int]:
        """Begin after the last one taken. 0 comes last: it is every client's default."""
        yield from range(self._last + 1, self._count)
        yield from range(1, min(self._last + 1, self._count))
        yield 0


def ask(
    url: str, question: Callable[[Client], Answer], *, within_s: float = _ANSWER_WITHIN_S
) -> Answer:
    """Connect to a server, and return its answer to a question.

    Args:
        url: Its login and its database number apply, if it has them.
        question: Gets a client with one connection.
        within_s: How long the server may take for each command.

    Raises:
        ServiceError: the server cannot be reached, or refuses. Hides the password.
    """
    what = "cannot be reached"
    try:
        with contextlib.closing(_connect(url, within_s)) as client:
            what = "rejected a request of the harness"
            return question(client)
    # A server of another protocol can also cause a ValueError, from a number in its reply.
    except (ValkeyError, OSError, ValueError) as error:
        reason = read_reason(error, url)
    raise describe_refusal("Valkey", url, what, reason, _REMEDIES)


def probe(url: str) -> None:
    """Check that a server answers."""
    ask(url, lambda client: client.ping(), within_s=_PROBE_WITHIN_S)


def _connect(url: str, within_s: float) -> Valkey:
    # The URL's parameters are for the World's own client, which may know other ones.
    server = url.partition("?")[0]
    tls = {"ssl_check_hostname": True} if server.startswith("rediss:") else {}
    client = Valkey.from_url(
        server,
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=within_s,
        # Send nothing on the connection except the question.
        lib_name=None,
        lib_version=None,
        **tls,
    )
    # One connection for all questions, not from the pool: the pool drops unsolicited
    # messages, in which a server says why it refuses the client.
    client.connection = client.connection_pool.make_connection()
    client.connection.connect()
    return client


def _name_server(facts: Any) -> str:
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts.get('redis_version', 'of an unknown version')}"


_REMEDIES = {
    "invalid username-password": (
        "correct user and password in the URL; special characters must be percent-encoded"
    ),
    "without any password": "remove the password from the URL: the server has none",
    "Authentication required": "add user and password to the URL",
    "no permissions": "let the user run INFO, CLIENT, EVAL, SELECT, SET, DBSIZE and FLUSHDB",
    "DENIED": "the server accepts only local clients: set a password on it",
    "read only": "give the URL of the primary server, not of a replica",
    "maxmemory": "the server's memory is full: raise its maxmemory",
    "out of range": "raise the server's number of `databases`",
    "Timeout": "correct host and port in the URL; a firewall may block the connection",
    "CERTIFICATE": "let this machine trust the server's certificate",
}
