"""Workflows that return the step outcomes that they observed, and the values that they drew."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias
from uuid import UUID

from vercel.workflow import random, time_ns
from world_harness_nemesis import marked
from world_harness_nemesis.payloads import Payload

from .bodies import pause
from .registry import registry

#: `key` and `execution` identify the step body of a result; `heard` is its input.
Told: TypeAlias = dict[str, Any]


@registry.step
async def tell(key: str, heard: list[Told], ms: int) -> Told:
    """Return the number of this execution."""

    async def body(entered: int, failed: int) -> Told:
        await pause(ms)
        return {"key": key, "execution": entered, "heard": heard}

    return await marked("tell", key, body)


@registry.workflow
async def telling(parts: int, width: int, ms: int) -> list[list[Told]]:
    """Run parts of parallel steps, each given the results of the part before; return them all."""
    told: list[list[Told]] = []
    for part in range(parts):
        heard = [{**item, "heard": []} for item in (told[-1] if told else [])]
        steps = (tell(f"{part}.{place}", heard, ms) for place in range(width))
        told.append(list(await asyncio.gather(*steps)))
    return told


@registry.step
async def keep(key: str, drawn: list[Any]) -> list[Any]:
    """Return the drawn values."""

    async def body(entered: int, failed: int) -> list[Any]:
        return drawn

    return await marked("keep", key, body)


@registry.workflow
async def drawing(times: int, token: str) -> list[str]:
    """Draw a number, the time and an id, and store them in a step, a number of times.

    Then wait for a payload, and draw once more. Return the values of the last replay that differ
    from the stored ones.
    """
    changed: list[str] = []

    async def draw(key: str) -> None:
        drawn = [random().random(), time_ns(), str(UUID(int=random().getrandbits(128)))]
        kept = await keep(key, drawn)
        if kept != drawn:
            changed.append(f"{key}: kept {kept}, drew {drawn}")

    for time in range(times):
        await draw(f"draw-{time}")
    await Payload.wait(token=token)
    await draw("last")
    return changed
