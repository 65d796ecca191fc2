"""Steps whose bodies take time."""

from __future__ import annotations

import asyncio

from world_harness_bench_app.marks import marked

from .registry import registry


@registry.step
async def labor(value: int, ms: int) -> int:
    """Take a time; return the argument."""
    with marked():
        await asyncio.sleep(ms / 1000)
        return value


@registry.workflow
async def laboring_steps(count: int, ms: int) -> int:
    """Run steps 0..count-1 one after the other, of `ms` each; return the sum of their results."""
    total = 0
    for index in range(count):
        total += await labor(index, ms)
    return total
