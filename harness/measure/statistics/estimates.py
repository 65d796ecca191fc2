"""Centers and their confidence intervals, by a hierarchical bootstrap over forks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: The key of a fork: its name, or its block.
Fork = TypeVar("Fork", bound=Hashable)

RESAMPLES = 2_000
LEVEL = 0.95


class Estimate(msgspec.Struct, frozen=True):
    """A center and its confidence interval.

    `low` and `high` are `None` if the interval is not known: one fork does not show how much
    forks differ.
    """

    center: float
    low: float | None
    high: float | None
    forks: int
    samples: int

    def divide(self, parts: int) -> Estimate:
        """Return the estimate for one of this number of equal parts."""
        low, high = (None if bound is None else bound / parts for bound in (self.low, self.high))
        return msgspec.structs.replace(self, center=self.center / parts, low=low, high=high)


def estimate(
    forks: Mapping[Fork, Sequence[float]], seed: int, *, resolution: float = 0.0
) -> Estimate:
    """Estimate a center from the samples of each fork.

    The center is the median of the forks' medians. The interval is the 95% percentile interval of a
    hierarchical bootstrap: forks are drawn with replacement, then samples inside each.

    Args:
        forks: Fork -> its samples; forks without samples do not count.
        seed: Makes the interval reproducible.
        resolution: The clock's. The interval is wider by this much on both sides, or repeated
            readings of a coarse clock would look infinitely precise.

    Raises:
        ValueError: there are no samples.
    """
    # Sorted, so that the interval does not depend on the names or the order of forks.
    taken = sorted(sorted(samples) for samples in forks.values() if len(samples))
    if not taken:
        raise ValueError("cannot estimate: no fork has a sample")
    center = float(np.median([np.median(samples) for samples in taken]))
    total = sum(len(samples) for samples in taken)
    if len(taken) == 1:
        return Estimate(center, None, None, forks=1, samples=total)
    low, high = find_interval(_resample_centers(taken, np.random.default_rng(seed)))
    return Estimate(
        center,
        min(low, center) - resolution,
        max(high, center) + resolution,
        forks=len(taken),
        samples=total,
    )


def _resample_centers(taken: Sequence[Sequence[float]], random: np.random.Generator) -> Floats:
    """Draw forks, then samples inside each, and return the center of every resample."""
    forks = len(taken)
    sizes = np.array([len(samples) for samples in taken])
    widest = int(sizes.max())
    padded = np.zeros((forks, widest))
    for row, samples in enumerate(taken):
        padded[row, : len(samples)] = samples
    drawn = random.integers(forks, size=(RESAMPLES, forks))
    length = sizes[drawn][..., None]
    places = (random.random((RESAMPLES, forks, widest)) * length).astype(np.intp)
    values = padded[drawn[..., None], places]
    # A fork with fewer samples than the largest gives fewer draws; the padding sorts to the end.
    values[np.arange(widest) >= length] = np.inf
    values.sort(axis=-1)
    middle = np.concatenate([(length - 1) // 2, length // 2], axis=-1)
    medians = np.take_along_axis(values, middle, axis=-1).mean(axis=-1)
    centers: Floats = np.median(medians, axis=1)
    return centers


def find_interval(values: Floats) -> tuple[float, float]:
    """Return the ends of the central interval that contains :data:`LEVEL` of the values."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
