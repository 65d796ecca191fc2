"""Steps that do nothing, in every arrangement."""

from __future__ import annotations

import asyncio

from world_harness_bench_app.marks import marked

from .registry import registry


@registry.step
async def identity(value: int) -> int:
    """Return the argument."""
    with marked():
        return value


@registry.workflow
async def no_steps(value: int) -> int:
    """Return the argument without any step."""
    return value


@registry.workflow
async def one_step(value: int) -> int:
    """Run one step that returns its argument."""
    return await identity(value)


@registry.workflow
async def sequential_steps(count: int) -> int:
    """Run steps 0..count-1 one after the other; return the sum of their results."""
    total = 0
    for index in range(count):
        total += await identity(index)
    return total


@registry.workflow
async def concurrent_steps(count: int) -> list[int]:
    """Run steps 0..count-1 at once; return their results in order."""
    return list(await asyncio.gather(*(identity(index) for index in range(count))))


@registry.workflow
async def racing_steps(count: int) -> int:
    """Run steps 0..count-1 at once; return the result of the one that the engine settles first."""
    steps = [asyncio.ensure_future(identity(index)) for index in range(count)]
    settled, _ = await asyncio.wait(steps, return_when=asyncio.FIRST_COMPLETED)
    return settled.pop().result()
