"""Checks without injected faults: their verdicts on a stage with simulated answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given

from harness.nemesis.journal import Entered, Journal, JournalCall, Left, Record
from harness.nemesis.plans import Plan
from suites.engine.completions import Completions, Simultaneous
from suites.engine.fan_ins import FanIn, draw_fan_ins, play_fan_in
from suites.engine.stage import Ending, LoggedEvent
from suites.engine.trials import SUBJECT
from suites.engine.violations import EngineViolation

STEP = "step_1"


def enter(at_ms: float, *, pid: int = 1, key: str = SUBJECT) -> Entered:
    return Entered(**_mark(at_ms, pid, key))


def leave(at_ms: float, *, pid: int = 1, key: str = SUBJECT) -> Left:
    return Left(**_mark(at_ms, pid, key))


def write(at_ms: float, event: str) -> JournalCall:
    return JournalCall(
        at_ms=at_ms,
        pid=1,
        order=0,
        method="events.create",
        began_at_ms=at_ms,
        event=event,
        correlation_id=STEP,
    )


def _mark(at_ms: float, pid: int, key: str) -> dict[str, Any]:
    about = {"key": key, "step": "often", "step_id": STEP, "attempt": 1}
    return {"at_ms": at_ms, "pid": pid, "order": 0, "execution": f"{pid}", **about}


class MadeUp:
    """A stage, and the only run on it."""

    id = "wrun_1"

    def __init__(
        self, ending: Ending, records: Sequence[Record], events: Sequence[LoggedEvent] = ()
    ) -> None:
        self._ending = ending
        self._journal = Journal(tuple(records))
        self._events = events
        self.asked: list[tuple[Any, Plan]] = []

    def program(self, shape: Any, plan: Plan = ()) -> MadeUp:
        self.asked.append((shape, plan))
        return self

    def await_end(self) -> Ending:
        return self._ending

    def journal(self) -> Journal:
        return self._journal

    def events(self) -> Sequence[LoggedEvent]:
        return self._events

    def witness(self, step_ids: object = ()) -> list[str]:
        return []


class TestAFanIn:
    CASE = FanIn(width=10, ms=100, last_ms=300)

    @given(draw_fan_ins())
    def test_no_fault_is_injected_and_a_completed_run_passes(self, case: FanIn) -> None:
        stage = MadeUp(Ending("completed", 0), [])
        play_fan_in(stage, case)  # type: ignore[arg-type]
        ((shape, plan),) = stage.asked
        assert not plan
        steps, last = shape["seq"]
        assert len({step["step"] for step in steps["all"]}) == case.width >= 10
        assert last["step"] == SUBJECT

    def test_a_step_that_is_given_up_without_a_failed_execution_fails_the_check(self) -> None:
        starts = [write(at, "step_started") for at in range(5)]
        records: list[Record] = [enter(5), *starts, write(6, "step_failed")]
        stage = MadeUp(Ending("failed"), records)
        with pytest.raises(
            EngineViolation, match=r"given up .* when 0 of its executions had failed"
        ):
            play_fan_in(stage, self.CASE)  # type: ignore[arg-type]


class TestTwoProcesses:
    BOTH = (enter(0, pid=1), enter(20, pid=2), leave(1_500, pid=1), leave(1_501, pid=2))
    COMPLETED = LoggedEvent("evnt_1", "step_completed", STEP)

    def play(self, monkeypatch: pytest.MonkeyPatch, events: Sequence[LoggedEvent]) -> Completions:
        monkeypatch.setattr("suites.engine.completions.share_messages", lambda *_: None)
        stage, found = MadeUp(Ending("completed"), self.BOTH, events), Completions()
        found.count([stage, stage], Simultaneous(steps=1))  # type: ignore[list-item]
        return found

    def test_a_step_that_two_processes_complete_once_is_counted(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = self.play(monkeypatch, [self.COMPLETED])
        assert found.describe().startswith("0 of 1 steps")

    def test_a_step_that_two_processes_complete_twice_fails_whatever_the_world_claims(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(EngineViolation, match=r"1 of 1 steps .* were completed twice"):
            self.play(monkeypatch, [self.COMPLETED, self.COMPLETED])
