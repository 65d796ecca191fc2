"""Writes chunks until the World refuses; prints how many it accepted, and the error.

The optional argument is the maximal size of a file, in bytes.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import sys

from opening import answer, new_run, open_world  # type: ignore[import-not-found]
from world_harness_worlds import StorageError  # type: ignore[import-not-found]

MOST = 2000


async def main() -> None:
    world = open_world()
    run_id = await new_run(world)
    taken, told = 0, ""
    if len(sys.argv) > 1:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
    try:
        for _ in range(MOST):
            await world.streams_write(run_id, "chunks", b"x" * 10_000)
            taken += 1
    except StorageError as error:
        told = str(error)
    if len(sys.argv) > 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    info = await world.streams_get_info(run_id, "chunks")
    await world.streams_write(run_id, "chunks", b"afterwards")
    answer({"taken": taken, "stored": info.tail_index + 1, "told": told})
    await world.aclose()


asyncio.run(main())
