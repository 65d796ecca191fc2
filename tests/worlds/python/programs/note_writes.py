"""Runs a workflow; prints each write, and whether it waited for the disk."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import Any

from opening import answer, open_world  # type: ignore[import-not-found]
from vercel.workflow import start  # type: ignore[import-not-found]
from world_harness_worlds import use  # type: ignore[import-not-found]

world = use(open_world())

import workflows  # type: ignore[import-not-found]  # noqa: E402 - the World comes first

written: list[tuple[str, bool]] = []
#: Set for the calls under test; the worker's own writes are not recorded.
asked: ContextVar[str] = ContextVar("asked", default="")
create, queue, write = world.events_create, world.queue, world._store.write


async def note_event(run_id: Any, event: Any) -> Any:
    asked.set(event.event_type)
    return await create(run_id, event)


async def note_message(name: str, message: Any, **options: Any) -> Any:
    asked.set("queue")
    return await queue(name, message, **options)


def note_write(act: Any, *, lasting: bool = True) -> Any:
    if asked.get():
        written.append((asked.get(), lasting))
    return write(act, lasting=lasting)


async def main() -> None:
    world.events_create, world.queue, world._store.write = note_event, note_message, note_write
    run = await start(workflows.count, 2)
    await run.return_value()
    answer(written)
    await world.aclose()


asyncio.run(main())
