"""The logical databases of one Valkey server: only empty ones are taken, and emptied again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.errors import ServiceError
from harness.services.urls import redact, with_database
from harness.services.valkey.exchange import ask

#: The one key in a database that the harness has taken: another harness leaves it alone.
MARK = "world-harness:in-use"

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


class ValkeyDatabases:
    """The numbered databases of a server.

    Keys are apart; channels, functions and scripts belong to the server, and all databases share
    them. What is freed is taken again as late as possible, in case somebody still writes to it.
    """

    def __init__(self, url: str, kind: str) -> None:
        self._server = with_database(url, "")
        self._kind = kind
        self._name = _read_name(self._server)
        (count,) = ask(self._server, ["EVAL", _COUNT, 0])
        self._count = int(str(count))
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
            if ask(url, ["EVAL", _CLAIM, 1, MARK]) == [1]:
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
        ask(url, ["FLUSHDB"])

    def cut(self, url: str) -> int:
        """End what has selected a database; return how many connections that were."""
        number = url.partition("?")[0].rpartition("/")[2]
        own, clients = ask(self._server, ["CLIENT", "ID"], ["CLIENT", "LIST"])
        listed = [dict(re.findall(r"([\w-]+)=(\S*)", line)) for line in str(clients).splitlines()]
        wanted = [
            client["id"]
            for client in listed
            if client["db"] == number
            and client["id"] != str(own)
            and not _REPLICATION & set(client["flags"])
        ]
        ended = ask(self._server, *(["CLIENT", "KILL", "ID", client] for client in wanted))
        return sum(reply == 1 for reply in ended)

    def _numbers(self) -> Iterator[int]:
        """Begin after the last one. 0 comes last of all: it is where everybody is by default."""
        yield from range(self._last + 1, self._count)
        yield from range(1, min(self._last + 1, self._count))
        yield 0


def _read_name(url: str) -> str:
    (about,) = ask(url, ["INFO", "server"])
    facts = dict(line.partition(":")[::2] for line in str(about).splitlines())
    if "valkey_version" in facts:
        return f"Valkey {facts['valkey_version']}"
    return f"Redis {facts.get('redis_version', 'of an unknown version')}"
