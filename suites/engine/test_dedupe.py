"""Dedupe: what is delivered several times, or in any order, happens once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.plans import Chaos, MessageKind, Place, Plan, Redeliver, Shuffle
from suites.engine.cases import Cases
from suites.engine.logs import judge_endings, judge_repeats, judge_unmoved
from suites.engine.programs import Shape, can_answer, draw_programs, has_retries, list_awaited
from suites.engine.resting import PAYLOAD, draw_token, resume_to_the_end
from suites.engine.stage import Ending, EngineError, Run, Stage
from suites.engine.trials import ask_routes
from suites.engine.violations import Inconclusive, violate

#: Simple programs, one for each way in which messages follow each other.
SHAPES: tuple[Shape, ...] = (
    {"seq": [{"step": "a"}, {"step": "b"}, {"step": "c"}]},
    {"all": [{"step": f"s{place}"} for place in range(4)]},
    {"all": [{"seq": [{"step": f"{side}1"}, {"step": f"{side}2"}]} for side in "abcd"]},
    {"seq": [{"step": "a"}, {"sleep": 300}, {"step": "b"}]},
)


class Chaotic(msgspec.Struct, frozen=True, kw_only=True):
    """A program whose messages come twice, late and out of order."""

    shape: dict[str, Any]
    seed: int
    #: The share of messages that something happens to.
    rate: float
    #: How many messages are collected and let go in another order; 0: none are.
    shuffled: int = 0


def draw_chaos() -> st.SearchStrategy[Chaotic]:
    """Draw cases."""
    return st.builds(
        Chaotic,
        shape=st.one_of(draw_programs(failing=False), draw_programs(failing=True)),
        seed=st.integers(0, 1_000),
        rate=st.sampled_from([0.4, 0.8]),
        shuffled=st.sampled_from([0, 2, 3]),
    )


def plan_chaos(case: Chaotic) -> Plan:
    """Return what happens to the messages of a case."""
    # A step that fails at first is not delivered at will: how often it is started decides, on some
    # lines, how often it is tried again, which is for the suite retry inflation to judge.
    kinds: tuple[MessageKind | None, ...] = (
        ("start", "wake") if has_retries(case.shape) else (None,)
    )
    faults: list[Any] = [
        Chaos(at=Place(on="message", kind=kind), seed=case.seed, rate=case.rate) for kind in kinds
    ]
    if case.shuffled:
        messages = Place(on="message", kind=kinds[-1])
        faults.append(
            Shuffle(at=messages, nth=2, times=case.shuffled, count=case.shuffled, seed=case.seed)
        )
    return faults


def play_chaos(stage: Stage, case: Chaotic) -> tuple[Run, Ending]:
    """Play a program under chaos, and let its whole log be replayed when it is done.

    Raises:
        Inconclusive: nothing happened to its messages.
    """
    token = draw_token()
    run = stage.program({"seq": [case.shape, {"hook": token}]}, plan=plan_chaos(case))
    ending = resume_to_the_end(run, token)
    if not run.journal().faults():
        raise Inconclusive("nothing happened to the messages")
    return run, ending


def judge_answer(run: Run, ending: Ending, shape: Shape) -> None:
    """Raise when a program that waits for a payload at its end does not answer as it must.

    Raises:
        Violation: it did not complete, gave an answer that it cannot give, or left out a step.
    """
    if ending.status != "completed":
        violate(f"the run is {ending.describe()}", run.witness())
    answer = ending.output
    if not (
        isinstance(answer, list) and answer[1:] == [[PAYLOAD]] and can_answer(shape, answer[0])
    ):
        violate(f"the program answers {answer!r}, which it cannot", run.witness())
    left_out = list_awaited(shape) - {item.key for item in run.journal().executions()}
    if left_out:
        violate(f"steps were awaited and not executed: {sorted(left_out)}", run.witness())


@pytest.mark.engine("ENG-CHAOS", cost=15)
def test_a_program_answers_right_whatever_the_delivery(stage: Stage, cases: Cases) -> None:
    def play(case: Chaotic) -> None:
        run, ending = play_chaos(stage, case)
        judge_answer(run, ending, case.shape)

    cases.explore(Chaotic, draw_chaos(), play, examples=2)


@pytest.mark.engine("ENG-LOG-ONCE", cost=10)
def test_a_log_tells_once_what_happens_once(stage: Stage, cases: Cases) -> None:
    def play(case: Chaotic) -> None:
        run, ending = play_chaos(stage, case)
        if ending.status == "running":
            raise Inconclusive("the run did not end")
        judge_repeats(run)

    cases.explore(Chaotic, draw_chaos(), play)


class FanOut(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that end at about the same time."""

    width: int
    ms: int
    #: How often each message comes.
    deliveries: int = 1


@pytest.mark.engine("ENG-END-ONCE", cost=6)
def test_a_run_ends_once(stage: Stage, cases: Cases) -> None:
    def play(case: FanOut) -> None:
        plan: Plan = ()
        if case.deliveries > 1:
            fault = Redeliver(at=Place(on="message"), copies=case.deliveries - 1, times=4)
            plan = [fault]
        steps = [{"step": f"s{place}", "ms": case.ms} for place in range(case.width)]
        run = stage.program({"all": steps}, plan=plan)
        if run.await_end().status == "running":
            violate("the run did not end", run.witness())
        judge_endings(run)

    fans = st.builds(
        FanOut,
        width=st.integers(1, 8),
        ms=st.sampled_from([0, 20]),
        deliveries=st.sampled_from([1, 1, 2]),
    )
    cases.explore(FanOut, fans, play, examples=2)


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """A program whose messages come again."""

    #: Of `SHAPES`.
    shape: int
    copies: int
    when: Literal["together", "after the end"]


def draw_again(when: Literal["together", "after the end"]) -> st.SearchStrategy[Again]:
    """Draw cases."""
    return st.builds(
        Again,
        shape=st.integers(0, len(SHAPES) - 1),
        copies=st.integers(1, 4),
        when=st.just(when),
    )


def expect_answer(run: Run, ending: Ending, shape: Shape) -> None:
    """Raise when a program did not complete with its answer."""
    if ending.status != "completed" or not can_answer(shape, ending.output):
        violate(
            f"the run is {ending.describe()}",
            run.witness(),
        )


@pytest.mark.engine("ENG-REDELIVERY", cost=8)
def test_a_message_after_the_end_changes_nothing(stage: Stage, cases: Cases) -> None:
    def play(case: Again) -> None:
        run = stage.program(SHAPES[case.shape])
        ending = run.await_end()
        if ending.status != "completed":
            raise Inconclusive(f"without any fault the run is {ending.status}")
        judge_unmoved(run, ending, case.copies)

    cases.explore(Again, draw_again("after the end"), play)


@pytest.mark.engine("ENG-REDELIVERY", cost=6)
def test_a_message_delivered_several_times_at_once_counts_once(stage: Stage, cases: Cases) -> None:
    def play(case: Again) -> None:
        plan = [Redeliver(at=Place(on="message"), copies=case.copies, times=4)]
        run = stage.program(SHAPES[case.shape], plan=plan)
        ending = run.await_end()
        if not run.journal().faults():
            raise Inconclusive("no message was delivered again")
        expect_answer(run, ending, SHAPES[case.shape])

    cases.explore(Again, draw_again("together"), play)


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """A run's messages, delivered again in another process."""

    kind: MessageKind
    copies: int
    when: Literal["meanwhile", "after the end"]


@pytest.mark.engine("ENG-REDELIVERY-PROCESS", cost=12)
def test_a_message_delivered_in_a_second_process_counts_once(
    open_own: Callable[..., AbstractContextManager[Stage]], cases: Cases
) -> None:
    shape: Shape = {"all": [{"step": f"s{place}", "ms": 300} for place in range(5)]}
    kinds: tuple[MessageKind, ...] = ("start", "step", "wake")
    deliveries = [
        Elsewhere(kind=kind, copies=2, when=when)
        for kind in kinds
        for when in ("meanwhile", "after the end")
    ]
    with open_own() as first, first.second_process() as second:
        for process in (first, second):
            ask_routes(process)

        def play(case: Elsewhere) -> None:
            run = first.program({"seq": [shape, {"step": "last"}]})
            if case.when == "after the end":
                run.await_end()
            message, other = export_message(run, (first, second), case.kind)
            other.import_message(message, case.copies)
            ending = run.await_end()
            expect_answer(run, ending, {"seq": [shape, {"step": "last"}]})
            judge_repeats(run)

        cases.run(deliveries, play)


def export_message(
    run: Run, processes: tuple[Stage, Stage], kind: MessageKind
) -> tuple[str, Stage]:
    """Return one of a run's messages, and the process that was not given it.

    Raises:
        Inconclusive: none of the processes was given one.
    """

    def find() -> tuple[str, Stage] | None:
        for process, other in (processes, processes[::-1]):
            try:
                return Run(process, run.id).export_message(kind), other
            except EngineError:
                continue
        return None

    for _ in range(100):
        found = find()
        if found:
            return found
        if run.status().status != "running":
            break
    raise Inconclusive(f"no process was given a {kind} message")
