"""Which timings are imprecise, and what helps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from harness.descriptions import Cell, Scenario
from harness.measure.statistics import Estimate
from reports.benchmark.findings import Findings
from reports.writing.tables import render_table
from reports.writing.text import count, escape

#: How far an interval may reach to either side of its center, as a share of it.
STEADY = 0.10

#: More forks than this ask for a quieter machine instead.
_MANY_FORKS = 100


class Unsteady(msgspec.Struct, frozen=True):
    """One cell whose timings are imprecise, in some scenarios."""

    cell: Cell
    #: The widest first.
    scenarios: tuple[Scenario, ...]
    #: Half of the widest interval, as a share of its center.
    widest: float
    #: About how many forks would do, if all forks are like those that were seen.
    forks: int


def find_unsteady(findings: Findings) -> tuple[Unsteady, ...]:
    """Find the cells with an interval that is wider than :data:`STEADY`."""
    found = []
    for cell in findings.results.header.cells:
        wide = [
            (width, scenario, time.forks)
            for scenario in findings.results.header.scenarios
            if (time := findings.entries[cell, scenario.id].workflow)
            and (width := measure_width(time)) is not None
            and width > STEADY
        ]
        if wide:
            wide.sort(key=lambda item: -item[0])
            widest, _, forks = wide[0]
            needed = math.ceil(forks * (widest / STEADY) ** 2)
            scenarios = tuple(scenario for _, scenario, _ in wide)
            found.append(Unsteady(cell, scenarios, widest, needed))
    return tuple(found)


def measure_width(time: Estimate) -> float | None:
    """Return half of an interval as a share of its center; `None` where it is not known."""
    if time.low is None or time.high is None or time.center <= 0:
        return None
    return (time.high - time.low) / 2 / time.center


def render_stability(findings: Findings) -> str:
    """Render which cells are unsteady and what to do; empty if none is."""
    unsteady = find_unsteady(findings)
    if not unsteady:
        return ""
    rows = [
        {
            **findings.names.columns(item.cell),
            "Imprecise": f"{len(item.scenarios)} of {len(findings.results.header.scenarios)}",
            "Widest": f"±{item.widest:.0%}, {escape(item.scenarios[0].title)}",
            "What Helps": advise(item),
        }
        for item in unsteady
    ]
    return "\n\n".join(
        [
            "### Imprecise timings",
            f"Intervals that reach more than {STEADY:.0%} to either side of their center: "
            f"{count_unsteady(unsteady)}.",
            render_table(rows),
        ]
    )


def count_unsteady(unsteady: Sequence[Unsteady]) -> str:
    """Count the imprecise timings: `5 timings in 2 cells`."""
    times = sum(len(item.scenarios) for item in unsteady)
    return f"{count(times, 'timing')} in {count(len(unsteady), 'cell')}"


def advise(item: Unsteady) -> str:
    """Say what makes a cell's timings precise."""
    if item.forks > _MANY_FORKS:
        return "a quieter machine"
    return f"`--forks {item.forks}`, or a quieter machine"
