"""Writes large chunks; prints the sizes of the pages and of the chunks that it reads."""

from __future__ import annotations

import asyncio

from opening import answer, new_run, open_world  # type: ignore[import-not-found]

SIZES = [3_000_000, 3_000_000, 10, 9_000_000, 10]


async def main() -> None:
    world = open_world()
    run_id = await new_run(world)
    for size in SIZES:
        await world.streams_write(run_id, "chunks", b"x" * size)
    await world.streams_close(run_id, "chunks")
    pages, cursor = [], None
    while True:
        page = await world.streams_get_chunks(run_id, "chunks", cursor=cursor)
        pages.append([len(chunk.data) for chunk in page.data])
        cursor = page.cursor
        if not page.has_more:
            break
    read = [len(chunk) async for chunk in world.streams_get(run_id, "chunks")]
    answer({"pages": pages, "read": read})
    await world.aclose()


asyncio.run(main())
