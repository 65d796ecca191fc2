"""What is measured more than once: the smallest, the middle and the largest of it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """Between what several measurements of one thing lie, in its own unit."""

    smallest: float
    middle: float
    largest: float
    number: int

    def describe(self, form: str, unit: str, scale: float = 1.0) -> str:
        """Say it: `2.1 s (median of 5, 2.0 to 2.4)`, each value divided by `scale`."""
        low, middle, high = (
            format(value / scale, form) for value in (self.smallest, self.middle, self.largest)
        )
        return f"{middle} {unit} (median of {self.number}, {low} to {high})"


def spread(values: Sequence[float]) -> Spread:
    """Return between what the values lie; there is at least one."""
    return Spread(min(values), median(values), max(values), len(values))
