"""Opens a file twice while another process opens and closes it; prints what others see then."""

from __future__ import annotations

import asyncio

from opening import answer, new_run, open_world, run_beside  # type: ignore[import-not-found]


async def main() -> None:
    first = open_world()
    await new_run(first)
    open_world()
    run_beside("prepare_run")
    run_id = await new_run(first)
    answer(run_beside("read_all", run_id)["places"])
    await first.aclose()


asyncio.run(main())
