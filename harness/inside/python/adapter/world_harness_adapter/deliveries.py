"""The app that a World delivers to: its queue handlers behind a small HTTP server.

The harness decides how each delivery is settled.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

from .binding import Binding, Handler
from .calls import now
from .wire import encode

_FLOW = "/.well-known/workflow/v1/flow"
_STEP = "/.well-known/workflow/v1/step"


class WantedError(Exception):
    """The harness wants a delivery to fail."""


class Deliveries:
    """Serves a World's queue handlers; `tell` sends a notice to the harness."""

    def __init__(self, world: Binding, tell: Callable[[dict[str, Any]], None]) -> None:
        self._world = world
        self._tell = tell
        self._server: asyncio.Server | None = None
        self._handlers: dict[str, Handler] = {}
        self._open: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._writers: set[asyncio.StreamWriter] = set()
        self._count = 0
        self._to_drop = 0
        self._dropped = 0

    async def serve(self, prefixes: Sequence[str], port: int) -> dict[str, int]:
        """Serve the handlers of these queue name prefixes."""
        self._handlers = {
            _STEP if re.search(r"(^|_)wkf_step_", prefix) else _FLOW: (
                self._world.create_queue_handler(prefix, self._deliver)
            )
            for prefix in prefixes
        }
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", port)
        return {"port": port}

    async def unserve(self) -> None:
        """Stop listening, and close all connections."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    def drop(self, connections: int) -> dict[str, int]:
        """Cut the next connections after their request has arrived."""
        self._to_drop = connections
        return {"dropped": self._dropped}

    def decide(self, decision: dict[str, Any]) -> None:
        """Settle a delivery."""
        waiting = self._open.pop(decision["delivery"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(decision)

    async def _deliver(
        self, message: Any, attempt: Any, queue_name: str, message_id: str
    ) -> float | None:
        self._count += 1
        number = self._count
        decided = self._open[number] = asyncio.get_running_loop().create_future()
        self._tell(
            {
                "notice": "delivery",
                "delivery": number,
                "queueName": str(queue_name),
                "messageId": str(message_id),
                "attempt": encode(attempt),
                "message": encode(message),
                "at": now(),
            }
        )
        try:
            return await _follow(await decided)
        finally:
            self._tell({"notice": "settled", "delivery": number, "at": now()})

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            path, headers = await _read_head(reader)
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            if self._to_drop > 0:
                self._to_drop -= 1
                self._dropped += 1
                self._tell({"notice": "dropped", "at": now()})
                writer.transport.abort()
                return
            status, content = await self._handle(path, headers, body)
            writer.write(
                f"HTTP/1.1 {status} -\r\nContent-Length: {len(content)}\r\n"
                "Content-Type: application/json\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(content)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            # The caller disconnected, or did not send HTTP: no answer is possible.
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _handle(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        handler = self._handlers.get(path.partition("?")[0])
        if handler is None:
            return 404, b""
        try:
            return await handler(headers, body)
        except Exception as error:  # noqa: BLE001 - what a World throws becomes an answer
            return 500, str(error).encode()


async def _follow(decision: dict[str, Any]) -> float | None:
    match decision["action"]:
        case "retry":
            return float(decision["seconds"])
        case "error":
            raise WantedError("the harness wants this delivery to fail")
        case "never":
            await asyncio.get_running_loop().create_future()
    return None


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request, *lines = head.rstrip("\r\n").split("\r\n")
    fields = (line.partition(":") for line in lines)
    return request.split()[1], {name.strip().lower(): value.strip() for name, _, value in fields}
