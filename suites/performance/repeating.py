"""Summarizes repeated measurements: smallest, median and largest."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """The spread of repeated measurements, in their own unit."""

    smallest: float
    middle: float
    largest: float
    number: int

    def describe(self, form: str, unit: str, scale: float = 1.0) -> str:
        """Return, for example, `2.1 s (median of 5, 2.0 to 2.4)`; values are divided by `scale`."""
        low, middle, high = (
            format(value / scale, form) for value in (self.smallest, self.middle, self.largest)
        )
        return f"{middle} {unit} (median of {self.number}, {low} to {high})"


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of one or more values."""
    return Spread(min(values), median(values), max(values), len(values))
