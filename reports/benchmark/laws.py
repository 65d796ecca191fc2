"""Counts at several sizes, said as the law that they follow where they follow one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from reports.writing.text import NOTHING, format_range

_POINTS = 3


def describe_growth(counts: Mapping[int, Sequence[int]]) -> str:
    """Describe counts by size: `2N + 1` where every run fits that exactly, else the counts.

    A law needs three sizes. Size zero may stand outside of it: a run without steps is another kind
    of run.

    Args:
        counts: Size -> what each run counted.
    """
    if not counts:
        return NOTHING
    law = find_law(counts)
    if law:
        return law
    return ", ".join(f"N={size}: {format_range(counts[size])}" for size in sorted(counts))


def find_law(counts: Mapping[int, Sequence[int]]) -> str | None:
    """Return the straight line with whole coefficients that all counts lie on, if there is one."""
    if any(len(set(runs)) != 1 for runs in counts.values()):
        return None
    points = [(size, counts[size][0]) for size in sorted(counts)]
    law = _fit_exactly(points)
    if law is None and points and points[0][0] == 0:
        law = _fit_exactly(points[1:])
    return None if law is None else _format_line(*law)


def _fit_exactly(points: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    if len(points) < _POINTS:
        return None
    (first, count), (second, next_count) = points[:2]
    slope = (next_count - count) // (second - first)
    if any(
        after - before != slope * (larger - smaller)
        for (smaller, before), (larger, after) in pairwise(points)
    ):
        return None
    return slope, count - slope * first


def _format_line(slope: int, constant: int) -> str:
    if slope == 0:
        return str(constant)
    variable = {1: "N", -1: "-N"}.get(slope, f"{slope}N")
    if constant == 0:
        return variable
    return f"{variable} {'+' if constant > 0 else '-'} {abs(constant)}"
