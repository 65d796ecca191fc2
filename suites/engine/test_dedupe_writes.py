"""Dedupe of what is written: one execution's outcome counts, and a write that fails is repeated."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.journal import Entered, Execution, Journal, JournalCall
from harness.nemesis.plans import Chaos, Fail, Fault, Place, Redeliver
from suites.engine.cases import Cases
from suites.engine.logs import has_come_to_rest, judge_endings
from suites.engine.resting import await_end_or_standstill
from suites.engine.stage import Run, Stage, wait_until
from suites.engine.violations import Inconclusive, violate

#: Longer than any World's queue waits before it delivers a message again that was refused.
_REDELIVERED_WITHIN_S = 30.0
_TWO_STEPS: dict[str, Any] = {"seq": [{"step": "a"}, {"step": "b"}]}
_TWO_ANSWERS = ["a", "b"]

#: What a World's write may fail with. The lines know the last two by their names.
ERRORS: dict[str, dict[str, Any]] = {
    "server error": {"name": "WorkflowWorldError", "message": "on purpose", "status": 500},
    "generic": {"name": "Error", "message": "on purpose"},
    "throttled": {"name": "ThrottleError", "message": "on purpose", "status": 429, "retryAfter": 1},
    "conflict": {"name": "EntityConflictError", "message": "on purpose", "status": 409},
}
#: A conflict without the name that tells it.
_NAMELESS = {"name": "WorkflowWorldError", "message": "on purpose", "status": 409}


class _Told(msgspec.Struct, frozen=True):
    key: str
    execution: int
    heard: list[_Told]


class Retold(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that tell which of their executions they are, executed again and again."""

    parts: int
    width: int
    ms: int
    seed: int
    rate: float
    #: When a step's message comes a second time.
    delay_ms: int


def play_retold(stage: Stage, case: Retold) -> None:
    """Deliver steps again; what the workflow is told must be what the log says, for good."""
    place = Place(on="message", kind="step")
    plan: list[Fault] = [
        Redeliver(at=place, when="late", delay_ms=case.delay_ms, times=case.parts * case.width),
        Chaos(at=Place(on="message", kind="start"), seed=case.seed, rate=case.rate),
        Chaos(at=Place(on="message", kind="wake"), seed=case.seed, rate=case.rate),
    ]
    run = stage.start("telling", case.parts, case.width, case.ms, plan=plan)
    ending = run.await_end()
    if not run.journal().faults():
        raise Inconclusive("no message came again")
    if ending.status != "completed":
        violate(f"the run is {ending.describe()}", run.witness())
    wait_until(lambda: has_come_to_rest(run))
    told = msgspec.convert(ending.output, list[list[_Told]])
    judge_told(run, case, told)
    late = find_late(run.journal())
    if late:
        violate(
            f"{len(late)} bodies were entered by deliveries that had been told, or could have "
            "known, that their step had completed",
            run.witness({item.step_id for item in late}),
        )


def judge_told(run: Run, case: Retold, told: list[list[_Told]]) -> None:
    """Raise when a step was left out, or its outcome is not the one that was logged first."""
    keys = [[item.key for item in part] for part in told]
    expected = [[f"{part}.{place}" for place in range(case.width)] for part in range(case.parts)]
    if keys != expected:
        violate(f"the workflow was told {keys}, not {expected}", run.witness())
    journal = run.journal()
    logged = find_logged(run, journal)
    for part, before in zip(told, [[], *told], strict=False):
        for item in part:
            steps = {found.step_id for found in journal.executions(item.key)}
            first = logged.get(item.key)
            if first is not None and first != item.execution:
                violate(
                    f"the log holds the outcome of execution {first} of step {item.key}, the "
                    f"workflow returned that of execution {item.execution}",
                    run.witness(steps),
                )
            heard = [(each.key, each.execution) for each in item.heard]
            if heard != [(each.key, each.execution) for each in before]:
                violate(
                    f"step {item.key} was told {heard}, which is not what the workflow returned",
                    run.witness(steps),
                )
    if not logged:
        raise Inconclusive("the journal does not tell which execution a logged outcome is of")


def find_logged(run: Run, journal: Journal) -> dict[str, int]:
    """Return which execution of each step the first outcome in the log is of, by the step's key."""
    writes = {item.event_id: item for item in journal.calls("events.create", "step_completed")}
    entries = [item for item in journal.records if isinstance(item, Entered)]
    logged: dict[str, int] = {}
    for event in run.events():
        write = writes.get(event.event_id)
        if event.event_type != "step_completed" or write is None:
            continue
        own = [
            item
            for item in entries
            if item.step_id == event.correlation_id
            and item.delivery == write.delivery
            and item.at_ms <= write.began_at_ms
        ]
        if own:
            logged.setdefault(own[-1].key, int(own[-1].execution.rpartition("-")[2]))
    return logged


def find_late(journal: Journal) -> list[Execution]:
    """Return the executions that began although their delivery could know of the step's outcome.

    It could when it began, or asked the World for the log or for the step, after the outcome had
    been written.
    """
    written: dict[str, float] = {}
    for call in journal.calls("events.create", "step_completed"):
        if call.error is None and call.correlation_id:
            written.setdefault(call.correlation_id, call.at_ms)
    begun = {item.delivery: item.at_ms for item in journal.deliveries()}
    return [
        item
        for item in journal.executions()
        if item.delivery
        and max([begun[item.delivery], *_list_questions(journal, item)])
        > written.get(item.step_id, float("inf"))
    ]


def _list_questions(journal: Journal, execution: Execution) -> list[float]:
    """Return when the delivery of an execution asked the World, before its body began."""
    return [
        item.began_at_ms
        for item in journal.records
        if isinstance(item, JournalCall)
        and item.delivery == execution.delivery
        and item.at_ms <= execution.entered_at_ms
        and (
            item.method == "events.list"
            or item.event == "run_started"
            or (item.event == "step_started" and item.correlation_id == execution.step_id)
        )
    ]


@pytest.mark.engine("ENG-STEP-AT-LEAST-ONCE", cost=10)
def test_the_outcome_that_is_logged_is_the_one_that_counts(stage: Stage, cases: Cases) -> None:
    retold = st.builds(
        Retold,
        parts=st.integers(1, 3),
        width=st.integers(1, 5),
        ms=st.sampled_from([0, 40]),
        seed=st.integers(0, 1_000),
        rate=st.sampled_from([0.3, 0.7]),
        delay_ms=st.sampled_from([10, 60, 300]),
    )
    cases.explore(Retold, retold, lambda case: play_retold(stage, case), examples=2)


class FailedWrite(msgspec.Struct, frozen=True, kw_only=True):
    """A write that the World answers with an error."""

    error: str
    #: Whether the World has done it all the same.
    side: Literal["before", "after"]
    times: int = 1


@pytest.mark.engine("ENG-OUTCOME-WRITE", cost=10)
def test_a_result_that_cannot_be_recorded_is_no_failure_of_its_step(
    stage: Stage, cases: Cases
) -> None:
    def play(case: FailedWrite) -> None:
        place = Place(on="call", event="step_completed", side=case.side)
        run = stage.program(_TWO_STEPS, plan=[Fail(at=place, error=ERRORS[case.error])])
        ending = await_end_or_standstill(run, _REDELIVERED_WITHIN_S)
        journal = run.journal()
        if not journal.faults():
            raise Inconclusive("no result was written")
        blamed = Counter(
            item.event_type
            for item in run.events()
            if item.event_type in {"step_failed", "step_retrying"}
        )
        if blamed:
            violate(
                f"the World's error became {', '.join(blamed)} of a step that had succeeded",
                run.witness(),
            )
        if ending.output != _TWO_ANSWERS:
            recorded = "had" if case.side == "after" else "had not"
            violate(
                f"the run is {ending.describe()} after the World {recorded} "
                f"recorded a step's result and answered with {ERRORS[case.error]['name']}",
                run.witness(),
            )

    # That somebody else recorded the result is believed: a conflict comes with a result only.
    writes = [
        FailedWrite(error=error, side=side)
        for error in ERRORS
        for side in ("before", "after")
        if (error, side) != ("conflict", "before")
    ]
    cases.run(writes, play, together=len(writes))


@pytest.mark.engine("ENG-TERMINAL-WRITE", cost=17)
def test_a_run_whose_end_cannot_be_recorded_ends_later_and_once(stage: Stage, cases: Cases) -> None:
    def play(case: FailedWrite) -> None:
        place = Place(on="call", event="run_completed", side=case.side)
        fault = Fail(at=place, error=ERRORS[case.error], times=case.times)
        run = stage.program(_TWO_STEPS, plan=[fault])
        ending = run.await_end()
        if not run.journal().faults():
            raise Inconclusive("the end was not written")
        if ending.output != _TWO_ANSWERS:
            violate(
                f"the run is {ending.describe()} after the World refused its "
                f"end {case.times} times",
                run.witness(),
            )
        if case.error != "conflict":
            wait_until(lambda: is_delivered_again(run), _REDELIVERED_WITHIN_S)
        judge_endings(run)

    writes = [
        FailedWrite(error="server error", side="before"),
        FailedWrite(error="server error", side="before", times=3),
        FailedWrite(error="server error", side="after"),
        FailedWrite(error="conflict", side="after"),
    ]
    cases.run(writes, play, together=len(writes))


def is_delivered_again(run: Run) -> bool:
    """Tell whether the delivery in which the World refused was followed by another, now through."""
    journal = run.journal()
    outcomes = journal.outcomes()
    refused = [item.delivery for item in journal.deliveries()]
    failed = [name for name in refused if outcomes.get(name, "").startswith("error")]
    later = refused[refused.index(failed[-1]) + 1 :] if failed else []
    return any(outcomes.get(name) == "done" for name in later)


class Nameless(msgspec.Struct, frozen=True, kw_only=True):
    """A write that is answered with a conflict, after it was done, by an error without a name."""

    event: str


@pytest.mark.engine("ENG-NAMED-ERRORS", cost=10)
def test_what_a_conflict_without_a_name_does(stage: Stage, cases: Cases) -> None:
    def play(case: Nameless) -> None:
        place = Place(on="call", event=case.event, side="after")
        shape = {"seq": [{"step": "a"}, {"sleep": 300}, {"step": "b"}]}
        run = stage.program(shape, plan=[Fail(at=place, error=_NAMELESS)])
        ending = await_end_or_standstill(run, _REDELIVERED_WITHIN_S)
        journal = run.journal()
        if not journal.faults():
            raise Inconclusive(f"{case.event} was not written")
        refused = sum(text.startswith("error") for text in journal.outcomes().values())
        again = len(journal.executions()) - len({item.key for item in journal.executions()})
        cases.answer(
            case.event,
            f"the run is {ending.status}; {refused} deliveries failed, {again} bodies were "
            "executed again",
        )

    events = (
        "run_started",
        "step_created",
        "step_started",
        "step_completed",
        "wait_created",
        "wait_completed",
        "run_completed",
    )
    cases.run([Nameless(event=event) for event in events], play, together=len(events))
