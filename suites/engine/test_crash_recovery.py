"""Crash recovery: a process dies at any instant, another one goes on from what is stored."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeAlias

import msgspec
import pytest
from hypothesis import strategies as st

from harness.errors import DeploymentError
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


#: What a run waits for when its process dies.
Waiting: TypeAlias = Literal["a sleep", "a short sleep", "a hook", "the message after a payload"]


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

    waits_for: Waiting


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
    recoveries: dict[str, Recovery] = {}

    def play(case: AtPoint) -> None:
        plan = [Kill(at=find_point(case.point).place(), nth=case.nth)]
        recoveries[case.point] = play_death(
            open_own, SEQUENTIAL, plan, SEQUENTIAL_ANSWER, patient=True
        )

    points = [AtPoint(point=name) for name in describe_points()]
    try:
        # All at once: most of the time they wait to see whether a run goes on by itself.
        cases.run(points, play, together=len(points))
    finally:
        tell_recoveries(cases, recoveries)


def tell_recoveries(cases: Cases, recoveries: Mapping[str, Recovery]) -> None:
    """Say at which points a run goes on by itself, and what makes it go on at the others."""
    for name in describe_points():
        if name in recoveries:
            itself = recoveries[name].cause == "itself"
            cases.answer(f"recovers by itself: {name}", "yes" if itself else "no")
    others = [recovery for recovery in recoveries.values() if recovery.cause != "itself"]
    if others:
        cases.answer("the others go on after", ", ".join(sorted({item.cause for item in others})))
    refusals = {recovery.refused for recovery in others} - {""}
    if refusals:
        cases.answer("the World refuses to be started", ", ".join(sorted(refusals)))


@pytest.mark.engine("ENG-CRASH-KILL", cost=15)
def test_a_run_survives_a_kill_at_any_world_call(
    stage: Stage, open_own: Opened, cases: Cases
) -> None:
    def play(case: AtCall) -> None:
        plan = [Kill(at=Place(on="call", side=case.side), nth=case.call)]
        play_death(open_own, SEQUENTIAL, plan, SEQUENTIAL_ANSWER)

    calls = st.integers(1, count_calls(stage))
    deaths = st.builds(AtCall, call=calls, side=st.sampled_from(("before", "after")))
    cases.explore(AtCall, deaths, play)


def count_calls(stage: Stage) -> int:
    """Run the steps without a fault; return how often that calls the World.

    Raises:
        Inconclusive: the run does not end.
    """
    run = stage.program(SEQUENTIAL)
    ending = run.await_end()
    if ending.status != "completed":
        raise Inconclusive(f"without a fault the run is {ending.describe()}")
    return len(run.journal().calls())


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
            run = stage.program(
                {"seq": [{"step": "first"}, _PARKED[case.waits_for], {"step": "last"}]}
            )
            await_parking(run)
            recovery = _RECOVER[case.waits_for](stage, run)
            judge(run, recovery, ["first", _ANSWERS[case.waits_for], "last"])
            if case.waits_for in _ASLEEP:
                itself = recovery.cause == "itself"
                cases.answer(f"recovers by itself: {case.waits_for}", "yes" if itself else "no")

    cases.run([Parked(waits_for=what) for what in _PARKED], play)


def await_parking(run: Run) -> None:
    """Wait until the run has nothing to do but wait.

    Raises:
        Inconclusive: it never comes to that.
    """
    events = {"wait_created", "hook_created"}
    if not wait_until(lambda: any(item.event_type in events for item in run.events())):
        raise Inconclusive("the run never came to wait")


def recover_sleep(stage: Stage, run: Run) -> Recovery:
    """Kill the process while the run sleeps, and go on in another."""
    stage.end()
    return recover(stage, run, patient=True)


def recover_hook(stage: Stage, run: Run) -> Recovery:
    """Kill the process while the run waits for a hook, and resume it in another."""
    stage.end()
    stage.launch()
    stage.resume("parked", "payload")
    return Recovery(ending=run.await_end(), cause="itself")


def recover_payload(stage: Stage, run: Run) -> Recovery:
    """Let the process die between a payload and the message for it; send the next in another."""
    run.add_faults([Kill(at=Place(on="call", event="hook_received", side="after"))])
    with contextlib.suppress(DeploymentError):
        stage.resume("parked", "payload")
    if not stage.await_death():
        raise Inconclusive("the process did not die when the payload was written")
    stage.launch()
    stage.resume("parked", "the next")
    return Recovery(ending=run.await_end(), cause="itself")


_PARKED: dict[Waiting, Any] = {
    "a sleep": {"sleep": 2_000},
    # Over before the next process is there.
    "a short sleep": {"sleep": 300},
    "a hook": {"hook": "parked"},
    "the message after a payload": {"hook": "parked", "count": 2},
}
#: What nobody has to answer.
_ASLEEP = ("a sleep", "a short sleep")
_ANSWERS: dict[Waiting, Any] = {
    "a sleep": "slept 2000",
    "a short sleep": "slept 300",
    "a hook": ["payload"],
    "the message after a payload": ["payload", "the next"],
}
_RECOVER: dict[Waiting, Callable[[Stage, Run], Recovery]] = {
    "a sleep": recover_sleep,
    "a short sleep": recover_sleep,
    "a hook": recover_hook,
    "the message after a payload": recover_payload,
}
