"""Mutants of connections: they read through a server that they can be cut off from."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from urllib.parse import unquote, urlsplit

from worlds.mutants import mutant
from worlds.reference import ReferenceWorld


@mutant(
    "STREAM-NO-FALSE-END",
    "and then the end",
    env={"REFERENCE_SERVER": "{valkey}"},
    services=("valkey",),
)
class TakesACutForTheEnd(ReferenceWorld):
    """A reader whose connection to the server is cut off says that the stream has ended."""

    async def follow(self, run_id: object, name: object, index: int) -> AsyncIterator[bytes]:
        """Read until the stream ends, or the connection does."""
        connection, writer = await _connect(os.environ["REFERENCE_SERVER"])
        lost = asyncio.ensure_future(connection.read())
        chunks = super().follow(run_id, name, index)
        # The connection lives as long as somebody knows its writer.
        while not writer.is_closing():
            coming = asyncio.ensure_future(anext(chunks))
            await asyncio.wait({coming, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done():
                coming.cancel()
                return
            try:
                yield coming.result()
            except StopAsyncIteration:
                return


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Log in to a Valkey server and choose the database that the URL names."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    user = unquote(parts.username or "default")
    password = unquote(parts.password or "")
    for words in (["AUTH", user, password], ["SELECT", parts.path.strip("/") or "0"]):
        lines = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        writer.write(f"*{len(words)}\r\n{lines}".encode())
        answer = await reader.readline()
        if answer != b"+OK\r\n":
            raise ConnectionError(f"the server answered {answer!r}")
    return reader, writer
