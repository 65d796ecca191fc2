"""Crash recovery, from outside: processes that always die, stand still, or lose their server."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal, TypeAlias

import msgspec
import pytest
from hypothesis import strategies as st

from harness.errors import DeploymentError
from harness.nemesis.plans import Kill, find_point
from suites.engine.cases import Cases
from suites.engine.restarts import (
    HANGS_S,
    LEASE,
    LEASE_VARIABLE,
    Outage,
    await_kill,
    judge_after,
    start_doomed,
)
from suites.engine.stage import Run, Stage
from suites.engine.violations import Inconclusive, violate

Opened: TypeAlias = Callable[..., AbstractContextManager[Stage]]

#: A step that may be tried once is not tried so often, however its processes died.
_DEATHS = 4
_LONG_LEASE_S = 6

_SEQUENTIAL = {"seq": [{"step": f"turn-{index}", "ms": 100} for index in range(6)]}
_PARALLEL = {"all": [{"step": f"crowd-{index}", "ms": 600} for index in range(6)]}
_MIXED = {"seq": [{"step": "before"}, {"sleep": 1_000}, {"step": "after", "fails": 1}]}


class Deadly(msgspec.Struct, frozen=True, kw_only=True):
    """A step whose every execution ends its process."""

    #: What the next process is given: as by a durable queue, or as by a World that was started.
    message: Literal["the same", "a new one"]


class Paused(msgspec.Struct, frozen=True, kw_only=True):
    """A process that stands still for a time, with all its runs."""

    after_ms: int
    lasts_ms: int


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """Connections to the World's server that are cut, once or several times."""

    after_ms: int
    times: int
    gap_ms: int
    parallel: bool


@pytest.mark.engine("ENG-RETRY-OWNED", cost=15)
def test_a_step_whose_process_always_dies_is_given_up(open_own: Opened, cases: Cases) -> None:
    cases.run([Deadly(message="the same")], lambda case: play_deaths(open_own, cases, case))


@pytest.mark.engine("ENG-RETRY-RESTARTED", cost=20)
def test_a_step_whose_process_always_dies_is_given_up_after_restarts(
    open_own: Opened, cases: Cases
) -> None:
    cases.run([Deadly(message="a new one")], lambda case: play_deaths(open_own, cases, case))


def play_deaths(open_own: Opened, cases: Cases, case: Deadly) -> None:
    """Restart the app whenever it has died; the step has to be given up before long."""
    shape = {"step": "deadly", "retries": 0, "dies": "always"}
    with open_own(env=LEASE) as stage:
        run = start_doomed(stage, shape, ())
        for _ in range(_DEATHS):
            if not await_kill(stage, run):
                break
            restart(stage, run, case)
        deaths = len(run.journal().executions("deadly"))
        if deaths == 0:
            raise Inconclusive("the step was never executed")
        given_up = deaths if deaths < _DEATHS else f"more than {deaths}"
        cases.answer("executions until it was given up", given_up)
        if deaths >= _DEATHS:
            violate(
                f"the step may be tried once; its process died in it {deaths} times, and it is "
                "tried again",
                run.witness(),
            )
        ending = run.await_end(HANGS_S)
        if ending.status != "failed":
            violate(
                f"after {deaths} executions that ended their process the step is not tried again, "
                f"but the run is {ending.status}",
                run.witness(),
            )


def restart(stage: Stage, run: Run, case: Deadly) -> None:
    """Start a process, give it the run's message, and see it die of it."""
    journal = run.journal()
    acknowledged = journal.outcomes()
    lost = [item for item in journal.deliveries() if item.delivery not in acknowledged]
    with contextlib.suppress(DeploymentError):
        stage.launch()
        if case.message == "the same" and lost and stage.cell.line != "v4":
            run.redeliver(lost[-1])
        elif not stage.world.starts:
            run.wake()


@pytest.mark.engine("ENG-CRASH-LEASE", cost=10)
def test_how_long_a_step_that_a_process_died_in_is_left_alone(
    open_own: Opened, cases: Cases
) -> None:
    shape = {"seq": [{"step": "first"}, {"step": "second"}]}
    plan = [Kill(at=find_point("body-ended").place(), nth=2)]
    with open_own(env={LEASE_VARIABLE: str(_LONG_LEASE_S)}) as stage:
        run = start_doomed(stage, shape, plan)
        if not await_kill(stage, run):
            raise Inconclusive("the process did not die in the step")
        restart(stage, run, Deadly(message="a new one"))
        run.await_end(_LONG_LEASE_S + HANGS_S)
        journal = run.journal()
        bodies = journal.executions("second")
        if len(bodies) < 2:
            raise Inconclusive("the step was not tried again")
        came = min(item.at_ms for item in journal.deliveries() if item.pid == bodies[-1].pid)
        stood_still_s = (bodies[-1].entered_at_ms - came) / 1000
        cases.answer("lease", f"{_LONG_LEASE_S} s (860 s by default)")
        cases.answer(
            "from the first message until the step was tried again", f"{stood_still_s:.1f} s"
        )
        waited = stood_still_s > 0.5
        cases.answer("a new message waits for the lease", "yes" if waited else "no")


@pytest.mark.engine("ENG-PAUSE", cost=10)
def test_a_process_that_stood_still_goes_on(open_own: Opened, cases: Cases) -> None:
    def play(case: Paused) -> None:
        with open_own() as stage:
            runs = [stage.program(shape) for shape in (_SEQUENTIAL, _PARALLEL, _MIXED)]
            time.sleep(case.after_ms / 1000)
            with stage.app.server.paused():
                time.sleep(case.lasts_ms / 1000)
            for run in runs:
                ending = run.await_end()
                if ending.status != "completed":
                    violate(
                        f"after a pause the run is {ending.describe()}",
                        run.witness(),
                    )
                refuse_second_bodies(run)

    pauses = st.builds(
        Paused, after_ms=st.integers(0, 900), lasts_ms=st.sampled_from([2_000, 3_000])
    )
    cases.explore(Paused, pauses, play, examples=0.5)


def refuse_second_bodies(run: Run) -> None:
    """See that no body was entered again that had not failed.

    Raises:
        Violation: one was.
    """
    succeeded: set[str] = set()
    for item in run.journal().executions():
        if item.key in succeeded:
            violate("a body was entered again after it had ended", run.witness({item.step_id}))
        if item.outcome == "left":
            succeeded.add(item.key)
        elif item.outcome == "cut off":
            violate(
                "a body never ended, though nobody killed its process", run.witness({item.step_id})
            )


@pytest.mark.engine("ENG-CONNECTION-LOSS", cost=25)
def test_a_run_outlives_its_connections(open_own: Opened, cases: Cases) -> None:
    def play(case: Cut) -> None:
        with open_own(env=LEASE) as stage:
            run = stage.program(_PARALLEL if case.parallel else _SEQUENTIAL)
            time.sleep(case.after_ms / 1000)
            cuts = 0
            for _ in range(case.times):
                cuts += stage.cut_connections() > 0
                time.sleep(case.gap_ms / 1000)
            if not cuts:
                raise Inconclusive("there was no connection to cut")
            outage = Outage(what="its connections were cut", times=cuts)
            judge_after(outage, stage, run, cases)

    cuts = st.builds(
        Cut,
        after_ms=st.integers(0, 700),
        times=st.integers(1, 3),
        gap_ms=st.sampled_from([50, 300]),
        parallel=st.booleans(),
    )
    cases.explore(Cut, cuts, play)
