"""Makes a run with a hook, and prints the ids of both."""

from __future__ import annotations

import asyncio

from opening import answer, interface, new_run, open_world  # type: ignore[import-not-found]


async def main() -> None:
    world = open_world()
    run_id = await new_run(world)
    hook = interface.HookCreatedEventData(token=run_id)
    await world.events_create(run_id, hook.into_event("hook_1"))
    answer([run_id, "hook_1"])
    await world.aclose()


asyncio.run(main())
