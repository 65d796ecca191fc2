"""Runs a workflow without any server, as a script does; prints its result."""

from __future__ import annotations

import asyncio

from opening import answer, open_world  # type: ignore[import-not-found]
from vercel.workflow import start  # type: ignore[import-not-found]
from world_harness_worlds import use  # type: ignore[import-not-found]

world = use(open_world())

import workflows  # type: ignore[import-not-found]  # noqa: E402 - the World comes first


async def main() -> None:
    run = await start(workflows.count, 5)
    answer(await run.return_value())
    await world.aclose()


asyncio.run(main())
