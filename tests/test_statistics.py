"""Nobody wins what cannot be told from noise."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.statistics import (
    FORKS_TO_WIN,
    Decision,
    Estimate,
    bound_chance_of_win,
    decide,
    estimate,
    estimate_growth,
    fit_growth,
)

SEED = 7

#: A busy machine is no failure.
patient = settings(deadline=None)


def known(center: float, low: float, high: float, forks: int = 3) -> Estimate:
    return Estimate(center, low, high, forks=forks, samples=forks)


def unknown(center: float) -> Estimate:
    return Estimate(center, None, None, forks=1, samples=9)


times = st.floats(min_value=0.5, max_value=1e6, allow_subnormal=False)
fork_samples = st.dictionaries(
    st.text(min_size=1, max_size=3), st.lists(times, min_size=1, max_size=5), min_size=2, max_size=5
)


@st.composite
def estimates(draw: st.DrawFn) -> Estimate:
    low, center, high = sorted(draw(st.tuples(times, times, times)))
    forks = draw(st.integers(min_value=1, max_value=5))
    return unknown(center) if forks == 1 else known(center, low, high, forks)


comparisons = st.dictionaries(st.sampled_from("abcdef"), estimates(), max_size=6)


class TestEstimate:
    def test_center_is_the_median_of_fork_medians_however_many_samples_a_fork_has(self) -> None:
        found = estimate({"slow": [10.0], "chatty": [1.0] * 50, "slower": [12.0]}, SEED)
        assert found.center == 10.0

    def test_counts_forks_and_samples(self) -> None:
        found = estimate({"a": [1.0, 2.0], "b": [3.0], "empty": []}, SEED)
        assert (found.forks, found.samples) == (2, 3)

    def test_one_fork_gives_a_center_and_no_interval(self) -> None:
        found = estimate({"only": [1.0, 2.0, 3.0], "empty": []}, SEED)
        assert found == Estimate(2.0, None, None, forks=1, samples=3)

    @pytest.mark.parametrize("forks", [{}, {"a": []}])
    def test_nothing_cannot_be_estimated(self, forks: Mapping[str, Sequence[float]]) -> None:
        with pytest.raises(ValueError, match="no fork has a sample"):
            estimate(forks, SEED)

    def test_samples_are_drawn_inside_forks_too(self) -> None:
        alike = {fork: [1.0, 5.0, 9.0] for fork in "abc"}
        found = estimate(alike, SEED)
        assert found.low is not None
        assert found.high is not None
        assert 1.0 <= found.low < 5.0 < found.high <= 9.0

    def test_forks_that_differ_widen_the_interval(self) -> None:
        found = estimate({"a": [1.0] * 9, "b": [5.0] * 9, "c": [9.0] * 9}, SEED)
        assert (found.low, found.high) == (1.0, 9.0)

    def test_fork_with_fewer_samples_is_drawn_no_more_often_than_it_has(self) -> None:
        # The two short forks have a median of 10 in every fourth draw: often enough to be seen.
        found = estimate({"a": [0.0, 10.0], "b": [0.0, 10.0], "c": [5.0] * 9}, SEED)
        assert (found.low, found.center, found.high) == (0.0, 5.0, 10.0)

    def test_interval_leaves_out_one_in_forty_on_either_side(self) -> None:
        # The median of 17 draws from 1..17 is 4 or less in 0.8% of draws, 5 or less in 3.6%.
        found = estimate({str(value): [float(value)] for value in range(1, 18)}, SEED)
        assert (found.low, found.center, found.high) == (5.0, 9.0, 13.0)

    def test_identical_samples_leave_nothing_open(self) -> None:
        found = estimate({fork: [4.0, 4.0] for fork in "abc"}, SEED)
        assert (found.low, found.center, found.high) == (4.0, 4.0, 4.0)

    def test_coarse_clock_keeps_the_interval_open(self) -> None:
        found = estimate({fork: [4.0, 4.0] for fork in "abc"}, SEED, resolution=1.0)
        assert (found.low, found.center, found.high) == (3.0, 4.0, 5.0)

    def test_even_fork_sizes_take_the_mean_of_the_middle_two(self) -> None:
        found = estimate({fork: [2.0, 4.0] for fork in "abc"}, SEED)
        assert found.center == 3.0

    @patient
    @given(forks=fork_samples, shuffle=st.randoms(use_true_random=False))
    def test_order_and_names_do_not_matter(
        self, forks: dict[str, list[float]], shuffle: random.Random
    ) -> None:
        samples = [shuffle.sample(values, len(values)) for values in forks.values()]
        shuffle.shuffle(samples)
        renamed = {f"fork {place}": values for place, values in enumerate(samples)}
        assert estimate(renamed, SEED) == estimate(forks, SEED)

    @patient
    @given(forks=fork_samples)
    def test_interval_holds_the_center_and_stays_within_the_samples(
        self, forks: dict[str, list[float]]
    ) -> None:
        found = estimate(forks, SEED)
        every = [sample for samples in forks.values() for sample in samples]
        assert found.low is not None
        assert found.high is not None
        assert min(every) <= found.low <= found.center <= found.high <= max(every)

    @patient
    @given(forks=fork_samples, power=st.integers(min_value=-8, max_value=8))
    def test_scales_with_the_unit_of_time(self, forks: dict[str, list[float]], power: int) -> None:
        factor = 2.0**power
        scaled = {fork: [sample * factor for sample in of] for fork, of in forks.items()}
        found, expected = estimate(scaled, SEED), estimate(forks, SEED)
        assert expected.low is not None
        assert expected.high is not None
        assert found.center == pytest.approx(expected.center * factor)
        assert found.low == pytest.approx(expected.low * factor)
        assert found.high == pytest.approx(expected.high * factor)


class TestDecide:
    def test_fastest_with_an_interval_of_its_own_wins(self) -> None:
        decision = decide({"slow": known(20, 18, 22), "fast": known(10, 9, 11)})
        assert decision == Decision("fast", frozenset())

    def test_overlap_is_a_tie(self) -> None:
        decision = decide({"a": known(10, 9, 13), "b": known(14, 12, 15)})
        assert decision == Decision(None, frozenset({"a", "b"}))

    def test_intervals_that_touch_overlap(self) -> None:
        assert decide({"a": known(10, 9, 12), "b": known(14, 12, 15)}).winner is None

    def test_one_overlap_is_enough_to_keep_the_fastest_from_winning(self) -> None:
        found = decide({"a": known(10, 9, 12), "b": known(30, 28, 31), "c": known(12, 11, 13)})
        assert found == Decision(None, frozenset({"a", "c"}))

    def test_who_overlaps_only_somebody_slower_is_not_tied(self) -> None:
        chain = {"a": known(10, 9, 12), "b": known(12, 11, 15), "c": known(16, 14, 17)}
        assert decide(chain).tied == {"a", "b"}

    def test_overlap_among_the_slower_does_not_spoil_a_win(self) -> None:
        found = decide({"a": known(10, 9, 11), "b": known(20, 15, 30), "c": known(21, 15, 30)})
        assert found.winner == "a"

    def test_equal_centers_never_win(self) -> None:
        found = decide({"a": known(10, 10, 10), "b": known(10, 10, 10), "c": known(99, 98, 99)})
        assert found == Decision(None, frozenset({"a", "b"}))

    def test_who_ran_alone_wins_nothing(self) -> None:
        assert decide({"alone": known(10, 9, 11)}) == Decision(None, frozenset())

    def test_nobody_wins_an_empty_comparison(self) -> None:
        assert decide(dict[str, Estimate]()) == Decision(None, frozenset())

    @pytest.mark.parametrize("center", [1.0, 1000.0])
    def test_unknown_interval_overlaps_every_other(self, center: float) -> None:
        assert decide({"known": known(50, 49, 51), "unknown": unknown(center)}).winner is None

    @pytest.mark.parametrize(("forks", "winner"), [(FORKS_TO_WIN - 1, None), (FORKS_TO_WIN, "a")])
    def test_few_forks_cannot_win(self, forks: int, winner: str | None) -> None:
        found = decide({"a": known(1, 1, 1, forks), "b": known(100, 99, 101)})
        assert found.winner == winner

    def test_few_forks_cannot_lose_either(self) -> None:
        assert decide({"a": known(1, 1, 1), "b": known(100, 99, 101, forks=2)}).winner is None

    @patient
    @given(comparison=comparisons, shuffle=st.randoms(use_true_random=False))
    def test_order_does_not_matter(
        self, comparison: dict[str, Estimate], shuffle: random.Random
    ) -> None:
        items = list(comparison.items())
        shuffle.shuffle(items)
        assert decide(dict(items)) == decide(comparison)

    @patient
    @given(comparison=comparisons)
    def test_no_winner_while_anybody_overlaps_it(self, comparison: dict[str, Estimate]) -> None:
        winner = decide(comparison).winner
        for key, other in comparison.items():
            if winner is not None and key != winner:
                best = comparison[winner]
                assert best.high is not None
                assert other.low is not None
                assert best.high < other.low
                assert min(best.forks, other.forks) >= FORKS_TO_WIN

    @patient
    @given(comparison=comparisons)
    def test_either_somebody_wins_or_the_fastest_are_tied(
        self, comparison: dict[str, Estimate]
    ) -> None:
        decision = decide(comparison)
        if len(comparison) < 2:
            assert decision == Decision(None, frozenset())
            return
        least = min(entry.center for entry in comparison.values())
        fastest = {key for key, entry in comparison.items() if entry.center == least}
        if decision.winner is None:
            assert fastest <= decision.tied
            assert len(decision.tied) > 1
        else:
            assert fastest == {decision.winner}
            assert not decision.tied

    @patient
    @given(comparison=comparisons, power=st.integers(min_value=-8, max_value=8))
    def test_unit_of_time_does_not_matter(
        self, comparison: dict[str, Estimate], power: int
    ) -> None:
        factor = 2.0**power
        scaled = {
            key: Estimate(
                entry.center * factor,
                None if entry.low is None else entry.low * factor,
                None if entry.high is None else entry.high * factor,
                entry.forks,
                entry.samples,
            )
            for key, entry in comparison.items()
        }
        assert decide(scaled) == decide(comparison)


class TestChance:
    """What is claimed of three forks, and of more, holds when identical cells are compared."""

    def simulate(self, forks: int, samples: int, spread: float) -> tuple[float, float]:
        """Return how often the interval holds the truth, and how often one of two equals wins."""
        random_ = random.Random(f"{forks}/{samples}/{spread}")
        covered = won = 0
        pairs = 250
        for _ in range(pairs):
            cells = {}
            for cell in "ab":
                cells[cell] = estimate(
                    {str(fork): self.run_fork(random_, samples, spread) for fork in range(forks)},
                    SEED,
                )
                low, high = cells[cell].low, cells[cell].high
                assert low is not None
                assert high is not None
                covered += low <= 1.0 <= high
            won += decide(cells).winner is not None
        return covered / (2 * pairs), won / pairs

    def run_fork(self, random_: random.Random, samples: int, spread: float) -> list[float]:
        """Return samples around 1; forks differ by 5%, samples within one by the spread."""
        luck = random_.gauss(0, 0.05)
        return [math.exp(luck + random_.gauss(0, spread)) for _ in range(samples)]

    def test_three_forks_of_one_sample_cover_less_than_they_claim(self) -> None:
        covered, won = self.simulate(forks=3, samples=1, spread=0.05)
        assert 0.65 < covered < 0.85
        assert 0.05 < won < bound_chance_of_win(3) + 0.04

    def test_more_samples_a_fork_help_where_samples_vary(self) -> None:
        covered, won = self.simulate(forks=3, samples=3, spread=0.05)
        assert 0.82 < covered < 0.95
        assert won < 0.05

    def test_five_forks_cover_what_they_claim(self) -> None:
        covered, won = self.simulate(forks=5, samples=1, spread=0.05)
        assert covered > 0.90
        assert won <= bound_chance_of_win(5) + 0.01

    def test_bound_counts_the_orders_of_two_ranges(self) -> None:
        assert bound_chance_of_win(3) == pytest.approx(2 / 20)
        assert bound_chance_of_win(4) == pytest.approx(2 / 70)

    def test_bound_is_zero_where_nobody_can_win(self) -> None:
        assert bound_chance_of_win(FORKS_TO_WIN - 1) == 0

    def test_bound_never_promises_more_than_was_measured(self) -> None:
        assert bound_chance_of_win(50) == 0.015


class TestGrowth:
    sizes = (1, 10, 25, 50)

    @pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
    def test_finds_the_exponent_of_a_power_whatever_its_factor(self, exponent: float) -> None:
        values = [3.0 * size**exponent for size in self.sizes]
        assert fit_growth(self.sizes, values) == pytest.approx(exponent)

    def test_leaves_out_what_has_no_logarithm(self) -> None:
        sizes, values = (0, 1, 10, 25, 50), (7.0, 1.0, 0.0, 25.0, 50.0)
        assert fit_growth(sizes, values) == pytest.approx(1.0)

    @pytest.mark.parametrize("sizes", [(), (1, 10), (0, 1, 10), (10, 10, 10)])
    def test_needs_three_sizes(self, sizes: Sequence[int]) -> None:
        assert fit_growth(sizes, [5.0] * len(sizes)) is None
        assert estimate_growth({size: {"a": [5.0]} for size in sizes}, SEED) is None

    def test_interval_comes_from_forks(self) -> None:
        series = {
            size: {"a": [size * 1.0], "b": [size**1.1], "c": [size**1.3]} for size in self.sizes
        }
        found = estimate_growth(series, SEED)
        assert found is not None
        assert found.center == pytest.approx(1.1)
        assert found.low == pytest.approx(1.0)
        assert found.high == pytest.approx(1.3)
        assert (found.forks, found.samples) == (3, 12)

    def test_one_fork_gives_an_exponent_and_no_interval(self) -> None:
        found = estimate_growth({size: {"a": [size**2.0]} for size in self.sizes}, SEED)
        assert found is not None
        assert found.center == pytest.approx(2.0)
        assert found.low is None

    def test_fork_that_lacks_a_size_is_left_out(self) -> None:
        series = {size: {"a": [size * 1.0], "b": [size * 2.0]} for size in self.sizes}
        series[50]["b"] = []
        found = estimate_growth(series, SEED)
        assert found is not None
        assert found.forks == 1
        assert found.center == pytest.approx(1.0)

    def test_no_fork_with_every_size_fits_nothing(self) -> None:
        series = {1: {"a": [1.0]}, 10: {"b": [1.0]}, 25: {"a": [1.0]}}
        assert estimate_growth(series, SEED) is None

    def test_zero_times_give_no_interval(self) -> None:
        series = {size: {"a": [size * 1.0], "b": [size * 1.0], "c": [0.0]} for size in self.sizes}
        found = estimate_growth(series, SEED)
        assert found is not None
        assert found.center == pytest.approx(1.0)
        assert found.low is None
