"""The World that the app uses: the subject itself, with three taps.

Two are always on and cost a few microseconds: which invocation is running, and when a run ended.
The third, which counts every call, is on only in recording forks, so that it never slows what is
timed.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from .probe import probe

_TERMINAL = {"run_completed", "run_failed", "run_cancelled"}
#: The one endpoint of this SDK takes replays and steps alike.
_ROUTE = "flow"
RECORDING = os.environ.get("WORLD_HARNESS_RECORDING") == "1"

#: Methods that are only counted, by their names in reports: the same as the other lines'.
_METHODS: Mapping[str, str] = {
    "runs_get": "runs.get",
    "steps_get": "steps.get",
    "hooks_get_by_token": "hooks.getByToken",
    "events_create": "events.create",
    "events_list": "events.list",
    "streams_write": "streams.write",
    "streams_write_multi": "streams.writeMulti",
    "streams_close": "streams.close",
    "streams_list": "streams.list",
    "streams_get_chunks": "streams.getChunks",
    "streams_get_info": "streams.getInfo",
}


class TappedWorld:
    """Another World, and what can be seen of it from outside."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._world, name)
        return _count(name, member) if RECORDING and name in _METHODS else member

    def create_queue_handler(self, queue_name_prefix: str, handler: Any) -> Any:
        """Run each delivery with its own id."""

        async def receive(message: Any, *, message_id: str, **about: Any) -> Any:
            return await probe.run_invocation(
                _ROUTE, message_id, lambda: handler(message, message_id=message_id, **about)
            )

        return self._world.create_queue_handler(queue_name_prefix, receive)

    async def queue(self, queue_name: str, message: Any, **options: Any) -> str:
        """Put a message on the queue."""
        if RECORDING:
            probe.note_world_call("queue", _weigh(queue_name, message, *options.values()))
            probe.note_queue_message(_ROUTE)
        message_id: str = await self._world.queue(queue_name, message, **options)
        if not options.get("delay_seconds"):
            probe.await_delivery(message_id)
        return message_id

    async def events_create(self, run_id: str | None, data: Any) -> Any:
        """Create an event; a run's last one wakes the request that waits for the run."""
        if RECORDING:
            size = _weigh(run_id, data)
            probe.note_world_call(f"events.create({data.event_type})", size)
        result = await self._world.events_create(run_id, data)
        if run_id and data.event_type in _TERMINAL:
            probe.note_ending(run_id)
        return result

    async def streams_get(
        self, run_id: str, name: str, start_index: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Read a stream; counted when its first chunk is asked for."""
        if RECORDING:
            probe.note_world_call("streams.get", _weigh(run_id, name, start_index))
        async for chunk in self._world.streams_get(run_id, name, start_index):
            yield chunk


def _count(name: str, member: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        probe.note_world_call(_METHODS[name], _weigh(*args, *kwargs.values()))
        return await member(*args, **kwargs)

    return call


def _weigh(*parts: Any) -> int:
    """Return the bytes of what was handed over: binary as it is, everything else as JSON."""
    binary = 0

    def stand_in(part: Any) -> Any:
        nonlocal binary
        if isinstance(part, bytes | bytearray | memoryview):
            binary += len(part)
            return None
        if hasattr(part, "model_dump"):
            return part.model_dump(by_alias=True, exclude_none=True)
        return str(part)

    texts = [json.dumps(part, default=stand_in) for part in parts if part is not None]
    return binary + sum(len(text.encode()) for text in texts)
