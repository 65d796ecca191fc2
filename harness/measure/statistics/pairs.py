"""Ratios of paired blocks: two subjects that ran in the same part of a session.

A slow phase of the machine slows both forks of a block, so their ratio is more precise than
the ratio of two centers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

import msgspec
import numpy as np
from scipy import stats

#: Block -> the samples of the subject's fork in it, in ms.
Series = Mapping[int, Sequence[float]]


class Pairs(msgspec.Struct, frozen=True):
    """The ratio of two subjects' times, block by block."""

    #: ln(after / before), one per block in which both have a sample.
    differences: tuple[float, ...]
    #: How much two readings of the clock may differ for equal times, as a logarithm.
    resolution: float = 0.0

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return len(self.differences)

    @property
    def weight(self) -> float:
        """The number of differences."""
        return self.blocks

    @property
    def freedom(self) -> int:
        """The degrees of freedom of its variance."""
        return self.blocks - 1

    @property
    def center(self) -> float:
        """The mean of the differences: the logarithm of the ratio's geometric mean."""
        return fmean(self.differences) if self.differences else 0.0

    @property
    def variance(self) -> float:
        """The variance of one block's difference; at least that of the clock's readings."""
        # Each subject's time is the difference of two readings, a triangular error of u^2 / 6.
        center = self.center
        squares = sum((value - center) ** 2 for value in self.differences)
        return max(squares / self.freedom, self.resolution**2 / 3)


class Sides(msgspec.Struct, frozen=True):
    """The ratio of two subjects' times that were measured in separate sessions."""

    #: ln(time) of each fork.
    before: tuple[float, ...]
    after: tuple[float, ...]
    resolution: float = 0.0
    #: Standard deviation of the drift that affects all forks of a side.
    drift: float = 0.0

    @property
    def blocks(self) -> int:
        """The number of forks of the smaller side."""
        return min(len(self.before), len(self.after))

    @property
    def weight(self) -> float:
        """The number of differences that the variance is scaled to."""
        return self.blocks

    @property
    def freedom(self) -> int:
        """The degrees of freedom of its variance, at least (Welch's lower bound)."""
        return self.blocks - 1

    @property
    def center(self) -> float:
        """The difference of the means."""
        return float(np.mean(self.after) - np.mean(self.before)) if self.blocks else 0.0

    @property
    def variance(self) -> float:
        """The variance, scaled as if of one paired difference per block."""
        errors = (float(np.var(side, ddof=1)) / len(side) for side in (self.before, self.after))
        moved = self.blocks * (sum(errors) + 2 * self.drift**2)
        return max(moved, self.resolution**2 / 3)


def set_apart(
    before: Series, after: Series, *, resolution: float = 0.0, drift: float = 0.0
) -> Sides:
    """Compare two subjects that share no block.

    Args:
        before: The denominator of the ratio.
        after: The numerator of the ratio.
        resolution: The clock's, in ms.
        drift: Standard deviation, as a logarithm, of the drift that affects all forks of a side.
    """
    sides = [
        [max(_median(samples), resolution / 2) for _, samples in sorted(series.items())]
        for series in (before, after)
    ]
    if not all(side and min(side) > 0 for side in sides):
        return Sides((), ())
    typical = min(float(median(side)) for side in sides)
    logs = [tuple(math.log(value) for value in side) for side in sides]
    return Sides(logs[0], logs[1], math.log1p(resolution / typical), drift)


class BlockDifferences(msgspec.Struct, frozen=True):
    """Block -> ln(after / before), and the clock's resolution, as for :class:`Pairs`."""

    differences: dict[int, float]
    resolution: float = 0.0


def pair_by_block(before: Series, after: Series, *, resolution: float = 0.0) -> BlockDifferences:
    """Pair two subjects in each block that both have.

    Args:
        before: The denominator of the ratio.
        after: The numerator of the ratio.
        resolution: The clock's, in ms.
    """
    # A reading of zero means less than one unit of the clock.
    medians = [
        {block: max(_median(samples), resolution / 2) for block, samples in series.items()}
        for series in (before, after)
    ]
    shared = sorted(
        block
        for block in medians[0].keys() & medians[1].keys()
        if medians[0][block] > 0 and medians[1][block] > 0
    )
    if not shared:
        return BlockDifferences({})
    differences = {block: math.log(medians[1][block] / medians[0][block]) for block in shared}
    typical = min(float(median([series[block] for block in shared])) for series in medians)
    return BlockDifferences(differences, math.log1p(resolution / typical))


def pair_blocks(before: Series, after: Series, *, resolution: float = 0.0) -> Pairs:
    """Pair two subjects block by block; the arguments are those of :func:`pair_by_block`."""
    found = pair_by_block(before, after, resolution=resolution)
    return Pairs(tuple(found.differences.values()), found.resolution)


def pool_pairs(rows: Sequence[Pairs]) -> Pairs:
    """Return the typical difference in each block: the mean of the scenarios' middle half.

    The lowest and the highest quarter are left out, because scenarios are not equally noisy, and
    one may be disturbed in a block. Only scenarios with every block count.
    """
    widest = max((row.blocks for row in rows), default=0)
    if not widest:
        return Pairs(())
    whole = [row for row in rows if row.blocks == widest]
    middle = _average_middle([row.differences for row in whole])
    return Pairs(tuple(middle.tolist()), float(_average_middle([row.resolution for row in whole])))


def _average_middle(values: Sequence[Any]) -> Any:
    return np.asarray(stats.trim_mean(values, 1 / 4, axis=0))


def _median(samples: Sequence[float]) -> float:
    # For the few numbers of a fork, numpy takes a hundred times as long.
    return float(median(samples)) if len(samples) else 0.0
