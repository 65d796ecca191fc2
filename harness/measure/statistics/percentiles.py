"""Percentiles of the values of all forks, with intervals over forks."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from harness.measure.statistics.estimates import RESAMPLES, Estimate, find_interval

Fork = TypeVar("Fork", bound=Hashable)

#: Percentile -> the number of values that it needs; fewer values do not describe a tail.
PERCENTILES = {50.0: 1, 90.0: 10, 99.0: 100, 99.9: 1_000}


def find_percentile(values: Sequence[float], percent: float) -> float:
    """Return the percentile by nearest rank: the smallest value that `percent` do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def estimate_percentile(
    forks: Mapping[Fork, Sequence[float]], percent: float, seed: int
) -> Estimate | None:
    """Estimate a percentile of the values of all forks together.

    The interval resamples whole forks: values of one fork are correlated. It cannot reach beyond
    the values that were seen, so that of a high percentile is too narrow at its upper end.

    Args:
        forks: Fork -> its values.
        percent: A key of :data:`PERCENTILES`.
        seed: Makes the interval reproducible.

    Returns:
        The estimate; `None` if there are fewer values than the percentile needs.
    """
    taken = sorted(sorted(values) for values in forks.values() if len(values))
    values = [value for fork in taken for value in fork]
    if len(values) < PERCENTILES[percent]:
        return None
    center = find_percentile(values, percent)
    if len(taken) == 1:
        return Estimate(center, None, None, forks=1, samples=len(values))
    random = np.random.default_rng(seed)
    drawn = random.integers(len(taken), size=(RESAMPLES, len(taken)))
    resampled = [
        find_percentile([value for place in row for value in taken[place]], percent)
        for row in drawn.tolist()
    ]
    low, high = find_interval(np.array(resampled))
    return Estimate(
        center, min(low, center), max(high, center), forks=len(taken), samples=len(values)
    )
