"""Delivers a message to a server that does not respond, and prints the options of its connections.

With these options the system notices that a peer is gone. There is one connection to the app and
one to the database.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from opening import answer, interface, open_world  # type: ignore[import-not-found]

OPTIONS = {
    "SO_KEEPALIVE": socket.SOL_SOCKET,
    "TCP_KEEPIDLE": socket.IPPROTO_TCP,
    "TCP_KEEPINTVL": socket.IPPROTO_TCP,
    "TCP_KEEPCNT": socket.IPPROTO_TCP,
    "TCP_USER_TIMEOUT": socket.IPPROTO_TCP,
}


def find_connections(own: int) -> Iterator[socket.socket]:
    """Yield copies of the process's TCP connections, except those accepted by its own server."""
    for link in Path("/proc/self/fd").iterdir():
        try:
            is_socket = str(link.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue
        if not is_socket:
            continue
        copy = socket.socket(fileno=os.dup(int(link.name)))
        if copy.family == socket.AF_INET and copy.getsockname()[1] != own and is_connected(copy):
            yield copy


def is_connected(connection: socket.socket) -> bool:
    try:
        connection.getpeername()
    except OSError:
        return False
    return True


async def main() -> None:
    asked = asyncio.Event()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hear, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    os.environ["WORKFLOW_BASE_URL"] = f"http://127.0.0.1:{port}"
    os.environ["WORKFLOW_CLOSE_SECONDS"] = "0"
    world = open_world()
    await world.start()
    await world.queue("__wkf_workflow_w", interface.WorkflowInvokePayload(run_id="run"))
    await asked.wait()
    found: dict[str, dict[str, int]] = {"app": {}, "database": {}}
    for connection in find_connections(port):
        whose = "app" if connection.getpeername()[1] == port else "database"
        found[whose] = {
            name: connection.getsockopt(level, getattr(socket, name))
            for name, level in OPTIONS.items()
        }
        connection.close()
    answer(found)
    await world.aclose()


asyncio.run(main())
