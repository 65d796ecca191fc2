"""Samples with two peaks, which no single center describes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import diptest
import msgspec
import numpy as np

from harness.measure.statistics.estimates import Floats

#: With fewer samples, a gap often appears by chance.
SAMPLES_TO_SPLIT = 9

#: Peaks closer than this do not matter in practice.
_APART = 1.15

#: The smaller peak's minimal share; fewer samples are outliers.
_LEAST_SHARE = 0.15

#: The minimal distance of the peaks in (pooled) widths. For a normal or a uniform sample that is
#: cut in the middle it is less than 4.
_WIDTHS_APART = 5.0

#: The dip test rejects a single peak below this p-value. Together with the other three conditions,
#: it splits 0.8% of small samples with one peak (`docs/statistics.md`).
_CHANCE_OF_ONE_PEAK = 0.1


class Mode(msgspec.Struct, frozen=True):
    """One of two peaks."""

    #: Median of its samples.
    center: float
    #: Of all samples, 0..1.
    share: float


def find_modes(samples: Sequence[float], *, resolution: float = 0.0) -> tuple[Mode, ...]:
    """Find the two peaks of a sample; empty if it has one, or is too small.

    Args:
        samples: Positive samples of one cell and scenario.
        resolution: The clock's. Equal readings are spread over it, or they would look like peaks.
    """
    values = np.sort(np.array([value for value in samples if value > 0], dtype=np.float64))
    if len(values) < SAMPLES_TO_SPLIT:
        return ()
    spread = _spread_ties(values, resolution)
    logs = np.log(spread)
    place = _cut(logs)
    lower, upper = logs[:place], logs[place:]
    if min(len(lower), len(upper)) < _LEAST_SHARE * len(logs):
        return ()
    apart = float(upper.mean() - lower.mean())
    width = math.sqrt(float(lower.var(ddof=1) + upper.var(ddof=1)) / 2)
    if apart < math.log(_APART) or apart < _WIDTHS_APART * width:
        return ()
    if diptest.diptest(spread)[1] > _CHANCE_OF_ONE_PEAK:
        return ()
    parts = (values[:place], values[place:])
    return tuple(Mode(float(np.median(part)), len(part) / len(values)) for part in parts)


def _spread_ties(values: Floats, resolution: float) -> Floats:
    """Spread equal readings evenly over the clock's resolution."""
    spread = values.copy()
    for value, number in zip(*np.unique(values, return_counts=True), strict=True):
        steps = (np.arange(number) + 0.5) / number - 0.5
        spread[values == value] = value + resolution * steps
    ordered: Floats = np.sort(np.maximum(spread, values[0] / 2))
    return ordered


def _cut(logs: Floats) -> int:
    """Return where to cut a sorted sample into the two narrowest parts."""
    places = range(2, len(logs) - 1)
    return min(places, key=lambda place: _squares(logs[:place]) + _squares(logs[place:]))


def _squares(values: Floats) -> float:
    return float(((values - values.mean()) ** 2).sum())
