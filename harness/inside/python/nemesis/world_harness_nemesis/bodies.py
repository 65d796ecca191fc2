"""Step bodies: every execution leaves marks in the journal, and faults can kill it there."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from .deliveries import current_delivery
from .faults import Happening, take_due
from .notes import notes
from .sdk import Execution, describe_execution

T = TypeVar("T")

#: A body is told how often it was entered, this time included, and how often it failed.
Body: TypeAlias = Callable[[int, int], Awaitable[T]]


async def marked(step: str, key: str, body: Body[T]) -> T:
    """Run a step's body between two marks, which stay whatever becomes of the process.

    Args:
        step: The step's function, as fault plans name it.
        key: Tells this call of the step from the run's others.
        body: What the step does; whatever it raises passes through.
    """
    return await perform(describe_execution(), step, key, body)


async def perform(execution: Execution, step: str, key: str, body: Body[T]) -> T:
    """Run a body that is not, or not yet, the SDK's to describe."""
    run_id = execution.run_id
    entered = notes.count(f"{run_id} {key} entered")
    mark = {
        "key": key,
        "step": step,
        "stepId": execution.step_id,
        "attempt": execution.attempt,
        "execution": f"{os.getpid()}-{entered}",
        "delivery": current_delivery(),
    }
    notes.write("entered", run_id, **mark)
    for fault in take_due(run_id, Happening("body", step=step)):
        if fault.do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
    try:
        result = await body(entered, notes.tally(f"{run_id} {key} failed"))
    except BaseException as error:
        notes.count(f"{run_id} {key} failed")
        notes.write("failed", run_id, **mark, error=f"{type(error).__name__}: {error}")
        raise
    notes.write("left", run_id, **mark)
    return result


def effect(run_id: str, key: str) -> bool:
    """Perform the effect that must happen once per key; return whether this call did it."""
    first = notes.claim(f"{run_id} {key}")
    notes.write("effect", run_id, key=key, first=first)
    return first
