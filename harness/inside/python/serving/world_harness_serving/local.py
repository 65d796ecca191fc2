"""The SDK's LocalWorld, with delivery by HTTP.

As it is, it hands each message to the engine inside the process, and no web framework ever sees
one. Here its storage and its handler of requests stay what they are; only the way of a message is
another: it is posted to the app's own endpoint, as a queue outside the process would do it.
"""

from __future__ import annotations

import asyncio
import math
import os
from pathlib import Path
from typing import Any

import httpx2 as httpx

from .errors import AppError
from .foreign import refuse_foreign_data
from .identity import KnownMessages
from .sdk import LocalWorld, encode_payload

ENDPOINT = "/.well-known/workflow/v1/flow"
#: Says by what messages are distinguished.
KEYS = "WORLD_HARNESS_LOCAL_KEYS"
#: How many messages are delivered at a time, where `WORKFLOW_LOCAL_QUEUE_CONCURRENCY` is silent.
_AT_ONCE = 50
#: How long after a failed delivery the next one comes, and how many there are.
_RETRY_AFTER_S = 1.0
_ATTEMPTS = 20


class HttpLocalWorld(LocalWorld):
    """LocalWorld, posting its messages to `WORKFLOW_LOCAL_BASE_URL`.

    Messages are kept in memory, as LocalWorld keeps its own; one that fails comes again after a
    second, with the same id. A message whose idempotency key belongs to one that is not yet done is
    that one. LocalWorld's own queue takes it for that one only if both say the same, to the
    millisecond in which they were written; `WORLD_HARNESS_LOCAL_KEYS=own` does as it does.

    Raises:
        AppError: its data directory belongs to somebody else, or it is not told where it is served.
    """

    def __init__(self) -> None:
        refuse_foreign_data(Path(os.environ.get("WORKFLOW_LOCAL_DATA_DIR", ".workflow-data")))
        super().__init__()
        base_url = os.environ.get("WORKFLOW_LOCAL_BASE_URL")
        if not base_url:
            raise AppError("WORKFLOW_LOCAL_BASE_URL is not set: it says where the app listens")
        self._endpoint = base_url.rstrip("/") + ENDPOINT
        self._http: httpx.AsyncClient | None = None
        self._known = KnownMessages(own=os.environ.get(KEYS) == "own")
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening: asyncio.Task[Any] | None = None

    async def queue(
        self,
        queue_name: str,
        message: Any,
        *,
        deployment_id: str | None = None,
        idempotency_key: str | None = None,
        delay_seconds: float | None = None,
        **options: Any,
    ) -> str:
        """Take a message; it is posted after its delay, in whole seconds as LocalWorld counts."""
        message_id: str = self._new_id("msg")
        key = idempotency_key or message_id
        body = encode_payload(message.model_dump())
        known_id = self._known.claim(key, body, message_id)
        if known_id != message_id:
            return known_id
        delay_s = 0 if delay_seconds is None else max(1, math.ceil(delay_seconds))
        task = asyncio.create_task(self._deliver(queue_name, message_id, body, delay_s))
        self._tasks.add(task)

        def forget(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            self._known.release(key, body)

        task.add_done_callback(forget)
        return message_id

    async def _deliver(self, queue_name: str, message_id: str, body: Any, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        if self._http is None:
            at_once = int(os.environ.get("WORKFLOW_LOCAL_QUEUE_CONCURRENCY", _AT_ONCE))
            limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
            self._http = httpx.AsyncClient(timeout=None, limits=limits, trust_env=False)
        for attempt in range(1, _ATTEMPTS + 1):
            headers = {
                "x-vqs-queue-name": queue_name,
                "x-vqs-message-id": message_id,
                "x-vqs-message-attempt": str(attempt),
            }
            try:
                answer = await self._http.post(self._endpoint, json=body, headers=headers)
            except httpx.TransportError:
                pass
            else:
                if answer.is_success:
                    return
            await asyncio.sleep(_RETRY_AFTER_S)

    async def _get_queue_client(self) -> Any:
        # The first request would open it inside a request of the framework. It would then outlive
        # the task groups of that request, so it gets a separate task.
        if self._opening is None:
            self._opening = asyncio.create_task(super()._get_queue_client())
        return await asyncio.shield(self._opening)
