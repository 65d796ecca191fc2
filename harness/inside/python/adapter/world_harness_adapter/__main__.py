"""One JSON message per line, from the harness on standard input and to it on standard output.

The World's own output goes to standard error.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from .binding import Binding, open_binding
from .calls import now, perform, perform_all, read_stream
from .deliveries import Deliveries
from .wire import encode, encode_error

_READ_BYTES = 1 << 16


class Adapter:
    """Answers the harness's requests until an `exit` request, or until the harness has ended."""

    def __init__(self, output: int) -> None:
        self._output = output
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._waiting: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._world: Binding | None = None
        self._deliveries: Deliveries | None = None
        self._loop.set_exception_handler(self._note_unhandled)
        threading.Thread(target=self._read, daemon=True).start()

    async def run(self) -> None:
        """Serve until the end."""
        await self._over.wait()

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message; messages of the same loop iteration share one write."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(json.dumps(message))

    def _flush(self) -> None:
        lines, self._waiting = self._waiting, []
        # The leading line break ends any output that other code wrote directly to stdout.
        data = memoryview(("\n" + "\n".join(lines) + "\n").encode())
        while data:
            data = data[os.write(self._output, data) :]

    def _read(self) -> None:
        # A line of megabytes arrives in many pieces: to search all of it after each takes seconds.
        begun: list[bytes] = []
        while part := os.read(0, _READ_BYTES):
            first, *others = part.split(b"\n")
            begun.append(first)
            if others:
                lines = [b"".join(begun), *others[:-1]]
                begun = others[-1:]
                self._loop.call_soon_threadsafe(self._take, lines)
        os._exit(0)

    def _take(self, lines: list[bytes]) -> None:
        for line in lines:
            if line.strip():
                task = self._loop.create_task(self._answer(json.loads(line)))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: dict[str, Any]) -> None:
        start = now()
        try:
            reply = await self._operate(request)
        except Exception as error:  # noqa: BLE001 - the harness is told, whatever it is
            reply = {"error": encode_error(error), "start": start, "end": now()}
        self.tell({"id": request["id"], **reply})
        if request["op"] == "exit":
            self._loop.call_soon(self._over.set)

    async def _operate(self, request: dict[str, Any]) -> dict[str, Any]:
        operation = request["op"]
        start = now()
        if operation == "ping":
            return {"ok": None, "start": start, "end": now()}
        if operation == "open":
            return {"ok": self._open(request["world"]), "start": start, "end": now()}
        if operation == "exit":
            if self._deliveries is not None:
                await self._deliveries.unserve()
            return {"ok": None, "start": start, "end": now()}
        if self._world is None or self._deliveries is None:
            raise RuntimeError("no World is open")
        calls: dict[str, Callable[[Binding, dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "call": perform,
            "read": read_stream,
        }
        if operation in calls:
            return await calls[operation](self._world, request)
        if operation == "batch":
            return {
                "results": await perform_all(self._world, request),
                "start": start,
                "end": now(),
            }
        return {"ok": await self._serve(self._deliveries, request), "start": start, "end": now()}

    def _open(self, wanted: dict[str, str]) -> dict[str, Any]:
        self._world = world = open_binding(wanted["entry"], wanted["folder"])
        self._deliveries = Deliveries(world, self.tell)
        name, number = world.package
        return {
            "protocol": 1,
            "adapter": "python",
            "language": "python",
            "runtime": f"Python {sys.version.split()[0]}",
            "specVersion": world.spec_version,
            "shape": world.shape,
            "methods": list(world.methods),
            "capabilities": encode(world.capabilities),
            "package": {"name": name, "version": number},
        }

    async def _serve(self, deliveries: Deliveries, request: dict[str, Any]) -> Any:
        match request["op"]:
            case "serve":
                return await deliveries.serve(request["prefixes"], request["port"])
            case "unserve":
                return await deliveries.unserve()
            case "drop":
                return deliveries.drop(request["connections"])
            case "decide":
                return deliveries.decide(request)
        raise ValueError(f"the adapter knows no operation {request['op']}")

    def _note_unhandled(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception") or RuntimeError(str(context.get("message")))
        self.tell({"notice": "unhandled", "error": encode_error(error), "at": now()})


async def serve(output: int) -> None:
    """Read requests from standard input, and write answers to a separate file descriptor."""
    await Adapter(output).run()


def main() -> None:
    """Reserve standard output for messages, and serve."""
    output = os.dup(1)
    os.dup2(2, 1)
    asyncio.run(serve(output))


main()
