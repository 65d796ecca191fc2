"""Retry inflation: only failures of a step's body may use its retries up."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.plans import MessageKind, Place, Redeliver
from suites.engine.cases import Cases
from suites.engine.stage import EngineError, Run, Stage
from suites.engine.trials import (
    CROWD,
    FUNCTIONS,
    INLINE,
    SUBJECT,
    Retries,
    Trial,
    ask_routes,
    await_body,
    count_failures,
    find_write,
    judge_trial,
    list_starts,
    start_trial,
)
from suites.engine.violations import Inconclusive, NotApplicable, violate

#: Clocks and marks may be so far apart.
TOLERANCE_MS = 30
#: A run whose step waits a few seconds in all, and that has not ended by now, hangs.
HANGS_S = 20.0
HUNG = f"its run hangs, {HANGS_S:.0f} s later"


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """One message, delivered several times while the body runs that it is for."""

    trial: Trial
    #: Deliveries in all, 1..12.
    deliveries: int
    #: Between one delivery and the next.
    gap_ms: int = 20


def draw_trials(*, failing: bool) -> st.SearchStrategy[Trial]:
    """Draw subjects that have to succeed: they fail less often than they are tried."""

    def complete(retries: Retries) -> st.SearchStrategy[Trial]:
        places = st.lists(
            st.integers(1, retries + 1), min_size=1, max_size=max(1, retries), unique=True
        )
        return st.builds(
            Trial,
            retries=st.just(retries),
            failing=places.map(lambda found: tuple(sorted(found))) if failing else st.just(()),
            ms=st.sampled_from([1_500, 800]),
            fail_ms=st.sampled_from([0, 60, 200]) if failing else st.just(0),
        )

    choices: list[Retries] = [1, 1, 3] if failing else [0, 1, 3]
    return st.sampled_from(choices).flatmap(complete)


def draw_deliveries(kind: MessageKind, *, failing: bool) -> st.SearchStrategy[Deliveries]:
    """Draw cases. What deliveries of a run do at once is another suite's: here they come later."""
    return st.builds(
        Deliveries,
        trial=draw_trials(failing=failing),
        deliveries=st.integers(1, 12),
        gap_ms=st.sampled_from([60, 150, 0] if kind == "step" else [250, 100, 60]),
    )


def play_deliveries(stage: Stage, case: Deliveries, kind: MessageKind) -> None:
    """Deliver a message several times; the subject has to succeed all the same."""
    run = start_deliveries(stage, case, kind)
    judge_trial(run, run.await_end(), case.trial.retries)
    if case.deliveries > 1 and not run.journal().faults():
        raise Inconclusive("the subject got no message of its own: nothing was delivered again")


def start_deliveries(stage: Stage, case: Deliveries, kind: MessageKind) -> Run:
    """Start the run of a case, with its faults."""
    of_step = kind == "step"
    place = Place(on="message", kind=kind, step=FUNCTIONS[case.trial.retries] if of_step else None)
    plan = [Redeliver(at=place, copies=case.deliveries - 1, delay_ms=case.gap_ms)]
    return start_trial(
        stage, case.trial, CROWD if of_step else 0, plan if case.deliveries > 1 else ()
    )


@pytest.mark.engine("ENG-INFLATION-GUARD", cost=10)
def test_deliveries_of_a_step_do_not_give_it_up(stage: Stage, cases: Cases) -> None:
    strategy = draw_deliveries("step", failing=False)
    cases.explore(
        Deliveries, strategy, lambda case: play_deliveries(stage, case, "step"), examples=2
    )


@pytest.mark.engine("ENG-INFLATION-CATCH", cost=25)
def test_deliveries_of_a_step_do_not_use_its_retries_up(stage: Stage, cases: Cases) -> None:
    strategy = draw_deliveries("step", failing=True)
    cases.explore(
        Deliveries, strategy, lambda case: play_deliveries(stage, case, "step"), examples=2
    )


@pytest.mark.engine("ENG-INFLATION-GUARD", cost=8)
def test_deliveries_of_a_run_do_not_give_its_step_up(stage: Stage, cases: Cases) -> None:
    require_inline(stage)
    strategy = draw_deliveries("start", failing=False)
    cases.explore(
        Deliveries, strategy, lambda case: play_deliveries(stage, case, "start"), examples=2
    )


@pytest.mark.engine("ENG-INFLATION-CATCH", cost=20)
def test_deliveries_of_a_run_do_not_use_its_steps_retries_up(stage: Stage, cases: Cases) -> None:
    require_inline(stage)
    strategy = draw_deliveries("start", failing=True)
    cases.explore(
        Deliveries, strategy, lambda case: play_deliveries(stage, case, "start"), examples=3
    )


def require_inline(stage: Stage) -> None:
    """Leave out the lines whose steps have messages of their own, always."""
    if stage.cell.line not in INLINE:
        raise NotApplicable(f"line {stage.cell.line} executes no step for the run's own message")


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """Two processes that take messages, and a step's message in the one that has not got it."""

    trial: Trial
    #: It is delivered while a body runs, and so many executions have failed.
    after: int = 0
    #: How often; 0: the processes are left alone.
    copies: int = 1


def draw_meetings(*, failing: bool) -> st.SearchStrategy[Meeting]:
    """Draw cases in which the subject has to succeed."""

    def complete(retries: Retries) -> st.SearchStrategy[Meeting]:
        places = st.lists(st.integers(1, retries + 1), min_size=1, max_size=retries, unique=True)
        return st.builds(
            Meeting,
            trial=places.map(
                lambda found: Trial(
                    retries=retries, failing=tuple(sorted(found)), ms=1_200, fail_ms=600
                )
            ),
            after=st.integers(0, 1),
            copies=st.integers(1, 4),
        )

    if failing:
        failable: list[Retries] = [1, 3]
        return st.sampled_from(failable).flatmap(complete)
    choices: list[Retries] = [0, 1, 3]
    return st.builds(
        Meeting,
        trial=st.sampled_from(choices).map(lambda retries: Trial(retries=retries, ms=1_200)),
        copies=st.integers(0, 4),
    )


def play_meeting(stages: Sequence[Stage], case: Meeting) -> None:
    """Let two processes have one step's message at the same time."""
    run = start_trial(stages[0], case.trial, CROWD)
    with ThreadPoolExecutor(1) as pool:
        delivered = pool.submit(hand_over, stages, run, case) if case.copies else None
        judge_trial(run, run.await_end(), case.trial.retries)
        if delivered:
            delivered.result()
    copies = [item for item in run.journal().deliveries("step") if item.cause == "nemesis"]
    if len(copies) < case.copies:
        raise Inconclusive("the second process was not given the message")


def hand_over(stages: Sequence[Stage], run: Run, case: Meeting) -> None:
    """Deliver the step's message in the process that does not execute the step now."""
    running = await_body(run, case.after, HANGS_S)
    owner, other = sorted(stages, key=lambda item: item.app.identity.pid != running.pid)
    try:
        message = Run(owner, run.id).export_message("step", step=FUNCTIONS[case.trial.retries])
        other.import_message(message, case.copies)
    except EngineError as error:
        raise Inconclusive(f"the message could not be handed over: {error}") from error


def explore_meetings(stage: Stage, cases: Cases, *, failing: bool) -> None:
    """Play cases in which two processes meet."""
    if stage.world.processes == "one":
        raise NotApplicable(f"World {stage.world.id} is documented for one process")
    with stage.second_process() as second:
        for process in (stage, second):
            ask_routes(process)
        strategy = draw_meetings(failing=failing)
        cases.explore(Meeting, strategy, lambda case: play_meeting((stage, second), case))


@pytest.mark.engine("ENG-INFLATION-GUARD", cost=12)
def test_a_second_process_does_not_give_a_step_up(stage: Stage, cases: Cases) -> None:
    explore_meetings(stage, cases, failing=False)


@pytest.mark.engine("ENG-INFLATION-CATCH", cost=20)
def test_a_second_process_does_not_use_a_steps_retries_up(stage: Stage, cases: Cases) -> None:
    explore_meetings(stage, cases, failing=True)


@pytest.mark.engine("ENG-ATTEMPT-TOLD", cost=6)
def test_the_attempt_that_a_body_is_told_is_recorded(stage: Stage, cases: Cases) -> None:
    kinds: list[MessageKind] = ["step", "start"] if stage.cell.line in INLINE else ["step"]
    told: list[tuple[int, int, int]] = []

    def play(case: Deliveries) -> None:
        for kind in kinds:
            run = start_deliveries(stage, case, kind)
            run.await_end()
            bodies = run.journal().executions(SUBJECT)
            told.extend(
                (item.attempt, place, count_failures(bodies, item.entered_at_ms))
                for place, item in enumerate(bodies, start=1)
            )

    given = [
        Deliveries(trial=Trial(retries=3, failing=failing, ms=800, fail_ms=60), deliveries=number)
        for number in (1, 4, 8)
        for failing in ((), (1,))
    ]
    cases.run(given, play)
    attempt, place, failures = max(told, key=lambda item: item[0] - item[2], default=(0, 0, 0))
    cases.answer(
        "furthest from the failures",
        f"attempt {attempt} told to execution {place}, after {failures} failures",
    )
    cases.answer(
        "attempt is failures + 1",
        f"{sum(attempt == failures + 1 for attempt, _, failures in told)} of {len(told)} bodies",
    )
    cases.answer(
        "attempt is the number of the execution",
        f"{sum(attempt == place for attempt, place, _ in told)} of {len(told)} bodies",
    )


class Failing(msgspec.Struct, frozen=True, kw_only=True):
    """A step that always fails, its messages delivered one after the other."""

    retries: Retries
    how: Literal["error", "retryable", "fatal"]
    #: Steps beside it; with enough of them it has a message of its own from the beginning.
    bystanders: int


def play_failing(stage: Stage, case: Failing) -> None:
    """Let a step fail until it is given up."""
    subject = {"step": SUBJECT, "retries": case.retries, "fails": 99, "how": case.how}
    others = [{"step": f"bystander-{place}"} for place in range(case.bystanders)]
    run = stage.program({"all": [*others, subject]})
    status = run.await_end(HANGS_S).status
    bodies = run.journal().executions(SUBJECT)
    steps = {item.step_id for item in bodies}
    entries = 1 if case.how == "fatal" else case.retries + 1
    attempts = [item.attempt for item in bodies]
    log = [event.event_type for event in run.events() if event.correlation_id in steps]
    found_and_wanted = {
        "run": (status, "failed"),
        "attempts told": (attempts, list(range(1, entries + 1))),
        "step_started": (log.count("step_started"), entries),
        "step_retrying": (log.count("step_retrying"), entries - 1),
        "step_failed": (log.count("step_failed"), 1),
    }
    wrong = [
        f"{name} {found}, not {wanted}"
        for name, (found, wanted) in found_and_wanted.items()
        if found != wanted
    ]
    if wrong:
        violate(
            f"a step with maxRetries {case.retries} always fails ({case.how}), beside "
            f"{case.bystanders} others: {'; '.join(wrong)}",
            run.witness(steps),
        )


@pytest.mark.engine("ENG-RETRY-COUNT", cost=15)
def test_a_step_that_always_fails_is_tried_as_often_as_it_says(stage: Stage, cases: Cases) -> None:
    hows: list[Literal["error", "retryable", "fatal"]] = ["error", "retryable", "fatal"]
    choices: list[Retries] = [3, 1, 0]
    given = [
        Failing(retries=retries, how=how, bystanders=bystanders)
        for retries in choices
        for how in hows
        for bystanders in (0, CROWD)
    ]
    cases.run(given, lambda case: play_failing(stage, case))


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """A step that fails once, soon, while the steps beside it are begun and completed."""

    bystanders: int
    fail_ms: int


def play_beside(stage: Stage, case: Beside) -> None:
    """Let a step fail once; it has to be tried again."""
    trial = Trial(retries=3, failing=(1,), fail_ms=case.fail_ms)
    run = start_trial(stage, trial, case.bystanders)
    ending = run.await_end(HANGS_S)
    bodies = run.journal().executions(SUBJECT)
    if ending.status == "running" and [item.outcome for item in bodies] == ["failed"]:
        violate(
            f"a step failed once, and was not tried again: {HUNG}",
            run.witness({item.step_id for item in bodies}),
        )
    judge_trial(run, ending, trial.retries)


@pytest.mark.engine("ENG-RETRY-COUNT", cost=12)
def test_a_step_that_fails_beside_others_is_tried_again(stage: Stage, cases: Cases) -> None:
    strategy = st.builds(Beside, bystanders=st.integers(CROWD, 8), fail_ms=st.integers(0, 6))
    cases.explore(Beside, strategy, lambda case: play_beside(stage, case), examples=5)


class Postponed(msgspec.Struct, frozen=True, kw_only=True):
    """A step that asks to be tried again later, and whose messages come back before that."""

    retries: Literal[1, 3]
    wait_ms: int
    #: How often the message comes once more meanwhile.
    copies: int
    kind: MessageKind = "step"


def draw_postponed(line: str) -> st.SearchStrategy[Postponed]:
    """Draw cases."""
    return st.builds(
        Postponed,
        retries=st.sampled_from([1, 3]),
        wait_ms=st.integers(1_500, 3_500),
        copies=st.integers(1, 6),
        kind=st.sampled_from(["step", "start"] if line in INLINE else ["step"]),
    )


def play_postponed(stage: Stage, case: Postponed) -> None:
    """Deliver a message again and again before the step may be tried."""
    trial = Trial(retries=case.retries, failing=(1,), how="retryable", retry_after_ms=case.wait_ms)
    of_step = case.kind == "step"
    place = Place(on="message", kind=case.kind, step=FUNCTIONS[case.retries] if of_step else None)
    gap_ms = (case.wait_ms - 600) // case.copies
    plan = [Redeliver(at=place, copies=case.copies, delay_ms=gap_ms, once=True)]
    run = start_trial(stage, trial, CROWD if of_step else 0, plan)
    ending = run.await_end(HANGS_S)
    journal = run.journal()
    bodies = journal.executions(SUBJECT)
    steps = {item.step_id for item in bodies}
    starts = list_starts(journal, steps)
    recorded = find_write(journal, steps, "step_retrying")
    if recorded is None or bodies[0].ended_at_ms is None:
        raise Inconclusive("no failure was recorded, so there was nothing to wait for")
    if any(item.began_at_ms < recorded for item in starts[1:]):
        raise Inconclusive("the step was started again before its failure was recorded")
    if ending.status == "running" and len(bodies) == 1:
        violate(f"a step failed once, and its retry never came: {HUNG}", run.witness(steps))
    due = bodies[0].ended_at_ms + case.wait_ms
    early = [item for item in bodies[1:] if item.entered_at_ms < due - TOLERANCE_MS]
    if early:
        ahead = due - early[0].entered_at_ms
        violate(f"a body was entered {ahead:.0f} ms before its retryAfter", run.witness(steps))
    copies = [item.at_ms for item in journal.deliveries(case.kind) if item.cause == "nemesis"]
    if not any(recorded < at < due for at in copies):
        raise Inconclusive("no message came between the failure and the retry")
    last = bodies[-1].ended_at_ms or bodies[-1].entered_at_ms
    if any(due - TOLERANCE_MS <= at < last for at in copies):
        raise Inconclusive("a message that was to come early came beside the retry")
    attempts = [item.attempt for item in bodies]
    if ending.status != "completed" or attempts != [1, 2] or len(starts) != 2:
        violate(
            f"a step that failed once was delivered {len(copies)} times before it was due: its run "
            f"is {ending.describe()}, its bodies were told attempts {attempts}, "
            f"it was started {len(starts)} times",
            run.witness(steps),
        )


@pytest.mark.engine("ENG-RETRY-AFTER", cost=10)
def test_no_body_is_entered_before_its_retry_is_due(stage: Stage, cases: Cases) -> None:
    strategy = draw_postponed(stage.cell.line)
    cases.explore(Postponed, strategy, lambda case: play_postponed(stage, case))
