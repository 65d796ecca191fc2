"""Makes a run; prints the error if the World cannot, or an empty text."""

from __future__ import annotations

import asyncio

from opening import answer, new_run, open_world  # type: ignore[import-not-found]
from world_harness_worlds import StorageError  # type: ignore[import-not-found]


async def main() -> None:
    world = open_world()
    try:
        await new_run(world)
        answer("")
    except StorageError as error:
        answer(str(error))


asyncio.run(main())
