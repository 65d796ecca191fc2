"""Races: many rounds to find a failure, then fewer callers for a smaller witness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from harness.adapters.protocol import Call, Failure
from harness.adapters.world import NoAnswerError, Refusal, Reply
from suites.conformance.arena import Arena
from suites.conformance.efforts import Effort, describe_efforts
from suites.conformance.racing import Race, Round
from suites.conformance.violations import Inconclusive, Violation, violate

EFFORT = Effort(id="e", title="t", rounds=20, after_failure=5, kills=1, scale=1)
CALL = Call("events.create", ("wrun_1", {"eventType": "step_created"}))
REPLY = Reply(call=CALL, process=0, value={})


class FakeArena:
    """As much of an arena as a race uses."""

    def __init__(self, effort: Effort = EFFORT) -> None:
        self.effort = effort
        self.history: list[Reply] = []
        self.is_noted = False


def make_race(effort: Effort = EFFORT) -> Race:
    return Race(cast("Arena", FakeArena(effort)))


def failing_when(condition: Callable[[Round], bool]) -> Callable[[Round], None]:
    """Return a round that makes as many calls as there are callers, and fails on a condition."""

    def one_round(round_: Round) -> None:
        round_.arena.history.extend([REPLY] * round_.width)
        if condition(round_):
            violate(f"failed with {round_.width} callers")

    return one_round


def test_a_race_without_a_failure_runs_all_its_rounds() -> None:
    race = make_race()
    race(failing_when(lambda round_: False))
    assert (race.rounds, race.failed_rounds) == (20, 0)


def test_an_expensive_race_runs_fewer_rounds_but_never_more() -> None:
    race = make_race()
    race(failing_when(lambda round_: False), rounds=3)
    race(failing_when(lambda round_: False), rounds=500)
    assert race.rounds == 3 + 20


def test_a_race_that_is_only_noted_runs_fewer_rounds() -> None:
    race = make_race()
    cast("FakeArena", race.arena).is_noted = True
    race(failing_when(lambda round_: False))
    assert race.rounds == 8


def test_one_failure_in_all_rounds_is_a_failure() -> None:
    race = make_race()
    with pytest.raises(Violation):
        race(failing_when(lambda round_: round_.number == 20))
    assert (race.rounds, race.failed_rounds) == (20, 1)


def test_after_a_failure_a_limited_number_of_rounds_estimates_its_rate() -> None:
    race = make_race()
    with pytest.raises(Violation) as raised:
        race(failing_when(lambda round_: round_.number >= 3))
    assert (race.rounds, race.failed_rounds) == (3 + 5, 6)
    assert (raised.value.rounds, raised.value.failed_rounds) == (8, 6)


@pytest.mark.parametrize(("least", "shown"), [(1, 2), (3, 4), (5, 8), (9, 16)])
def test_the_witness_has_the_fewest_callers_that_show_the_failure(least: int, shown: int) -> None:
    with pytest.raises(Violation, match=f"failed with {shown} callers") as raised:
        make_race()(failing_when(lambda round_: round_.width >= least))
    assert len(raised.value.witness) == shown


def test_rounds_with_fewer_callers_do_not_count() -> None:
    race = make_race()
    with pytest.raises(Violation):
        race(failing_when(lambda round_: round_.width == 16 and round_.number == 1))
    assert (race.rounds, race.failed_rounds) == (6, 1)


def test_a_narrow_race_is_not_widened() -> None:
    with pytest.raises(Violation) as raised:
        make_race()(failing_when(lambda round_: True), width=2)
    assert len(raised.value.witness) == 2


def test_a_witness_contains_only_the_calls_of_its_round() -> None:
    race = make_race()
    race.arena.history.extend([REPLY] * 99)
    with pytest.raises(Violation) as raised:
        race(failing_when(lambda round_: True), width=2)
    assert len(raised.value.witness) == 2


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            Refusal(Reply(call=CALL, process=0, failure=Failure(name="TypeError", message="no"))),
            "step_created must be answered here, but ended with TypeError: no",
        ),
        (
            NoAnswerError(Reply(call=CALL, process=0, lost="no answer within 15 s")),
            "step_created was never answered: no answer within 15 s",
        ),
    ],
)
def test_an_unexpected_answer_fails_the_round(error: Any, message: str) -> None:
    def one_round(round_: Round) -> None:
        raise error

    with pytest.raises(Violation, match=message):
        make_race()(one_round)


def test_an_inconclusive_round_ends_the_race() -> None:
    def one_round(round_: Round) -> None:
        raise Inconclusive("the fault did not happen")

    with pytest.raises(Inconclusive):
        make_race()(one_round)


def test_the_certificate_effort_bounds_the_failure_rate_below_five_percent() -> None:
    efforts = describe_efforts()
    assert list(efforts) == ["quick", "standard", "deep"]
    assert 1 - 0.05 ** (1 / efforts["standard"].rounds) < 0.05
    assert efforts["deep"].kills >= 200
