"""Ratios of paired blocks: two subjects that ran in the same stretch of a session.

Whatever slows the machine for a while slows both forks of a block, so their ratio says more than
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
    """What one subject's time is to another's, block by block."""

    #: ln(after / before), one a block in which both have a sample.
    differences: tuple[float, ...]
    #: How far apart two readings of the clock may lie though nothing differs, as a logarithm.
    resolution: float = 0.0

    @property
    def blocks(self) -> int:
        """How many there are."""
        return len(self.differences)

    @property
    def freedom(self) -> int:
        """How many degrees of freedom its variance has."""
        return self.blocks - 1

    @property
    def center(self) -> float:
        """The mean of the differences: the logarithm of the ratio's geometric mean."""
        return fmean(self.differences) if self.differences else 0.0

    @property
    def variance(self) -> float:
        """Of one block's difference; never less than what reading the clock alone gives."""
        # Two readings of a whole unit each, of both subjects: a triangle twice, u^2 / 6 each.
        center = self.center
        squares = sum((value - center) ** 2 for value in self.differences)
        return max(squares / self.freedom, self.resolution**2 / 3)


class Sides(msgspec.Struct, frozen=True):
    """What one subject's time is to another's, where the two were measured apart."""

    #: ln(time) of each fork.
    before: tuple[float, ...]
    after: tuple[float, ...]
    resolution: float = 0.0
    #: Standard deviation of whatever moves a whole side.
    drift: float = 0.0

    @property
    def blocks(self) -> int:
        """How many forks the side has that has fewer."""
        return min(len(self.before), len(self.after))

    @property
    def freedom(self) -> int:
        """How many degrees of freedom its variance has, at least (Welch's lower bound)."""
        return self.blocks - 1

    @property
    def center(self) -> float:
        """The difference of the means."""
        return float(np.mean(self.after) - np.mean(self.before)) if self.blocks else 0.0

    @property
    def variance(self) -> float:
        """As that of as many paired differences as there are blocks."""
        errors = (float(np.var(side, ddof=1)) / len(side) for side in (self.before, self.after))
        moved = self.blocks * (sum(errors) + 2 * self.drift**2)
        return max(moved, self.resolution**2 / 3)


def set_apart(
    before: Series, after: Series, *, resolution: float = 0.0, drift: float = 0.0
) -> Sides:
    """Set two subjects side by side that share no block.

    Args:
        before: What is divided by.
        after: What is divided.
        resolution: The clock's, in ms.
        drift: Standard deviation, as a logarithm, of whatever moves all of a side's forks.
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


def pair_blocks(before: Series, after: Series, *, resolution: float = 0.0) -> Pairs:
    """Pair two subjects block by block.

    Args:
        before: What is divided by.
        after: What is divided.
        resolution: The clock's, in ms.
    """
    # What the clock reads as nothing took less than a whole unit of it.
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
        return Pairs(())
    differences = tuple(math.log(medians[1][block] / medians[0][block]) for block in shared)
    typical = min(float(median([series[block] for block in shared])) for series in medians)
    return Pairs(differences, math.log1p(resolution / typical))


def pool_pairs(rows: Sequence[Pairs]) -> Pairs:
    """Return what most scenarios differ by in each block: the mean of their middle half.

    The quarters at both ends are left out, because scenarios are not equally noisy, and one that
    was disturbed in a block says nothing of that block's others. Only those with every block count.
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
    # Of a handful of numbers, which is what a fork has, numpy takes a hundred times as long.
    return float(median(samples)) if len(samples) else 0.0
