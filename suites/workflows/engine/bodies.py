"""Bodies of steps: they take time, fail, kill their process, or have a side effect."""

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

#: `ms`: how long the body takes; `fails`: how many executions fail before one succeeds; `how`: the
#: kind of error, `error`, `retryable` or `fatal`; `retryAfterMs`: delay of the retry, with
#: `retryable`; `dies`: whether it kills its process `once` or `always`; `effect`: whether it has a
#: side effect that must happen once; `inStep`: whether it ends at a full second, so that bodies
#: that began together end together, in any process.
Work: TypeAlias = dict[str, Any]


async def pause(ms: float) -> None:
    """Wait for the duration of a body."""
    await asyncio.sleep(ms / 1000)


def fail(work: Mapping[str, Any], key: str) -> NoReturn:
    """Raise the error that a step asks for.

    Raises:
        Exception: an error of the kind in `how`.
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
    """Do the work of a step of a program, and return the step's key."""

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
