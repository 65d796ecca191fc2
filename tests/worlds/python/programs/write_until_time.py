"""Writes with several tasks at once, notes acknowledged writes, and ignores errors of the store.

Arguments: the run, its hook, the number of tasks, the seconds to write, and the file for the
acknowledged writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time

from opening import interface, open_world  # type: ignore[import-not-found]
from world_harness_worlds import StorageError  # type: ignore[import-not-found]

KINDS = 4
run_id, hook_id, tasks, seconds, path = sys.argv[1:]
noted = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)


async def write(world: object, what: str, number: int) -> None:
    text = f"{what}-{number}"
    if number % 4 == 2:
        await world.streams_write(run_id, "chunks", text.encode())  # type: ignore[attr-defined]
    elif number % 4 == 3:
        message = interface.WorkflowInvokePayload(run_id=run_id, step_id=text)
        await world.queue("__wkf_workflow_w", message)  # type: ignore[attr-defined]
    else:
        payload = interface.HookReceivedEventData(payload=text.encode())
        await world.events_create(run_id, payload.into_event(hook_id))  # type: ignore[attr-defined]
    os.write(noted, f"{number % 4} {text}\n".encode())


async def write_on(world: object, what: str) -> None:
    until = time.monotonic() + float(seconds)
    number = 0
    while time.monotonic() < until or number < KINDS:
        with contextlib.suppress(StorageError):
            await write(world, what, number)
        number += 1


async def main() -> None:
    world = open_world()
    await asyncio.gather(*(write_on(world, f"{os.getpid()}-{task}") for task in range(int(tasks))))


asyncio.run(main())
