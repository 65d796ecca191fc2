"""In a ranking, a contender that answered wrongly at times is compared, and does not win."""

from __future__ import annotations

import pytest

from harness.measure.statistics import Contenders, Ranking, rank_scenarios
from tests.harness.measure.statistics.test_contests import run

TIMES = {"fast": 10.0, "slow": 20.0, "slower": 30.0}


def rank(barred: set[str], *names: str) -> Ranking:
    question: Contenders = {
        name: {partner: run(TIMES[name], seed=seed) for seed, partner in enumerate(("one", "two"))}
        for name in names or TIMES
    }
    (ranking,) = rank_scenarios([question], barred=[barred])
    return ranking


def test_without_any_that_is_barred_the_fastest_wins() -> None:
    assert rank(set()).winner == "fast"


@pytest.mark.parametrize("barred", ["slow", "slower"])
def test_who_is_barred_and_slower_is_compared_with_the_winner(barred: str) -> None:
    found = rank({barred})
    assert (found.winner, found.order[0]) == ("fast", "fast")
    assert found.slower == ("slow", "slower")
    assert found.barred == {barred}


def test_who_is_barred_and_fastest_does_not_win_and_the_next_does() -> None:
    found = rank({"fast"})
    assert found.winner == "slow"
    assert found.slower == ("slower",)
    assert found.behind["fast"].center < 0
    assert found.behind["fast"].called


def test_who_alone_is_not_barred_wins_against_those_that_are() -> None:
    assert rank({"slow", "slower"}).winner == "fast"


@pytest.mark.parametrize("barred", [{"fast"}, {"fast", "slow"}])
def test_the_fastest_of_two_does_not_win_if_it_is_barred(barred: set[str]) -> None:
    found = rank(barred, "fast", "slow")
    assert found.winner is None
    assert (found.order[0], found.slower) == ("fast", ("slow",))
