"""Workflows that race, and workflows with attributes."""

from __future__ import annotations

from typing import Any

from vercel.workflow import remove_attributes, set_attributes, sleep
from world_harness_nemesis import marked

from .bodies import labor
from .program import race
from .registry import registry


@registry.step
async def work(key: str, ms: int) -> str:
    """Take some time."""
    return await labor("work", key, {"ms": ms})


@registry.workflow
async def racing(step_ms: int, sleep_ms: int) -> str:
    """Race a step against a sleep; another step depends on the winner. Return the winner."""

    async def step() -> str:
        await work("racer", step_ms)
        return "step"

    async def wait() -> str:
        await sleep(sleep_ms / 1000)
        return "sleep"

    winner: str = await race([step(), wait()])
    await work(f"won by the {winner}", 0)
    return winner


@registry.step
async def tag(key: str) -> None:
    """Set an attribute of the run inside a step."""

    async def body(entered: int, failed: int) -> Any:
        await set_attributes({key: "by a step"})

    await marked("tag", key, body)


@registry.workflow
async def attributed() -> str:
    """Set attributes in the workflow and in a step, and remove one of them."""
    await set_attributes({"phase": "begun", "passing": "yes"})
    await tag("stepped")
    await set_attributes({"phase": "ended"})
    await remove_attributes("passing")
    return "done"
