"""An app: a World, the workflows on it, and what every framework asks of them.

Making one opens the World and then the workflows, which is the order that the SDK asks for.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import platform
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from .about import ABOUT
from .entry import open_subject
from .program import find_workflows, import_workflows
from .sdk import set_world


class Delivery:
    """A request of the queue, as the SDK's handler requires it."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self._body = body

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Give the body, in one piece."""
        yield self._body


class Service:
    """What an app serves.

    Args:
        dress: Puts around the World what the app is to see of it.
        recording: Whether its calls are written down, or counted.
    """

    def __init__(self, dress: Callable[[Any], Any], *, recording: bool) -> None:
        self.world = dress(open_subject(ABOUT["entry"]))
        set_world(self.world)
        self._program = import_workflows()
        self._recording = recording
        self.workflows = find_workflows(self._program)
        self._started: asyncio.Task[None] | None = None

    async def describe(self) -> dict[str, Any]:
        """Say what this app is; the first time, start the World where it asks for that."""
        if self._started is None:
            self._started = asyncio.create_task(self._start_world())
        await asyncio.shield(self._started)
        return {
            "line": ABOUT["line"],
            "framework": ABOUT["framework"],
            "world": ABOUT["world"],
            "node": "",
            "python": platform.python_version(),
            "pid": os.getpid(),
            "recording": self._recording,
            "workflows": list(self.workflows),
        }

    async def _start_world(self) -> None:
        if ABOUT["startsWorld"]:
            done = self.world.start()
            if inspect.isawaitable(done):
                await done

    async def deliver(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Let the SDK handle a delivery; returns status, headers and body of its answer."""
        response = await self._program.registry.http_handler(Delivery(method, url, headers, body))
        return response.status, response.headers, response.body
