"""Runs that start and await other runs in their steps."""

from __future__ import annotations

from vercel.workflow import get_run, start
from world_harness_nemesis import marked

from .registry import registry


@registry.step
async def bear(key: str, depth: int) -> str:
    """Start a child run; return its id."""

    async def body(entered: int, failed: int) -> str:
        return (await start(descend, key, depth)).run_id

    return await marked("bear", key, body)


@registry.step
async def await_child(key: str, run_id: str) -> int:
    """Return the result of a child run."""

    async def body(entered: int, failed: int) -> int:
        return int(await get_run(run_id).return_value())

    return await marked("awaitChild", key, body)


@registry.workflow
async def descend(key: str, depth: int) -> int:
    """Start a child with one level less, and await it in a step; return the depth."""
    if depth == 0:
        return 0
    child = await bear(f"{key}.{depth}", depth - 1)
    return 1 + await await_child(f"{key}.{depth}", child)
