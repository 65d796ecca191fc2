"""Retry inflation: only failures of a step's body may use its retries up."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.plans import Place, Redeliver
from suites.engine.cases import Cases
from suites.engine.stage import Stage
from suites.engine.violations import Inconclusive, violate

Retries = Literal[0, 1, 3]

#: The steps of a program, by how often they are tried again.
STEPS: dict[int, str] = {0: "once", 1: "twice", 3: "often"}
#: With so many more steps at once than the engine executes inline, some get messages of their own.
CROWD = 5


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """One step message, delivered several times at once."""

    #: Deliveries in all, 1..12.
    deliveries: int
    retries: Retries
    #: How often the body fails before it succeeds; at most `retries`.
    fails: int = 0
    body_ms: int = 400
    #: Between one delivery and the next.
    gap_ms: int = 0
    #: How many other steps run at the same time.
    crowd: int = CROWD


def draw_deliveries(*, failing: bool) -> st.SearchStrategy[Deliveries]:
    """Draw cases in which a step may succeed: it fails less often than it is tried."""

    def complete(retries: Retries) -> st.SearchStrategy[Deliveries]:
        return st.builds(
            Deliveries,
            deliveries=st.integers(2, 12),
            retries=st.just(retries),
            fails=st.integers(1, retries) if failing else st.just(0),
            body_ms=st.sampled_from([0, 100, 400]),
            gap_ms=st.sampled_from([0, 3, 20]),
            crowd=st.sampled_from([CROWD, CROWD, 0]),
        )

    choices: list[Retries] = [1, 3] if failing else [0, 1, 3]
    return st.sampled_from(choices).flatmap(complete)


def play_deliveries(stage: Stage, case: Deliveries) -> None:
    """Deliver a step's message several times at once; the step has to succeed all the same."""
    body = {"retries": case.retries, "ms": case.body_ms}
    crowd = [{"step": f"other-{index}", **body} for index in range(case.crowd)]
    shape = {"all": [*crowd, {"step": "subject", **body, "fails": case.fails}]}
    message = Place(on="message", kind="step", step=STEPS[case.retries])
    # Every message of the crowd: which of them is the subject's, the engine decides.
    plan = [
        Redeliver(
            at=message, copies=case.deliveries - 1, delay_ms=case.gap_ms, times=case.crowd + 1
        )
    ]
    run = stage.program(shape, plan=plan)
    ending = run.await_end()
    journal = run.journal()
    subject = {item.step_id for item in journal.executions("subject")}
    copies = [
        item
        for item in journal.deliveries("step")
        if item.cause == "nemesis" and item.step_id in subject
    ]
    if ending.status == "completed":
        if not journal.faults():
            raise Inconclusive("no step got a message of its own, so none was delivered twice")
        return
    failed = sum(item.outcome == "failed" for item in journal.executions("subject"))
    violate(
        f"the run is {ending.status} ({ending.message[:120]}) although the body failed {failed} "
        f"times and may fail {case.retries} times; its message was delivered "
        f"{len(copies) + 1} times",
        run.witness(subject),
    )


@pytest.mark.engine("ENG-INFLATION-GUARD", cost=20)
def test_concurrent_deliveries_of_a_healthy_step_do_not_fail_it(stage: Stage, cases: Cases) -> None:
    cases.explore(
        Deliveries, draw_deliveries(failing=False), lambda case: play_deliveries(stage, case)
    )


@pytest.mark.engine("ENG-INFLATION-CATCH", cost=30)
def test_concurrent_deliveries_do_not_use_up_the_retries_of_a_step_that_fails(
    stage: Stage, cases: Cases
) -> None:
    cases.explore(
        Deliveries, draw_deliveries(failing=True), lambda case: play_deliveries(stage, case)
    )
