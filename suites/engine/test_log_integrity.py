"""Log integrity: a log that cannot be true ends its run as corrupted, never with a wrong answer.

A run comes to rest at a hook. Then the log is damaged, as the engine reads it, and the run resumed:
its whole log is replayed. What the World stores stays whole.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st

from harness.nemesis.plans import Damage
from suites.engine.cases import Cases
from suites.engine.resting import PAYLOAD, await_end_or_standstill, start_at_rest
from suites.engine.stage import Ending, EngineError, LoggedEvent, Run, Stage
from suites.engine.violations import Inconclusive, violate

#: Line -> the code of a run whose log is refused.
REFUSED = {
    **dict.fromkeys(("v4", "v5", "v5-latest"), "CORRUPTED_EVENT_LOG"),
    "py": "REPLAY_DIVERGENCE",
}
#: What a run does before it comes to rest, and behind its hook.
PARTS: tuple[tuple[dict[str, Any], ...], ...] = (
    ({"step": "a"}, {"step": "b"}),
    ({"step": "a"}, {"sleep": 300}, {"step": "b"}),
    ({"all": [{"step": "a"}, {"step": "b"}, {"step": "c"}]}, {"step": "d"}),
)
ANSWERS: tuple[list[Any], ...] = (
    ["a", "b"],
    ["a", "slept 300", "b"],
    [["a", "b", "c"], "d"],
)
LAST = "last"


class Damaged(msgspec.Struct, frozen=True, kw_only=True):
    """One damage to the log of a run at rest."""

    #: Of `PARTS`.
    parts: int
    #: Which event, counted from the start of the log; larger numbers wrap around.
    place: int
    #: How far behind it the event lies that it changes places with.
    distance: int = 1


def draw_damages(distances: st.SearchStrategy[int]) -> st.SearchStrategy[Damaged]:
    """Draw cases."""
    return st.builds(
        Damaged,
        parts=st.sampled_from([0, 0, 2, 1]),
        # The first is passed over: no line misses that a run was created.
        place=st.integers(0, 20),
        distance=distances,
    )


def rest(stage: Stage, parts: int) -> tuple[Run, str, list[LoggedEvent]]:
    """Bring a run to rest at its hook."""
    return start_at_rest(stage, list(PARTS[parts]), [{"step": LAST}])


def resume_damaged(run: Run, token: str, damage: Damage) -> Ending:
    """Damage a run's log as it is read from now on, resume the run and wait for its end.

    Raises:
        Inconclusive: nobody read the damaged part.
    """
    run.add_faults([damage])
    try:
        run.stage.resume(token, PAYLOAD)
    except EngineError as error:
        raise Inconclusive(f"the hook could not be resumed: {error}") from error
    ending = await_end_or_standstill(run)
    if not run.journal().faults():
        raise Inconclusive("the damaged part of the log was not read")
    return ending


def is_refused(run: Run, ending: Ending) -> bool:
    """Tell whether a run ended because its log was refused."""
    return ending.status == "failed" and ending.message.startswith(REFUSED[run.stage.cell.line])


def judge_damaged(run: Run, ending: Ending, parts: int, what: str) -> None:
    """Raise when a run whose log was damaged neither was refused nor gave the right answer.

    Raises:
        Violation: it completed wrongly, failed in another way, or did not end.
    """
    if is_refused(run, ending) or ending.output == [*ANSWERS[parts], [PAYLOAD], LAST]:
        return
    deliveries = len(run.journal().deliveries())
    violate(
        f"after {what}, the run is {ending.describe()} ({deliveries} deliveries)",
        run.witness(),
    )


def pick_inner(events: list[LoggedEvent], place: int) -> int:
    """Return a place in a log that is neither its first nor its last."""
    return 1 + place % (len(events) - 2)


@pytest.mark.engine("ENG-LOG-GAP", cost=8)
def test_a_log_with_a_gap_gives_no_wrong_answer(stage: Stage, cases: Cases) -> None:
    def play(case: Damaged) -> None:
        run, token, events = rest(stage, case.parts)
        lost = events[pick_inner(events, case.place)]
        ending = resume_damaged(run, token, Damage(change="drop", event_id=lost.event_id))
        judge_damaged(run, ending, case.parts, f"{lost.event_type} was lost")

    cases.explore(Damaged, draw_damages(st.just(1)), play, examples=2)


@pytest.mark.engine("ENG-LOG-DENSE", cost=6)
def test_an_empty_place_is_noticed_whatever_stood_there(stage: Stage, cases: Cases) -> None:
    def play(case: Damaged) -> None:
        run, token, events = rest(stage, case.parts)
        lost = events[pick_inner(events, case.place)]
        ending = resume_damaged(run, token, Damage(change="drop", event_id=lost.event_id))
        if not is_refused(run, ending):
            violate(
                f"the log has no event at the place of {lost.event_type}; its run is not refused "
                f"but {ending.describe()}",
                run.witness(),
            )

    cases.explore(Damaged, draw_damages(st.just(1)), play)


@pytest.mark.engine("ENG-LOG-AGAIN", cost=6)
def test_an_event_that_is_listed_twice_changes_nothing_unnoticed(
    stage: Stage, cases: Cases
) -> None:
    def play(case: Damaged) -> None:
        run, token, events = rest(stage, case.parts)
        again = events[pick_inner(events, case.place)]
        ending = resume_damaged(run, token, Damage(change="again", event_id=again.event_id))
        cases.answer(
            f"{again.event_type} listed twice",
            "refused" if is_refused(run, ending) else ending.status,
        )
        judge_damaged(run, ending, case.parts, f"{again.event_type} was listed twice")

    cases.explore(Damaged, draw_damages(st.just(1)), play)


@pytest.mark.engine("ENG-LOG-ORDER", cost=8)
def test_a_log_in_another_order_gives_no_wrong_answer(stage: Stage, cases: Cases) -> None:
    def play(case: Damaged) -> None:
        run, token, events = rest(stage, case.parts)
        first = pick_inner(events, case.place)
        second = min(first + case.distance, len(events) - 1)
        one, other = events[first], events[second]
        damage = Damage(change="swap", event_id=one.event_id, other_id=other.event_id)
        ending = resume_damaged(run, token, damage)
        what = f"{one.event_type} and {other.event_type} changed places"
        judge_damaged(run, ending, case.parts, what)

    cases.explore(Damaged, draw_damages(st.integers(1, 4)), play, examples=2)


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """An event of something that the workflow never did."""

    event: str
    #: What the id of its entity begins with.
    entity: str


#: In place of a step's start, which means nothing once the step is through: no place is empty.
STRAYS = (
    Stray(event="step_created", entity="step"),
    Stray(event="step_completed", entity="step"),
    Stray(event="step_failed", entity="step"),
    Stray(event="wait_completed", entity="wait"),
    Stray(event="hook_created", entity="hook"),
    Stray(event="hook_received", entity="hook"),
)


@pytest.mark.engine("ENG-UNCONSUMED", cost=8)
def test_an_event_that_nobody_asks_for_ends_the_run_as_corrupted(
    stage: Stage, cases: Cases
) -> None:
    def play(case: Stray) -> None:
        run, token, events = rest(stage, 0)
        start = [item for item in events if item.event_type == "step_started"][-1]
        # Of the same kind where the log has one, so that it carries what such an event carries.
        model = next(
            (item for item in events if item.event_type == case.event),
            next(item for item in events if item.event_type == "step_completed"),
        )
        unknown = f"{case.entity}_{str(start.correlation_id).partition('_')[2][:-4]}ZZZZ"
        stray = {"eventType": case.event, "correlationId": unknown}
        damage = Damage(
            change="replace", event_id=start.event_id, other_id=model.event_id, event=stray
        )
        before = len(run.journal().deliveries())
        ending = resume_damaged(run, token, damage)
        deliveries = len(run.journal().deliveries()) - before
        cases.answer(f"replays until a stray {case.event} is refused", deliveries)
        if not is_refused(run, ending):
            violate(
                f"the log holds a {case.event} of nothing that the workflow did; its run is "
                f"{ending.describe()} after "
                f"{deliveries} deliveries",
                run.witness(),
            )

    cases.run(STRAYS, play)
