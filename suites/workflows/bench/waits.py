"""Workflows that wait: for a time, and for an outside call."""

from __future__ import annotations

from vercel.workflow import sleep
from world_harness_bench_app.hooks import Place
from world_harness_bench_app.marks import marked

from .registry import registry


@registry.step
async def note(value: int) -> int:
    """Return the argument."""
    with marked():
        return value


@registry.workflow
async def sleeping_steps(count: int, ms: int) -> int:
    """Run steps 0..count with a sleep of `ms` between each two; return the sum of their results."""
    total = await note(0)
    for index in range(1, count + 1):
        await sleep(ms / 1000)
        total += await note(index)
    return total


@registry.workflow
async def resumed_steps(count: int, seed: int) -> list[int]:
    """Wait for `count` hooks, one after the other; a step returns what each was resumed with."""
    places = []
    for index in range(count):
        resumed = await Place.wait(token=f"resume-{seed}-{index}")
        places.append(await note(resumed.place))
    return places
