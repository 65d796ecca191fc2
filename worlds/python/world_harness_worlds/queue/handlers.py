"""The queue handlers of the SDK, and how messages reach them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from world_harness_sdk import interface

from ..codec import unpack
from .messages import Message
from .transport import BadDeliveryError, Outcome, read_message, write_outcome

_log = logging.getLogger("world_harness_worlds")
_LOOK_EVERY_S = 0.02
#: The run of the message that is being delivered, in its handler and everything that it calls.
_delivered_run: ContextVar[str | None] = ContextVar("delivered_run", default=None)


def is_delivered(run_id: str | None) -> bool:
    """Tell whether the current code runs in a delivery for a run.

    The store keeps the message until the delivery ends. Work that is lost before is repeated.
    """
    return run_id is not None and _delivered_run.get() == run_id


class Handlers:
    """The queue handlers of one process."""

    def __init__(self) -> None:
        self._handlers: dict[str, Any] = {}
        self._at_work = 0
        self._closed = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The prefixes of the queues that are handled here."""
        return tuple(self._handlers)

    def add(self, prefix: str, handler: Any) -> None:
        """Add a handler for queues whose names start with a prefix."""
        self._handlers[prefix] = handler

    def handles(self, queue_name: str) -> bool:
        """Tell whether a queue is handled here."""
        return queue_name.startswith(self.prefixes)

    async def call(self, message: Message) -> Outcome:
        """Call the handler of a message, on the current event loop."""
        fitting = [prefix for prefix in self._handlers if message.queue_name.startswith(prefix)]
        if not fitting or self._closed:
            return Outcome("unseen", trouble="this process has no handler for this queue now")
        self._at_work += 1
        before = _delivered_run.set(None)
        try:
            content = unpack(message.data)
            _delivered_run.set(_find_run(content))
            result = await self._handlers[max(fitting, key=len)](
                content,
                attempt=message.attempt,
                queue_name=message.queue_name,
                message_id=message.message_id,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the delivery failed
            _log.exception("delivery %d of %s failed", message.attempt, message.message_id)
            return Outcome("failed", trouble=f"{type(error).__name__}: {error}")
        finally:
            _delivered_run.reset(before)
            self._at_work -= 1
        if result is None:
            return Outcome("done")
        return Outcome("later", float(result.delay_seconds), result.idempotency_key)

    def serve(self, prefix: str, find_secret: Callable[[], Any]) -> Any:
        """Return the HTTP handler that an app mounts to receive deliveries.

        Args:
            prefix: The prefix of the names of its queues.
            find_secret: A coroutine function that returns the secret that signs deliveries.
        """

        async def handle(request: Any) -> Any:
            body = b"".join([chunk async for chunk in request.aiter_bytes()])
            try:
                message = read_message(prefix, request.headers, body, await find_secret())
            except BadDeliveryError as error:
                return interface.HTTPResponse.json({"error": str(error)}, status=error.status)
            status, content = write_outcome(await self.call(message))
            return interface.HTTPResponse(status, content, {"content-type": "application/json"})

        return handle

    async def close(self, within_s: float) -> None:
        """Accept no more deliveries, and wait for calls in flight."""
        self._closed = True
        until = time.monotonic() + within_s
        while self._at_work and time.monotonic() < until:
            await asyncio.sleep(_LOOK_EVERY_S)


def _find_run(content: Any) -> str | None:
    return content.get("runId") if isinstance(content, dict) else None
