"""Which differences of a table are significant: floors, and a correction for many rows.

`docs/statistics.md` has the formulas and their measured error rates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
import numpy as np
from scipy import special

from harness.measure.statistics.estimates import Floats

#: With fewer blocks a row is shown but never called.
BLOCKS_TO_CALL = 3

#: The false discovery rate: the share of wrong calls among the called rows. If nothing differs,
#: it is the share of tables in which any row is called.
FALSE_SHARE = 0.05


class ComparedRow(Protocol):
    """One comparison of two subjects, in logarithms of ratios."""

    @property
    def center(self) -> float:
        """The logarithm of after / before."""

    @property
    def variance(self) -> float:
        """The variance of one block's difference."""

    @property
    def blocks(self) -> int:
        """The number of blocks that were compared."""

    @property
    def weight(self) -> float:
        """The number of differences whose mean is as certain as the center."""

    @property
    def freedom(self) -> int:
        """The degrees of freedom of the variance."""

    @property
    def resolution(self) -> float:
        """The clock's resolution."""


class Judgment(msgspec.Struct, frozen=True):
    """The verdict on one row. All fields but `chance` are logarithms of ratios."""

    center: float
    #: The 95% interval of this row alone; `None` if it is not known.
    low: float | None
    high: float | None
    #: How far from 0 the center must be for a call in this table; `None` if it is never called.
    floor: float | None
    #: The probability of such a center if nothing differs, corrected for all rows of the table.
    chance: float

    @property
    def called(self) -> bool:
        """Whether the row shows a difference."""
        return self.floor is not None and abs(self.center) > self.floor


class Prior(msgspec.Struct, frozen=True):
    """The prior of each row's variance, from all rows of a table."""

    variance: float
    #: The weight of the prior, in blocks.
    freedom: float


class Weight(msgspec.Struct, frozen=True):
    """The evidence of one row alone; `center` and `error` are logarithms of ratios."""

    center: float
    #: Standard error of the center; infinite if it is not known.
    error: float
    freedom: float
    #: The probability of such a center if nothing differs, without any correction.
    chance: float


def judge(
    *parts: Sequence[ComparedRow],
    inflation: float | Sequence[float] = 1.0,
    room: float = FALSE_SHARE,
) -> tuple[Judgment, ...]:
    """Judge every row of a table. No other code calls a difference.

    Args:
        parts: The compared rows. Rows of one part were measured in the same way and share their
            estimate of the noise. Each part is corrected for the number of its rows, and all
            parts for their number, so that parts do not affect each other's calls.
        inflation: How much wider a subject spreads against itself than its standard error
            (:func:`measure_inflation`); one number, or one per part.
        room: The share of wrong calls among the called rows.

    Returns:
        One judgment per row, part after part.
    """
    number = sum(1 for part in parts if part) or 1
    inflations = [inflation] * len(parts) if isinstance(inflation, float) else inflation
    return tuple(
        judgment
        for part, wider in zip(parts, inflations, strict=True)
        for judgment in _judge_part(part, wider, room / number)
    )


def _judge_part(part: Sequence[ComparedRow], inflation: float, room: float) -> Iterator[Judgment]:
    """Judge the rows of one part; at most the share `room` of its calls may be wrong."""
    weights = weigh(part, inflation=inflation)
    corrected, level = correct_chances(np.array([weight.chance for weight in weights]), room)
    # Scaled to the whole rate, so that every chance is compared with the same share.
    scale = FALSE_SHARE / room
    for row, weight, chance in zip(part, weights, corrected, strict=True):
        yield _judge_row(row, weight, min(1.0, float(chance) * scale), level)


def _judge_row(row: ComparedRow, weight: Weight, chance: float, level: float) -> Judgment:
    if not math.isfinite(weight.error):
        return Judgment(weight.center, None, None, None, 1.0)
    alone, floor = (
        float(special.stdtrit(weight.freedom, 1 - tail / 2)) * weight.error
        for tail in (FALSE_SHARE, level)
    )
    return Judgment(
        weight.center,
        weight.center - alone,
        weight.center + alone,
        max(floor, row.resolution),
        chance,
    )


def weigh(rows: Sequence[ComparedRow], *, inflation: float = 1.0) -> tuple[Weight, ...]:
    """Return the evidence of each row alone; rows with too few blocks have none."""
    judged = [row for row in rows if row.blocks >= BLOCKS_TO_CALL]
    errors, freedoms = estimate_errors(judged)
    known = iter(zip(errors * inflation, freedoms, strict=True))
    weights = []
    for row in rows:
        center = row.center
        if row.blocks < BLOCKS_TO_CALL:
            weights.append(Weight(center, math.inf, 0.0, 1.0))
            continue
        error, freedom = (float(value) for value in next(known))
        if error:
            chance = float(2 * special.stdtr(freedom, -abs(center) / error))
        else:
            chance = 0.0 if center else 1.0
        weights.append(Weight(center, error, freedom, chance))
    return tuple(weights)


def estimate_errors(rows: Sequence[ComparedRow]) -> tuple[Floats, Floats]:
    """Return the standard error of each row's center, and its degrees of freedom.

    The variance of a few blocks is uncertain. The rows of a table are measured in the same way, so
    each variance is shrunk towards the common one (an empirical Bayes estimate: the variances are
    treated as draws from a scaled inverse chi-square).
    """
    if not rows:
        return np.zeros(0), np.zeros(0)
    weights = np.array([row.weight for row in rows], dtype=np.float64)
    variances = np.array([row.variance for row in rows])
    freedoms = np.array([row.freedom for row in rows], dtype=np.float64)
    prior = find_prior(variances, freedoms)
    total = freedoms + prior.freedom
    moderated = (freedoms * variances + prior.freedom * prior.variance) / total
    # The data is not normal enough to use more degrees of freedom than all rows have together.
    return np.sqrt(moderated / weights), np.minimum(total, freedoms.sum())


def find_prior(variances: Floats, freedoms: Floats) -> Prior:
    """Fit the distribution of a table's variances."""
    usable = variances > 0
    if usable.sum() < 2:
        return Prior(float(variances.mean()) if len(variances) else 0.0, 0.0)
    logs, half = np.log(variances[usable]), freedoms[usable] / 2
    centered = logs - special.digamma(half) + np.log(half)
    spread = float(np.var(centered, ddof=1) - np.mean(special.polygamma(1, half)))
    most = float(freedoms.sum())
    freedom = min(2 * _invert_trigamma(spread), most) if spread > 0 else most
    shift = special.digamma(freedom / 2) - math.log(freedom / 2)
    return Prior(float(np.exp(np.mean(centered) + shift)), freedom)


def measure_inflation(twins: Sequence[ComparedRow]) -> float:
    """Measure how much wider subjects spread against themselves than their standard errors.

    Args:
        twins: Rows in which both subjects are the same.
    """
    rows = [row for row in twins if row.blocks >= BLOCKS_TO_CALL]
    if not rows:
        return 1.0
    errors, freedoms = estimate_errors(rows)
    ratios = (np.array([row.center for row in rows]) / errors) ** 2
    expected = special.stdtrit(freedoms, 0.75) ** 2
    return math.sqrt(float(np.median(ratios / expected)))


def measure_whole_inflation(twins: Sequence[ComparedRow]) -> float | None:
    """Measure the same for means over all scenarios, which vary most from build to build.

    Args:
        twins: One row per twin: the mean of all its scenarios.

    Returns:
        The quadratic mean of the centers in standard errors, each converted to the normal quantile
        of the same probability; `None` if none has enough blocks.
    """
    rows = [row for row in twins if row.blocks >= BLOCKS_TO_CALL and row.variance > 0]
    if not rows:
        return None
    ratios = [abs(row.center) / math.sqrt(row.variance / row.weight) for row in rows]
    tails = special.stdtr([row.freedom for row in rows], [-ratio for ratio in ratios])
    return math.sqrt(float(np.mean(np.square(special.ndtri(tails)))))


def correct_chances(chances: Floats, room: float = FALSE_SHARE) -> tuple[Floats, float]:
    """Correct chances for their number (Benjamini, Hochberg); return them and the level for a call.

    A row is called if its uncorrected chance is below the level.

    Args:
        chances: One per row.
        room: The share of wrong calls among the called rows.
    """
    number = len(chances)
    if not number:
        return chances, room
    order = np.argsort(chances)
    scaled = chances[order] * number / np.arange(1, number + 1)
    corrected = np.empty(number)
    corrected[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    called = int((corrected <= room).sum())
    return corrected, room * max(called, 1) / number


def _invert_trigamma(value: float) -> float:
    """Solve trigamma(x) = value by Newton's method, from a start that is always too small."""
    found = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, found))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, found))
        found += step
        if -step / found < 1e-8:
            break
    return found
