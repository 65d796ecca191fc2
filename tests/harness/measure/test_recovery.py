"""Runs that their app's death interrupts: when all completed, or what is wrong with the World."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from harness.deployments.client import FollowedRun, FollowReply, FollowRequest, StartReply
from harness.descriptions import Cell, Scenario
from harness.errors import DeploymentError
from harness.measure.forks import count_samples, run_fork
from harness.measure.plan import Fork
from harness.measure.recovery import Recovered, measure_recovery
from harness.results.records import ForkEnd, Sample
from suites import workflows
from tests.harness.measure.deploying import PretendingPreparer
from tests.reports.factories import make_scenario

CELL = Cell("v5", "express", "local")
SCENARIO = make_scenario(
    10,
    "recovery",
    workflow="laboringSteps",
    arguments=(3, 100),
    expects="sum",
    kind="latency",
    measures=("recovery",),
    killed_runs=2,
)


class Machine:
    """Starts pretended apps on one storage; the second answers as it is told.

    Args:
        runs: Status, answer, and when it completed in ms after the kill, of each run.
        dies: Whether the second app does not start.
    """

    def __init__(self, *runs: tuple[str, Any, float], dies: bool = False) -> None:
        self._runs = runs
        self._dies = dies
        self.killed_at_ms: list[float] = []
        self.storages: list[object] = []
        self.asked: list[object] = []

    @contextlib.contextmanager
    def open_storage(self, cell: Cell) -> Iterator[object]:
        yield object()

    @contextlib.contextmanager
    def restart(self, cell: Cell, storage: object) -> Iterator[Machine]:
        self.storages.append(storage)
        if self._dies and self.killed_at_ms:
            raise DeploymentError("the app died before it was healthy")
        yield self

    def ask(self, request: Any, shape: Any, timeout_s: float) -> Any:
        self.asked.append(request)
        if isinstance(request, FollowRequest):
            return FollowReply(runs=tuple(self._follow()))
        return StartReply(run_ids=("one", "two"))

    def kill(self) -> None:
        self.killed_at_ms.append(time.time() * 1000)

    def _follow(self) -> Iterator[FollowedRun]:
        for status, answer, after_ms in self._runs:
            yield FollowedRun(
                run_id="any",
                status=status,
                answer=answer,
                completed_at_ms=self.killed_at_ms[0] + after_ms if status == "completed" else None,
            )


def measure(machine: Machine, scenario: Scenario = SCENARIO) -> Recovered:
    return measure_recovery(machine, CELL, scenario, workflows.BENCH.check_answer)


def test_recovery_ends_when_the_last_run_completed() -> None:
    found = measure(Machine(("completed", 3, 400.0), ("completed", 3, 900.0)))
    assert (found.outcome, found.error) == ("correct", None)
    assert found.times is not None
    assert found.times.completed_ms == pytest.approx((400.0, 900.0), abs=50)


def test_app_is_killed_once_and_started_again_on_the_same_storage() -> None:
    machine = Machine(("completed", 3, 400.0), ("completed", 3, 900.0))
    measure(machine)
    assert len(machine.killed_at_ms) == 1
    first, second = machine.storages
    assert first is second
    start, follow = machine.asked
    assert start.started == ((3, 100), (3, 100))  # type: ignore[attr-defined]
    assert follow.followed == ("one", "two")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("runs", "outcome", "error"),
    [
        (
            [("completed", 3, 400.0), ("running", None, 0.0)],
            "timeout",
            "1 of 2 runs had completed 30 s after the app was started again; 1 running",
        ),
        (
            [("failed", None, 0.0), ("running", None, 0.0)],
            "failed",
            "0 of 2 runs had completed 30 s after the app was started again; 1 failed, 1 running",
        ),
        (
            [("completed", 3, -500.0), ("completed", 3, 400.0)],
            "failed",
            "1 of 2 runs had ended before the app was killed",
        ),
        (
            [("completed", 3, 400.0), ("completed", 4, 400.0)],
            "incorrect",
            "answered 4 instead of 3",
        ),
    ],
)
def test_world_that_does_not_recover_is_an_outcome_with_its_reason(
    runs: Sequence[tuple[str, Any, float]], outcome: str, error: str
) -> None:
    found = measure(Machine(*runs))
    assert (found.outcome, found.error) == (outcome, error)


def test_app_that_does_not_start_again_is_an_outcome_with_its_reason() -> None:
    found = measure(Machine(dies=True))
    assert (found.outcome, found.times) == ("failed", None)
    assert "the app died before it was healthy" in str(found.error)


def fork(kind: Any = "timing") -> Fork:
    names = (SCENARIO.id,)
    return Fork(id="f", kind=kind, block=1, cell=CELL, scenarios=names, seed=7)


def test_fork_goes_on_after_a_recovery_that_failed() -> None:
    """`PretendingPreparer` refuses to start an app that is to be killed."""
    *samples, end = run_fork(
        PretendingPreparer(), fork(), 1, {SCENARIO.id: SCENARIO}, workflows.BENCH.check_answer
    )
    assert isinstance(end, ForkEnd)
    assert (end.outcome, end.reason) == ("finished", "")
    (sample,) = samples
    assert isinstance(sample, Sample)
    assert (sample.outcome, sample.warmup, sample.completed_ms) == ("failed", False, None)


def test_counting_fork_kills_no_app() -> None:
    assert count_samples(fork("counting"), {SCENARIO.id: SCENARIO}) == 0
    assert count_samples(fork("timing"), {SCENARIO.id: SCENARIO}) == 1
