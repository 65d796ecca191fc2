"""There is no winner without a significant difference."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.statistics import BLOCKS_TO_CALL, Decision, Series, decide

#: A busy machine is no failure.
patient = settings(deadline=None)


def run(center: float, *, blocks: int = 5, spread: float = 0.01, seed: int = 0) -> Series:
    """Measure one contender: three samples in each block, around its center."""
    random_ = random.Random(f"{seed}/{center}")
    return {
        block: [center * math.exp(random_.gauss(0, spread)) for _ in range(3)]
        for block in range(1, blocks + 1)
    }


def contest(contenders: Mapping[str, Series]) -> Decision[str]:
    (decision,) = decide([contenders])
    return decision


series = st.dictionaries(
    st.integers(min_value=1, max_value=6),
    st.lists(st.floats(min_value=1, max_value=1e4), min_size=1, max_size=3),
    max_size=6,
)
comparisons = st.lists(st.dictionaries(st.sampled_from("abcde"), series, max_size=5), max_size=4)


def test_fastest_that_can_be_told_from_all_wins() -> None:
    found = contest({"slow": run(20), "fast": run(10), "slower": run(30)})
    assert found.winner == "fast"
    assert not found.tied
    assert found.chance < 0.001


def test_who_cannot_be_told_from_the_fastest_is_tied_with_it() -> None:
    found = contest({"a": run(10.0), "b": run(10.01), "c": run(30)})
    assert found == Decision(None, frozenset("ab"), found.chance)


def test_equal_times_never_win() -> None:
    same = run(10)
    found = contest({"a": same, "b": same, "c": run(99)})
    assert found == Decision(None, frozenset("ab"), found.chance)


class TestBarred:
    """Who answered wrongly at times does not win, and keeps no two others from being decided."""

    @pytest.mark.parametrize(
        ("barred", "winner", "tied"),
        [("", "fast", ""), ("fast", "slow", ""), ("slow", "fast", ""), ("slower", "fast", "")],
    )
    def test_the_others_are_decided_without_it(self, barred: str, winner: str, tied: str) -> None:
        times = {"slow": run(20), "fast": run(10), "slower": run(30)}
        (found,) = decide([times], barred=[{barred}])
        assert (found.winner, found.tied) == (winner, frozenset(tied))

    def test_who_alone_is_not_barred_wins_against_those_that_are(self) -> None:
        (found,) = decide([{"fast": run(10), "slow": run(20)}], barred=[{"slow"}])
        assert (found.winner, found.tied) == ("fast", frozenset())

    @pytest.mark.parametrize("barred", [{"fast"}, {"fast", "slow"}])
    def test_the_fastest_of_two_does_not_win_if_it_is_barred(self, barred: set[str]) -> None:
        (found,) = decide([{"fast": run(10), "slow": run(20)}], barred=[barred])
        assert (found.winner, found.tied) == (None, frozenset({"fast"}))

    def test_it_ties_with_who_does_not_differ_from_it(self) -> None:
        (found,) = decide([{"a": run(10.0), "b": run(10.01)}], barred=[{"a"}])
        assert (found.winner, found.tied) == (None, frozenset("ab"))


def test_who_ran_alone_wins_nothing() -> None:
    assert contest({"alone": run(10)}) == Decision(None, frozenset())
    assert contest({}) == Decision(None, frozenset())


@pytest.mark.parametrize(
    ("blocks", "winner"), [(BLOCKS_TO_CALL - 1, None), (BLOCKS_TO_CALL, "fast")]
)
def test_few_blocks_give_no_win(blocks: int, winner: str | None) -> None:
    found = contest({"fast": run(10, blocks=blocks), "slow": run(900, blocks=blocks)})
    assert found.winner == winner


def test_blocks_that_were_not_shared_say_nothing() -> None:
    early, late = run(10), {block + 5: samples for block, samples in run(90).items()}
    assert contest({"early": early, "late": late}).tied == {"early", "late"}


def test_drift_that_hits_both_hides_no_winner() -> None:
    """The machine becomes three times slower: far more than the two differ."""
    drift = {block: 1.0 + block / 2 for block in range(1, 6)}
    fast = {block: [10.0 * factor] for block, factor in drift.items()}
    slow = {block: [11.0 * factor * (1 + block / 1000)] for block, factor in drift.items()}
    assert contest({"fast": fast, "slow": slow}).winner == "fast"


def test_difference_below_the_clocks_resolution_is_a_tie() -> None:
    contenders = {"a": {b: [10.0] for b in range(9)}, "b": {b: [10.9] for b in range(9)}}
    assert decide([contenders], resolution=1.0)[0].winner is None
    assert decide([contenders], resolution=0.5)[0].winner == "a"


def test_subjects_that_differ_from_themselves_win_less() -> None:
    contenders = {"a": run(10, spread=0.02), "b": run(11, spread=0.02)}
    assert decide([contenders])[0].winner == "a"
    assert decide([contenders], inflation=20.0)[0].winner is None


def test_small_median_and_larger_ratio_contradict_each_other() -> None:
    """Whose center is smaller but whose blocks are mostly slower has no lead."""
    a = {1: [10.0], 2: [10.0], 3: [50.0], 4: [50.0], 5: [10.0]}
    b = {1: [11.0], 2: [11.0], 3: [11.0], 4: [11.0], 5: [11.0]}
    assert contest({"a": a, "b": b}).winner is None


@pytest.mark.parametrize("contenders", [2, 3])
def test_one_of_equals_rarely_wins(contenders: int) -> None:
    won = tables = 0
    for table in range(150):
        names = "abc"[:contenders]
        compared = [
            {
                name: {
                    block: [math.exp(random.Random(f"{table}/{row}/{name}/{block}").gauss(0, 0.05))]
                    for block in range(3)
                }
                for name in names
            }
            for row in range(10)
        ]
        won += any(found.winner for found in decide(compared))
        tables += 1
    assert won / tables <= 0.12


@patient
@given(table=comparisons)
def test_either_somebody_wins_or_the_fastest_are_tied(
    table: Sequence[Mapping[str, Series]],
) -> None:
    for contenders, found in zip(table, decide(table), strict=True):
        if len(contenders) < 2:
            assert found == Decision(None, frozenset())
        elif found.winner is None:
            assert len(found.tied) > 1
            assert found.tied <= contenders.keys()
        else:
            assert not found.tied
            shared = [
                len(contenders[found.winner].keys() & other.keys())
                for name, other in contenders.items()
                if name != found.winner
            ]
            assert min(shared) >= BLOCKS_TO_CALL


@patient
@given(table=comparisons, shuffle=st.randoms(use_true_random=False))
def test_order_of_contenders_does_not_matter(
    table: list[dict[str, Series]], shuffle: random.Random
) -> None:
    shuffled = []
    for contenders in table:
        items = list(contenders.items())
        shuffle.shuffle(items)
        shuffled.append(dict(items))
    for one, other in zip(decide(table), decide(shuffled), strict=True):
        assert (one.winner, one.tied) == (other.winner, other.tied)
