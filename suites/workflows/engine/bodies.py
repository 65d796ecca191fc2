"""What steps do: take their time, fail, die, and do something that must happen once."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn, TypeAlias

from vercel.workflow import FatalError, RetryableError, get_step_metadata
from world_harness_nemesis import effect, marked

#: `ms`: how long the body takes; `fails`: how many of its executions fail before one succeeds;
#: `how`: with an `error`, a `retryable` or a `fatal` one; `retryAfterMs`: with `retryable`, when it
#: may be tried again; `dies`: `once` or `always` it kills its process; `effect`: whether it does
#: something that must happen once; `inStep`: whether it ends at a full second, as every other that
#: began with it, in whatever process.
Work: TypeAlias = dict[str, Any]


async def pause(ms: float) -> None:
    """Let a body take its time."""
    await asyncio.sleep(ms / 1000)


def fail(work: Mapping[str, Any], key: str) -> NoReturn:
    """Fail as a step was told to.

    Raises:
        Exception: of the kind that `how` names.
    """
    message = f"{key} fails on purpose"
    match work.get("how"):
        case "fatal":
            raise FatalError(message)
        case "retryable":
            wait_ms = work.get("retryAfterMs", 1_000)
            raise RetryableError(message, retry_after=timedelta(milliseconds=wait_ms))
    raise RuntimeError(message)


async def labor(step: str, key: str, work: Work) -> str:
    """Do what a step of a program is to do, and return its key."""

    async def body(entered: int, failed: int) -> str:
        if work.get("effect"):
            execution = get_step_metadata()
            effect(execution.run_id, execution.step_id)
        dies = work.get("dies")
        if dies == "always" or (dies == "once" and entered == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        await pause(work.get("ms", 0))
        if work.get("inStep"):
            await pause(1_000 - time.time() * 1_000 % 1_000)
        if failed < work.get("fails", 0):
            fail(work, key)
        return key

    return await marked(step, key, body)
