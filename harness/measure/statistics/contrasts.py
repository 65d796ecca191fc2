"""Pooled ratios: two contenders compared with every partner that both have.

A contender is one side of a question such as "which World is faster?"; its partners are then the
frameworks. Each partner and block gives one paired logarithm of a ratio. `docs/statistics.md` has
the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import msgspec
import numpy as np
from scipy import special

from harness.measure.statistics.judging import (
    BLOCKS_TO_CALL,
    FALSE_SHARE,
    correct_chances,
    estimate_errors,
)
from harness.measure.statistics.pairs import Series, pair_by_block

#: Partner -> block -> ln(after / before).
Differences = Mapping[str, Mapping[int, float]]


class Contrast(msgspec.Struct, frozen=True):
    """The ratio of two contenders' times in one scenario, averaged over their partners."""

    differences: Differences
    #: How much two readings of the clock may differ for equal times, as a logarithm.
    resolution: float = 0.0

    @property
    def centers(self) -> dict[str, float]:
        """Partner -> its own mean difference."""
        return {partner: fmean(seen.values()) for partner, seen in self.differences.items()}

    @property
    def center(self) -> float:
        """The mean of the partners' means: each partner weighs the same."""
        return fmean(self.centers.values()) if self.differences else 0.0

    @property
    def blocks(self) -> int:
        """The number of blocks that the partner with the fewest has."""
        return min(map(len, self.differences.values()), default=0)

    @property
    def weight(self) -> float:
        """The number of differences whose plain mean would be as certain as the center."""
        parts = sum(1 / len(seen) for seen in self.differences.values())
        return len(self.differences) ** 2 / parts if parts else 0.0

    @property
    def freedom(self) -> int:
        """The degrees of freedom of the variance: each partner has a mean of its own."""
        return sum(len(seen) - 1 for seen in self.differences.values())

    @property
    def variance(self) -> float:
        """The variance of one difference around its partner's mean."""
        centers = self.centers
        squares = sum(
            (value - centers[partner]) ** 2
            for partner, seen in self.differences.items()
            for value in seen.values()
        )
        own = squares / self.freedom if self.freedom else 0.0
        return max(own, self.resolution**2 / 3)


class MeanContrast(msgspec.Struct, frozen=True):
    """The ratio of two contenders' times, averaged over scenarios and partners.

    The scenarios of one partner and block were measured in the same two processes, so they vary
    together. The variance is that of their sums (a cluster-robust variance).
    """

    center: float
    #: The variance of the center, times `weight`.
    variance: float
    #: The number of pairs of processes.
    weight: float
    blocks: int
    freedom: int
    resolution: float = 0.0


def compare_partners(
    before: Mapping[str, Series], after: Mapping[str, Series], *, resolution: float = 0.0
) -> Contrast:
    """Compare two contenders with every partner that both have.

    Args:
        before: The denominator of the ratio: partner -> block -> samples (ms).
        after: The numerator of the ratio.
        resolution: The clock's, in ms.
    """
    pairs = {
        partner: pair_by_block(before[partner], after[partner], resolution=resolution)
        for partner in sorted(before.keys() & after.keys())
    }
    seen = {partner: found for partner, found in pairs.items() if found.differences}
    return Contrast(
        {partner: dict(found.differences) for partner, found in seen.items()},
        fmean([found.resolution for found in seen.values()]) if seen else 0.0,
    )


def average_contrasts(contrasts: Sequence[Contrast]) -> MeanContrast:
    """Average the contrasts of several scenarios; those without a common block do not count."""
    counted = [contrast for contrast in contrasts if contrast.blocks]
    if not counted:
        return MeanContrast(0.0, 0.0, 0.0, 0, 0)
    shares: dict[tuple[str, int], float] = {}
    for contrast in counted:
        centers = contrast.centers
        for partner, seen in contrast.differences.items():
            part = len(counted) * len(contrast.differences) * len(seen)
            for block, value in seen.items():
                place = (partner, block)
                shares[place] = shares.get(place, 0.0) + (value - centers[partner]) / part
    partners = {partner for partner, _ in shares}
    freedom = len(shares) - len(partners)
    squares = sum(share**2 for share in shares.values())
    return MeanContrast(
        center=fmean([contrast.center for contrast in counted]),
        variance=squares * len(shares) ** 2 / freedom if freedom else 0.0,
        weight=float(len(shares)),
        blocks=min(len({block for name, block in shares if name == one}) for one in partners),
        freedom=freedom,
    )


def find_interactions(contrasts: Sequence[Contrast], *, inflation: float = 1.0) -> tuple[bool, ...]:
    """Return for each contrast whether it differs significantly from partner to partner.

    An F test of the partners' means, corrected for the number of contrasts.
    """
    heard = [contrast for contrast in contrasts if contrast.blocks >= BLOCKS_TO_CALL]
    errors, freedoms = estimate_errors(heard)
    chances = [
        _test_partners(contrast, float(error) * inflation, float(freedom))
        for contrast, error, freedom in zip(heard, errors, freedoms, strict=True)
    ]
    corrected, _ = correct_chances(np.array(chances))
    called = dict(zip(map(id, heard), corrected <= FALSE_SHARE, strict=True))
    return tuple(bool(called.get(id(contrast), False)) for contrast in contrasts)


def _test_partners(contrast: Contrast, error: float, freedom: float) -> float:
    """Return the chance of such different partners' means if all are the same."""
    apart = len(contrast.differences) - 1
    variance = error**2 * contrast.weight
    if apart < 1 or not variance:
        return 1.0
    center = contrast.center
    squares = sum(
        len(contrast.differences[partner]) * (mean - center) ** 2
        for partner, mean in contrast.centers.items()
    )
    return float(special.fdtrc(apart, freedom, squares / apart / variance))
