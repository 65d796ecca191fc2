"""Crash recovery: a process dies at any instant, another one goes on from what is stored."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeAlias

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.plans import Kill, Place, Plan, describe_points, find_point
from suites.engine.cases import Cases
from suites.engine.restarts import (
    LEASE,
    Recovery,
    await_kill,
    judge,
    recover,
    start_doomed,
)
from suites.engine.stage import Run, Stage, wait_until
from suites.engine.violations import Inconclusive

Opened: TypeAlias = Callable[..., AbstractContextManager[Stage]]

#: Shorter than a lease, long enough for parallel bodies to overlap.
_BODY = {"ms": 40}
_STEPS = ("first", "second", "third")
_CROWD = tuple(f"crowd-{index}" for index in range(5))

#: One step after the other: when the process dies, at most one call is under way.
SEQUENTIAL = {"seq": [{"step": name, **_BODY} for name in _STEPS]}
SEQUENTIAL_ANSWER: list[Any] = list(_STEPS)
#: More steps at once than any line executes inline: several calls are under way.
PARALLEL = {"seq": [{"step": "first", **_BODY}, {"all": [{"step": n, **_BODY} for n in _CROWD]}]}
PARALLEL_ANSWER: list[Any] = ["first", list(_CROWD)]

#: Points that a run passes once for each step.
_OF_STEPS = ("step-created", "step-started", "in-body", "body-ended", "step-completed")


class AtPoint(msgspec.Struct, frozen=True, kw_only=True):
    """A process that dies at a named point (`points.toml`)."""

    point: str
    #: How often the run passes the point alive, and once.
    nth: int = 1


class AtCall(msgspec.Struct, frozen=True, kw_only=True):
    """A process that dies before or after one of the run's World calls, of whatever kind."""

    #: Counted from 1.
    call: int
    side: Literal["before", "after"]


class Parked(msgspec.Struct, frozen=True, kw_only=True):
    """A process that dies while its run waits for nothing but time, or for somebody's answer."""

    waits_for: Literal["a sleep", "a hook"]
    #: How long it sleeps; longer or shorter than the restart takes.
    sleep_ms: int = 2_000


def play_death(
    open_own: Opened, shape: Any, plan: Plan, expected: Any, *, patient: bool = False
) -> Recovery:
    """Let a process die as planned, go on in another, and see that nothing is lost or repeated."""
    with open_own(env=LEASE) as stage:
        run = start_doomed(stage, shape, plan)
        if not await_kill(stage, run):
            raise Inconclusive("the run ended before it came to where its process was to die")
        recovery = recover(stage, run, patient=patient)
        judge(run, recovery, expected)
        return recovery


@pytest.mark.engine("ENG-CRASH-KILL", cost=25)
def test_a_run_survives_a_kill_at_every_named_point(open_own: Opened, cases: Cases) -> None:
    def play(case: AtPoint) -> None:
        place = find_point(case.point).place()
        plan = [Kill(at=place, nth=case.nth)]
        recovery = play_death(open_own, SEQUENTIAL, plan, SEQUENTIAL_ANSWER, patient=True)
        itself = recovery.cause == "itself"
        cases.answer(f"recovers by itself: {case.point}", "yes" if itself else "no")
        if not itself:
            refused = f" ({recovery.refused})" if recovery.refused else ""
            cases.answer("goes on after", recovery.cause + refused)

    points = [AtPoint(point=name) for name in describe_points()]
    # All at once: most of the time they wait to see whether a run goes on by itself.
    cases.run(points, play, together=len(points))


@pytest.mark.engine("ENG-CRASH-KILL", cost=15)
def test_a_run_survives_a_kill_at_any_world_call(open_own: Opened, cases: Cases) -> None:
    def play(case: AtCall) -> None:
        plan = [Kill(at=Place(on="call", side=case.side), nth=case.call)]
        play_death(open_own, SEQUENTIAL, plan, SEQUENTIAL_ANSWER)

    deaths = st.builds(AtCall, call=st.integers(1, 24), side=st.sampled_from(("before", "after")))
    cases.explore(AtCall, deaths, play)


@pytest.mark.engine("ENG-CRASH-CONCURRENT", cost=20)
def test_parallel_steps_survive_a_kill(open_own: Opened, cases: Cases) -> None:
    def play(case: AtPoint) -> None:
        plan = [Kill(at=find_point(case.point).place(), nth=case.nth)]
        play_death(open_own, PARALLEL, plan, PARALLEL_ANSWER)

    deaths = st.builds(
        AtPoint, point=st.sampled_from(_OF_STEPS), nth=st.integers(2, 1 + len(_CROWD))
    )
    cases.explore(AtPoint, deaths, play)


@pytest.mark.engine("ENG-CRASH-PARKED", cost=15)
def test_a_run_that_waits_survives_a_kill(open_own: Opened, cases: Cases) -> None:
    def play(case: Parked) -> None:
        with open_own(env=LEASE) as stage:
            parked = {"hook": "parked"} if case.waits_for == "a hook" else {"sleep": case.sleep_ms}
            shape = {"seq": [{"step": "first"}, parked, {"step": "last"}]}
            run = stage.program(shape)
            await_parking(run)
            stage.end()
            recovery = recover_parked(stage, run, case)
            answer = ["payload"] if case.waits_for == "a hook" else f"slept {case.sleep_ms}"
            judge(run, recovery, ["first", answer, "last"])
            itself = recovery.cause == "itself"
            cases.answer(f"recovers by itself: {case.waits_for}", "yes" if itself else "no")

    cases.run(
        [
            Parked(waits_for="a sleep"),
            Parked(waits_for="a sleep", sleep_ms=300),
            Parked(waits_for="a hook"),
        ],
        play,
    )


def await_parking(run: Run) -> None:
    """Wait until the run has nothing to do but wait."""
    events = {"wait_created", "hook_created"}
    if not wait_until(lambda: any(item.event_type in events for item in run.events())):
        raise Inconclusive("the run never came to wait")


def recover_parked(stage: Stage, run: Run, case: Parked) -> Recovery:
    """Go on in another process; for a hook, somebody has to answer."""
    if case.waits_for == "a sleep":
        return recover(stage, run, patient=True)
    stage.launch()
    stage.resume("parked", "payload")
    return Recovery(ending=run.await_end(), cause="itself")
