"""The logical databases of one Valkey server: only empty ones are taken, and emptied again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, TypeVar

from valkey import Valkey
from valkey.exceptions import ValkeyError

from harness.errors import ServiceError
from harness.services.refusals import describe_refusal, read_reason
from harness.services.urls import redact, with_database

#: The one key in a database that the harness has taken: another harness leaves it alone.
MARK = "world-harness:in-use"

_ANSWER_WITHIN_S = 10.0
#: While a server starts it is asked again and again; a stranger on its port may never answer.
_PROBE_WITHIN_S = 2.0

#: Both at once: between a look and a claim, somebody else could write.
_CLAIM = """
if redis.call('DBSIZE') > 0 then return 0 end
redis.call('SET', KEYS[1], '1')
return 1
"""
#: Many services do not let anybody read their configuration; this needs no right but SELECT.
_COUNT = """
local number = 0
while not redis.pcall('SELECT', number).err do number = number + 1 end
return number
"""
#: Copies of the server, which keep a connection as clients do.
_REPLICATION = frozenset("SM")

#: A `Valkey`, whose types promise what may be of its asynchronous twin.
Client: TypeAlias = Any
Answer = TypeVar("Answer")


class ValkeyDatabases:
    """The numbered databases of a server.

    Keys are apart; channels, functions and scripts belong to the server, and all databases share
    them. What is freed is taken again as late as possible, in case somebody still writes to it.
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
            cause=f"each of its {self._count} logical databases holds something",
            remedy="raise its number of `databases`, or use the embedded server",
        )

    def remove(self, url: str) -> None:
        """End what is connected to a database, and empty it."""
        self.cut(url)
        ask(url, lambda client: client.flushdb())

    def cut(self, url: str) -> int:
        """End what has selected a database; return how many connections that were."""
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
        """Begin after the last one. 0 comes last of all: it is where everybody is by default."""
        yield from range(self._last + 1, self._count)
        yield from range(1, min(self._last + 1, self._count))
        yield 0


def ask(
    url: str, question: Callable[[Client], Answer], *, within_s: float = _ANSWER_WITHIN_S
) -> Answer:
    """Connect to a server, and return its answer to a question.

    Args:
        url: Its login and its number of a logical database, if it has any, are used.
        question: Gets a client with one connection.
        within_s: How long the server may take for each command.

    Raises:
        ServiceError: the server cannot be reached, or refuses; without the password.
    """
    what = "cannot be reached"
    try:
        with contextlib.closing(_connect(url, within_s)) as client:
            what = "refuses what the harness asks of it"
            return question(client)
    # What is not in the protocol may also fail as a number that cannot be read.
    except (ValkeyError, OSError, ValueError) as error:
        reason = read_reason(error, url)
    raise describe_refusal("Valkey", url, what, reason, _REMEDIES)


def probe(url: str) -> None:
    """Ask a server for a sign of life."""
    ask(url, lambda client: client.ping(), within_s=_PROBE_WITHIN_S)


def _connect(url: str, within_s: float) -> Valkey:
    # The parameters of a URL are meant for the World's own client, which may know others.
    server = url.partition("?")[0]
    tls = {"ssl_check_hostname": True} if server.startswith("rediss:") else {}
    client = Valkey.from_url(
        server,
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=within_s,
        # Nothing is said on a connection but what is asked.
        lib_name=None,
        lib_version=None,
        **tls,
    )
    # One connection for all questions. It is not taken from the pool, which drops
    # what a server says unasked: why it refuses us.
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
    "without any password": "take the password out of the URL: the server has none",
    "Authentication required": "put user and password into the URL",
    "no permissions": "let the user run INFO, CLIENT, EVAL, SELECT, SET, DBSIZE and FLUSHDB",
    "DENIED": "the server lets in nobody from elsewhere: give it a password",
    "read only": "give the URL of the primary server, not of a replica",
    "maxmemory": "the server's memory is full: raise its maxmemory",
    "out of range": "raise the server's number of `databases`",
    "Timeout": "correct host and port in the URL; a firewall may stand in between",
    "CERTIFICATE": "let this machine trust the server's certificate",
}
