"""Centers come with intervals, and growth with an exponent."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.measure.statistics import (
    Estimate,
    estimate,
    estimate_growth,
    fit_growth,
)

SEED = 7

#: A busy machine is no failure.
patient = settings(deadline=None)


times = st.floats(min_value=0.5, max_value=1e6, allow_subnormal=False)
fork_samples = st.dictionaries(
    st.text(min_size=1, max_size=3), st.lists(times, min_size=1, max_size=5), min_size=2, max_size=5
)


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
