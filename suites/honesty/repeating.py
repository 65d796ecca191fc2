"""How much the center of a cell differs between repeated sessions."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.descriptions import Cell
from harness.results.records import BenchResults
from reports.benchmark.findings import study

#: Shorter runs are ignored: the clock has a resolution of one millisecond.
LEAST_SIZE = 10


class SessionSpread(msgspec.Struct, frozen=True):
    """One cell and scenario in several sessions."""

    cell: Cell
    scenario: str
    sessions: int
    #: Largest center divided by the smallest, minus 1.
    spread: float


def measure_spreads(sessions: Sequence[BenchResults]) -> tuple[SessionSpread, ...]:
    """Compute the spread of each cell and scenario, the widest first."""
    centers: dict[tuple[Cell, str], list[float]] = {}
    for findings in map(study, sessions):
        for (cell, scenario), entry in findings.entries.items():
            known = cell in findings.results.header.cells
            if known and entry.scenario.size >= LEAST_SIZE and entry.workflow:
                centers.setdefault((cell, scenario), []).append(entry.workflow.center)
    spreads = [
        SessionSpread(cell, scenario, len(found), max(found) / min(found) - 1)
        for (cell, scenario), found in centers.items()
        if len(found) > 1
    ]
    return tuple(sorted(spreads, key=lambda item: -item.spread))
