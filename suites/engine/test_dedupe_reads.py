"""Dedupe of what is read: events that come again, and events that are stored twice."""

from __future__ import annotations

import time
from typing import Literal

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.plans import Damage, Echo
from suites.engine.cases import Cases
from suites.engine.logs import judge_repeats
from suites.engine.resting import PAYLOAD, await_hook, draw_token, start_at_rest
from suites.engine.stage import LoggedEvent, Run, Stage
from suites.engine.violations import Inconclusive, violate

#: Payloads that arrive while the run goes on.
_PAYLOADS = 4


class Echoing(msgspec.Struct, frozen=True, kw_only=True):
    """A World whose incremental reads return what the reader has already."""

    change: Literal["twice", "early"]
    ms: int
    #: Between one payload and the next.
    pause_ms: int


def play_echo(stage: Stage, case: Echoing) -> None:
    """Let a run read what it wrote itself again, between events that others write meanwhile."""
    token = draw_token()
    own = [{"step": "a", "ms": case.ms}, {"step": "b", "ms": case.ms}, {"sleep": 300}]
    own += [{"step": "c", "ms": case.ms}, {"step": "d", "ms": case.ms}]
    shape = {"all": [{"seq": own}, {"hook": token, "count": _PAYLOADS}]}
    run = stage.program(shape, plan=[Echo(change=case.change)])
    if not await_hook(run):
        raise Inconclusive("the run did not come to its hook")
    for number in range(_PAYLOADS):
        stage.resume(token, number)
        time.sleep(case.pause_ms / 1_000)
    ending = run.await_end()
    journal = run.journal()
    if not journal.faults():
        raise Inconclusive("nothing was read incrementally")
    expected = [["a", "b", "slept 300", "c", "d"], list(range(_PAYLOADS))]
    if ending.output != expected:
        violate(
            f"events that were read again changed the run: it is {ending.describe()}",
            run.witness(),
        )
    judge_repeats(run)


@pytest.mark.engine("ENG-LOCAL-DEDUPE", cost=8)
def test_events_that_are_read_again_are_recognized(stage: Stage, cases: Cases) -> None:
    echoes = st.builds(
        Echoing,
        change=st.sampled_from(["twice", "early"]),
        ms=st.sampled_from([20, 120]),
        pause_ms=st.sampled_from([0, 120, 250]),
    )
    cases.explore(Echoing, echoes, lambda case: play_echo(stage, case))


class Straggler(msgspec.Struct, frozen=True, kw_only=True):
    """A second event of a kind that the log holds already, of an entity that is through."""

    event: str


#: What happens once to a step, a wait or a hook, and how a step begins, which may be repeated.
_CLASSES = (
    "run_started",
    "step_created",
    "step_started",
    "step_retrying",
    "step_completed",
    "wait_created",
    "wait_completed",
    "hook_created",
)


def play_straggler(stage: Stage, cases: Cases, case: Straggler) -> None:
    """Put a copy of an early event where a late one stood that means nothing; replay the log."""
    first = draw_token()
    parts = [{"step": "a", "fails": 1}, {"sleep": 300}, {"hook": first}, {"step": "b"}]
    run, token, events = start_at_rest(stage, parts, [{"step": "c"}], resume=first)
    copied = next(item for item in events if item.event_type == case.event)
    run.add_faults(
        [
            Damage(
                change="replace",
                event_id=find_start(run, events, "b").event_id,
                other_id=copied.event_id,
            )
        ]
    )
    stage.resume(token, PAYLOAD)
    ending = run.await_end()
    if not run.journal().faults():
        raise Inconclusive("the log was not read with the event in it")
    skipped = ending.output == ["a", "slept 300", [PAYLOAD], "b", [PAYLOAD], "c"]
    cases.answer(case.event, "skipped" if skipped else ending.message[:40] or ending.status)
    if not skipped:
        violate(
            f"a second {case.event} behind the end of what it tells of is not skipped: the run is "
            f"{ending.describe()}",
            run.witness(),
        )


def find_start(run: Run, events: list[LoggedEvent], key: str) -> LoggedEvent:
    """Return the event that a step was started by; once the step is through it means nothing.

    Raises:
        Inconclusive: there is none.
    """
    ids = {item.step_id for item in run.journal().executions(key)}
    starts = [item for item in events if item.event_type == "step_started"]
    found = next((item for item in starts if item.correlation_id in ids), None)
    if found is None:
        raise Inconclusive(f"the log tells of no start of step {key}")
    return found


@pytest.mark.engine("ENG-DUP-CLASSES", cost=8)
def test_a_second_event_of_a_kind_is_skipped(stage: Stage, cases: Cases) -> None:
    stragglers = [Straggler(event=name) for name in _CLASSES]
    cases.run(stragglers, lambda case: play_straggler(stage, cases, case), together=len(stragglers))
