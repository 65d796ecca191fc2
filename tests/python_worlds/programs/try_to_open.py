"""Answers with why a World cannot be opened; with nothing when it can."""

from __future__ import annotations

import asyncio

from opening import answer, open_world  # type: ignore[import-not-found]
from world_harness_worlds import SetupError  # type: ignore[import-not-found]


async def main() -> None:
    try:
        world = open_world()
    except SetupError as error:
        answer([error.what, error.cause, error.remedy])
        return
    await world.runs_get("wrun_none")


try:
    asyncio.run(main())
except RuntimeError:
    answer([])
