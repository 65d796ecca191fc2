"""A step with numbered executions; its argument states which of them fail."""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

from world_harness_nemesis import marked

from .bodies import fail, pause
from .registry import registry

#: `trials.ts` describes it.
Trial: TypeAlias = dict[str, Any]


async def undergo(step: str, trial: Trial) -> str:
    """Fail if the trial says so for this execution."""

    async def body(entered: int, failed: int) -> str:
        fails = entered in trial.get("failing", ())
        await pause(trial.get("failMs" if fails else "ms", 0))
        if fails:
            fail(trial, "subject")
        return "subject"

    return await marked(step, "subject", body)


@registry.step(max_retries=0)
async def tried_once(trial: Trial) -> str:
    """Run a step that is tried once."""
    return await undergo("triedOnce", trial)


@registry.step(max_retries=1)
async def tried_twice(trial: Trial) -> str:
    """Run a step that is tried up to twice."""
    return await undergo("triedTwice", trial)


@registry.step(max_retries=3)
async def tried_often(trial: Trial) -> str:
    """Run a step that is tried up to four times."""
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
    """Run the step of a trial after requesting other steps that do nothing."""
    others = [asyncio.ensure_future(stand_by(place)) for place in range(bystanders)]
    result, *_ = await asyncio.gather(_BY_RETRIES[subject["retries"]](subject), *others)
    return result
