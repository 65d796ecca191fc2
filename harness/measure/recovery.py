"""Recovery: runs are under way, their app is killed, and another process continues them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import msgspec

from harness.deployments.apps import CheckAnswer
from harness.deployments.client import (
    FollowedRun,
    FollowReply,
    FollowRequest,
    SampleReply,
    StartReply,
    StartRequest,
)
from harness.descriptions import Cell, Scenario
from harness.errors import HarnessError
from harness.results.records import RecoveryTimes, SampleOutcome

T = TypeVar("T")

#: How much longer than its own time limit an answer of the app may take.
_GRACE_S = 20.0


class Killable(Protocol):
    """An app that can be killed with everything that it started."""

    def ask(self, request: object, shape: type[T], timeout_s: float) -> T:
        """Send a request to the app."""

    def kill(self) -> None:
        """End its process group with SIGKILL."""


class Restarter(Protocol):
    """Starts a cell several times on one storage."""

    def open_storage(self, cell: Cell) -> AbstractContextManager[Any]:
        """Make empty storage; remove it at the end of the block."""

    def restart(self, cell: Cell, storage: Any) -> AbstractContextManager[Killable]:
        """Start the cell on this storage; end it at the end of the block."""


class Recovered(msgspec.Struct, frozen=True):
    """How runs ended after the kill of their app."""

    outcome: SampleOutcome
    error: str | None = None
    times: RecoveryTimes | None = None


def measure_recovery(
    restarter: Restarter, cell: Cell, scenario: Scenario, check_answer: CheckAnswer
) -> Recovered:
    """Start runs, kill their app when they are under way, and follow them in the next process.

    A World that does not recover is an outcome, not an error.
    """
    timeout_ms = scenario.timeout_s * 1000
    limit_s = scenario.timeout_s + _GRACE_S
    arguments = (scenario.arguments,) * scenario.killed_runs
    start = StartRequest(workflow=scenario.workflow, started=arguments, timeout_ms=timeout_ms)
    try:
        with restarter.open_storage(cell) as storage:
            with restarter.restart(cell, storage) as app:
                run_ids = app.ask(start, StartReply, limit_s).run_ids
                killed_at_ms = _now_ms()
                app.kill()
            with restarter.restart(cell, storage) as app:
                healthy_ms = _now_ms() - killed_at_ms
                follow = FollowRequest(followed=run_ids, timeout_ms=timeout_ms)
                runs = app.ask(follow, FollowReply, limit_s).runs
    except HarnessError as error:
        return Recovered("failed", str(error))
    outcome, wrong = _judge(scenario, runs, killed_at_ms, check_answer)
    ends = tuple(
        round(run.completed_at_ms - killed_at_ms, 3)
        for run in runs
        if run.completed_at_ms is not None
    )
    return Recovered(
        outcome, wrong, RecoveryTimes(healthy_ms=round(healthy_ms, 3), completed_ms=ends)
    )


def _now_ms() -> float:
    """Return ms since the epoch: the app and its World run on this machine, by the same clock."""
    return time.time() * 1000


def _judge(
    scenario: Scenario, runs: Sequence[FollowedRun], killed_at_ms: float, check_answer: CheckAnswer
) -> tuple[SampleOutcome, str | None]:
    """Return the outcome of all runs together, and what is wrong with them."""
    completed = [run for run in runs if run.status == "completed"]
    if left := Counter(run.status for run in runs if run.status != "completed"):
        stand = ", ".join(f"{times} {status}" for status, times in left.items())
        within = f"{scenario.timeout_s:g} s after the app was started again"
        ended = {"failed", "cancelled"} & set(left)
        text = f"{len(completed)} of {len(runs)} runs had completed {within}; {stand}"
        return ("failed" if ended else "timeout"), text
    early = [run for run in runs if (run.completed_at_ms or 0.0) < killed_at_ms]
    if early:
        return "failed", f"{len(early)} of {len(runs)} runs had ended before the app was killed"
    verdicts = (check_answer(scenario, scenario.arguments, _reply_of(run)) for run in runs)
    wrong = next(filter(None, verdicts), None)
    return ("incorrect", wrong) if wrong else ("correct", None)


def _reply_of(run: FollowedRun) -> SampleReply:
    """Return what the check of an answer takes."""
    return SampleReply(outcome="completed", called_at_ms=0.0, answer=run.answer)
