"""What may be concluded from samples: centers, intervals, winners, growth.

The fork is the unit: the samples inside one share a process, its storage and its luck, so a hundred
samples of one fork say less than one sample of each of three. `docs/statistics.md` gives the
formulas, and what three forks can and cannot say.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Key = TypeVar("Key", bound=Hashable)

RESAMPLES = 2_000
LEVEL = 0.95

#: With two forks, two identical cells would be told apart in one comparison of three.
FORKS_TO_WIN = 3

#: What was measured where the range of the forks no longer bounds it (`docs/statistics.md`).
_CHANCE_WITH_MANY_FORKS = 0.015

SIZES_TO_FIT = 3


class Estimate(msgspec.Struct, frozen=True):
    """A center and the interval that it is known to.

    `low` and `high` are `None` where the interval is not known: one fork does not say how much
    forks differ.
    """

    center: float
    low: float | None
    high: float | None
    forks: int
    samples: int

    def divide(self, parts: int) -> Estimate:
        """Return the estimate for one of so many equal parts."""
        low, high = (None if bound is None else bound / parts for bound in (self.low, self.high))
        return msgspec.structs.replace(self, center=self.center / parts, low=low, high=high)


class Decision(msgspec.Struct, Generic[Key], frozen=True):
    """Who is the fastest of a comparison, if that can be told."""

    #: Nobody, unless its interval lies below that of every other.
    winner: Key | None
    #: Those that cannot be told from the fastest, itself included; empty when somebody won.
    tied: frozenset[Key]


def estimate(
    forks: Mapping[str, Sequence[float]], seed: int, *, resolution: float = 0.0
) -> Estimate:
    """Estimate a center from the samples of each fork.

    The center is the median of the forks' medians. The interval is the 95% percentile interval of a
    hierarchical bootstrap: forks are drawn with replacement, then samples inside each.

    Args:
        forks: Fork -> its samples; forks without one do not count.
        seed: Makes the interval reproducible.
        resolution: What the clock cannot tell: the interval reaches that much further on both
            sides, or repeated readings of a coarse clock would look infinitely precise.

    Raises:
        ValueError: there is no sample at all.
    """
    # Sorted, so that neither the names of the forks nor their order can move the interval.
    taken = sorted(sorted(samples) for samples in forks.values() if len(samples))
    if not taken:
        raise ValueError("there is nothing to estimate from: no fork has a sample")
    center = float(np.median([np.median(samples) for samples in taken]))
    total = sum(len(samples) for samples in taken)
    if len(taken) == 1:
        return Estimate(center, None, None, forks=1, samples=total)
    low, high = _percentiles(_resample_centers(taken, np.random.default_rng(seed)))
    return Estimate(
        center,
        min(low, center) - resolution,
        max(high, center) + resolution,
        forks=len(taken),
        samples=total,
    )


def decide(estimates: Mapping[Key, Estimate]) -> Decision[Key]:
    """Decide a comparison: the one place where anybody wins.

    The fastest wins only if its interval overlaps no other one's. Otherwise it is tied with all
    that it overlaps, and nobody wins. Who ran alone wins nothing, and an interval that is not known
    or comes from fewer forks than :data:`FORKS_TO_WIN` overlaps every other.

    Args:
        estimates: Everybody in the comparison whose every answer was correct.
    """
    if len(estimates) < 2:
        return Decision(None, frozenset())
    least = min(entry.center for entry in estimates.values())
    fastest = [key for key, entry in estimates.items() if entry.center == least]
    tied = frozenset(
        key
        for key, entry in estimates.items()
        if any(_overlap(entry, estimates[other]) for other in fastest)
    )
    return Decision(next(iter(tied)), frozenset()) if len(tied) == 1 else Decision(None, tied)


def bound_chance_of_win(forks: int) -> float:
    """Bound how often one of two equally fast cells wins by chance.

    With one sample a fork the interval of few forks is their range, and two ranges of `n` values
    each lie apart in 2 of the `2n` over `n` orders. More samples a fork, and more cells in the
    comparison, only make it rarer.
    """
    if forks < FORKS_TO_WIN:
        return 0.0
    return max(2 / math.comb(2 * forks, forks), _CHANCE_WITH_MANY_FORKS)


def fit_growth(sizes: Sequence[float], values: Sequence[float]) -> float | None:
    """Fit `value ~ size ** exponent` and return the exponent.

    Least squares of the logarithms. Sizes below one and values that are not positive have no
    logarithm worth fitting and are left out; fewer than three sizes that remain fit nothing.
    """
    points = [
        (size, value) for size, value in zip(sizes, values, strict=True) if size >= 1 and value > 0
    ]
    if len({size for size, _ in points}) < SIZES_TO_FIT:
        return None
    logs = np.log(np.array(points, dtype=np.float64))
    return float(_slopes(logs[:, 0], logs[:, 1][None, :])[0])


def estimate_growth(
    series: Mapping[int, Mapping[str, Sequence[float]]], seed: int
) -> Estimate | None:
    """Estimate how a time grows with size, with an interval over forks.

    Args:
        series: Size -> fork -> samples. A fork takes part when it has every size that is fitted.
        seed: Makes the interval reproducible.

    Returns:
        The exponent, or `None` when it cannot be fitted.
    """
    sizes = sorted(size for size in series if size >= 1 and any(series[size].values()))
    if len(sizes) < SIZES_TO_FIT:
        return None
    complete = [fork for fork in series[sizes[0]] if all(series[size].get(fork) for size in sizes)]
    medians = np.array(
        sorted([float(np.median(series[size][fork])) for size in sizes] for fork in complete)
    ).reshape(len(complete), len(sizes))
    exponent = fit_growth(sizes, np.median(medians, axis=0).tolist()) if complete else None
    if exponent is None:
        return None
    samples = sum(len(series[size][fork]) for size in sizes for fork in complete)
    if len(complete) == 1 or not (medians > 0).all():
        return Estimate(exponent, None, None, forks=len(complete), samples=samples)
    drawn = np.random.default_rng(seed).integers(len(complete), size=(RESAMPLES, len(complete)))
    resampled = np.log(np.median(medians[drawn], axis=1))
    low, high = _percentiles(_slopes(np.log(np.array(sizes)), resampled))
    return Estimate(
        exponent, min(low, exponent), max(high, exponent), forks=len(complete), samples=samples
    )


def _overlap(one: Estimate, other: Estimate) -> bool:
    """Whether two intervals share a point; what is not known may be anywhere."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return True
    if min(one.forks, other.forks) < FORKS_TO_WIN:
        return True
    return one.low <= other.high and other.low <= one.high


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
    # A fork with fewer samples than the widest gives fewer draws: the others sort out of reach.
    values[np.arange(widest) >= length] = np.inf
    values.sort(axis=-1)
    middle = np.concatenate([(length - 1) // 2, length // 2], axis=-1)
    medians = np.take_along_axis(values, middle, axis=-1).mean(axis=-1)
    centers: Floats = np.median(medians, axis=1)
    return centers


def _percentiles(values: Floats) -> tuple[float, float]:
    """Return the ends of the central interval that holds :data:`LEVEL` of the values."""
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def _slopes(log_sizes: Floats, log_values: Floats) -> Floats:
    """Return the least squares slope of each row of values."""
    centered = log_sizes - log_sizes.mean()
    slopes: Floats = log_values @ centered / (centered @ centered)
    return slopes
