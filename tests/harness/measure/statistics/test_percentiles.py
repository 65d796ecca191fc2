"""Percentiles are values that were seen, and none comes from fewer values than it needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.statistics import PERCENTILES, estimate_percentile, find_percentile


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0.1, 100))
def test_a_percentile_is_the_smallest_value_that_covers_its_share(
    values: list[float], percent: float
) -> None:
    found = find_percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) >= percent / 100 * len(values) - 1e-9
    assert sum(value < found for value in values) < percent / 100 * len(values) + 1e-9


@pytest.mark.parametrize("percent", PERCENTILES)
def test_percentile_needs_its_number_of_values(percent: float) -> None:
    least = PERCENTILES[percent]
    values = [float(value) for value in range(least)]
    assert estimate_percentile({1: values}, percent, seed=7) is not None
    assert estimate_percentile({1: values[1:]}, percent, seed=7) is None


def test_values_of_all_forks_count_together() -> None:
    forks = {1: [1.0, 2.0, 3.0], 2: [10.0, 20.0, 30.0, 40.0], 3: [4.0, 5.0, 6.0]}
    found = estimate_percentile(forks, 90.0, seed=7)
    assert found is not None
    assert (found.center, found.forks, found.samples) == (30.0, 3, 10)


def test_interval_covers_what_forks_differ_by() -> None:
    found = estimate_percentile({fork: [float(fork)] * 50 for fork in range(1, 6)}, 50.0, seed=7)
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.center == 3.0 < found.high


def test_one_fork_has_no_interval() -> None:
    found = estimate_percentile({1: [1.0, 2.0]}, 50.0, seed=7)
    assert found is not None
    assert (found.low, found.high) == (None, None)


def test_neither_names_nor_order_of_forks_matter() -> None:
    one = estimate_percentile({"a": [1.0, 2.0], "b": [5.0], "c": [9.0]}, 50.0, seed=7)
    assert one == estimate_percentile({"z": [9.0], "y": [2.0, 1.0], "x": [5.0]}, 50.0, seed=7)
