"""The oddities of `odd_world.mjs`, in Python: a native World and a few that are none."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

CHUNKS = (b"\x01", b"\x02\x03", b"")


class EntityConflictError(Exception):
    status = 409
    retry_after = 3


class OddWorld:
    spec_version = 5
    shape = "v5"
    capabilities: Mapping[str, Any] = {"hookRetention": {"active": True}}
    package = ("odd", "1.0.0")
    methods = ("events.create", "streams.write", "start")

    def __init__(self) -> None:
        self.kept_values: list[Any] = []
        self.tasks: list[Any] = []

    async def perform(self, method: str, args: list[Any]) -> Any:
        if method == "start":
            return "started"
        if method == "streams.write":
            self.kept_values.append(args)
            return None
        event = args[1]
        return await getattr(self, event["eventType"])(event.get("eventData"))

    async def echo(self, value: Any) -> Any:
        return value

    async def keep(self, value: Any) -> Any:
        self.kept_values.append(value)
        return value

    async def kept(self, value: Any) -> Any:
        return self.kept_values[-1]

    async def sleep(self, ms: float) -> None:
        await asyncio.sleep(ms / 1000)

    async def refuse(self, value: Any) -> None:
        raise EntityConflictError("there is one already")

    async def giveFunction(self, value: Any) -> Any:  # noqa: N802 - a name on the wire
        return {"call": lambda: 1}

    async def print(self, value: Any) -> None:
        print("printed")  # noqa: T201
        os.write(1, b"printed past the adapter, without an end")
        subprocess.run(["sh", "-c", "echo from a child; printf 'no end'"], check=True)

    async def failLater(self, value: Any) -> None:  # noqa: N802 - a name on the wire
        def fail() -> None:
            raise TypeError("in the background")

        asyncio.get_running_loop().call_soon(fail)

    async def hang(self, value: Any) -> None:
        await asyncio.get_running_loop().create_future()

    async def block(self, value: Any) -> None:
        while True:
            time.sleep(60)

    async def die(self, value: Any) -> None:
        os._exit(7)

    async def keepAlive(self, value: Any) -> None:  # noqa: N802 - a name on the wire
        threading.Thread(target=threading.Event().wait).start()

    async def read_stream(
        self, run_id: str, name: str, start_index: int | None
    ) -> AsyncIterator[bytes]:
        for chunk in CHUNKS:
            yield chunk
        if name == "endless":
            await asyncio.get_running_loop().create_future()
        if name == "broken":
            raise ConnectionError("the connection is gone")

    def create_queue_handler(
        self, prefix: str, handler: Callable[[Any, Mapping[str, Any]], Awaitable[Any]]
    ) -> Callable[[Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]:
        async def answer(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            queue = headers.get("x-queue", "")
            if not queue.startswith(prefix):
                return 400, b"not mine"
            metadata = {"queueName": queue, "messageId": "msg_1", "attempt": 1}
            said = await handler(json.loads(body), metadata)
            return 200, json.dumps(said or {"done": True}).encode()

        return answer


nothing = object()


def breaks() -> None:
    raise RuntimeError("cannot be made")
