"""A step whose executions are numbered in order: which of them fail is known beforehand."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

from world_harness_nemesis import marked

from .bodies import fail, pause
from .registry import registry

#: As `trials.ts` describes it.
Trial: TypeAlias = dict[str, Any]


async def undergo(step: str, trial: Trial) -> str:
    """Fail, or not, as the trial says of this execution."""

    async def body(entered: int, failed: int) -> str:
        fails = entered in trial.get("failing", ())
        await pause(trial.get("failMs" if fails else "ms", 0))
        if fails:
            fail(trial, "subject")
        return "subject"

    return await marked(step, "subject", body)


@registry.step(max_retries=0)
async def tried_once(trial: Trial) -> str:
    """Be tried once."""
    return await undergo("triedOnce", trial)


@registry.step(max_retries=1)
async def tried_twice(trial: Trial) -> str:
    """Be tried twice."""
    return await undergo("triedTwice", trial)


@registry.step(max_retries=3)
async def tried_often(trial: Trial) -> str:
    """Be tried four times."""
    return await undergo("triedOften", trial)


@registry.step
async def stand_by(place: int) -> int:
    """Do nothing."""

    async def body(entered: int, failed: int) -> int:
        return place

    return await marked("standBy", f"bystander-{place}", body)


_BY_RETRIES = {0: tried_once, 1: tried_twice, 3: tried_often}


@registry.workflow
async def trial(subject: Trial, bystanders: int) -> str:
    """Execute a trial's step beside steps that do nothing, which were asked for before it."""
    others = [asyncio.ensure_future(stand_by(place)) for place in range(bystanders)]
    result, *_ = await asyncio.gather(_BY_RETRIES[subject["retries"]](subject), *others)
    return result
