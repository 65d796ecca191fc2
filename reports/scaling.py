"""What grows faster than the number of steps: time, invocations, calls, events, bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from harness.descriptions import Cell
from harness.measure.results import Counts
from harness.measure.statistics import Estimate, fit_growth
from reports.costs import frame_counts
from reports.findings import CELL, Findings, cell_key
from reports.growth import estimate_exponents
from reports.laws import find_law
from reports.names import Names
from reports.tables import render_table
from reports.text import escape, fold, format_exponent

#: From this exponent on, a thousand steps cost twice as much a step as one does.
SUPERLINEAR = 1.1

#: Smaller runs are mostly what a run costs by itself.
_LEAST_SIZE = 10

_EVENTS = "events.create"


class Growth(msgspec.Struct, frozen=True):
    """How one quantity of a cell grows in a family of scenarios."""

    cell: Cell
    family: str
    quantity: str
    exponent: Estimate
    #: The straight line that all counts lie on; empty where they lie on none, or were timed.
    law: str = ""

    @property
    def superlinear(self) -> bool:
        """Whether it surely grows faster than the number of steps."""
        surely = self.exponent.low is not None and self.exponent.low > SUPERLINEAR
        return surely and not self.law

    def describe(self) -> str:
        """Describe it as its law, or as the power that was fitted."""
        if self.law:
            return escape(self.law)
        exact = self.exponent.low == self.exponent.high
        shown = f"N^{self.exponent.center:.2f}" if exact else format_exponent(self.exponent)
        return f"{shown} 🔺" if self.superlinear else shown


def list_growth(findings: Findings) -> tuple[Growth, ...]:
    """Fit how every quantity grows, cell by cell; what was not measured is left out."""
    times = {key: exponent for key, exponent in estimate_exponents(findings).items() if exponent}
    return (
        *(Growth(cell, family, "workflow time", item) for (cell, family), item in times.items()),
        *_fit_counts(findings),
    )


def describe_superlinear(findings: Findings) -> str:
    """Name what grows faster than linear, as plain text; empty if nothing does."""
    found: dict[str, dict[str, None]] = {}
    for growth in list_growth(findings):
        if growth.superlinear:
            place = _name_place(findings.names, growth.cell)
            found.setdefault(place, {})[growth.quantity] = None
    named = [f"{', '.join(quantities)} on {place}" for place, quantities in found.items()]
    return f"Grows faster than N: {'; '.join(named)}" if named else ""


def render_scaling(findings: Findings) -> str:
    """Render the exponents of everything that was counted; empty if nothing was."""
    counted = [item for item in list_growth(findings) if item.quantity != "workflow time"]
    families = dict.fromkeys(item.family for item in counted)
    rows: dict[tuple[Cell, str], dict[str, str]] = {}
    for item in counted:
        columns = findings.names.columns(item.cell) | {"Quantity": escape(item.quantity)}
        row = rows.setdefault((item.cell, item.quantity), columns | dict.fromkeys(families, ""))
        row[item.family] = item.describe()
    if not rows:
        return ""
    note = (
        "A straight line where all counts lie on one; else a power of N, fitted for N of "
        f"{_LEAST_SIZE} and more. 🔺 is above {SUPERLINEAR}: it grows faster than the number of "
        "steps."
    )
    table = render_table(list(rows.values()))
    return fold("How counts grow with N", f"{note}\n\n{table}")


def _fit_counts(findings: Findings) -> Iterator[Growth]:
    frame = frame_counts(findings)
    for cell in findings.results.header.cells:
        own = frame[(frame[CELL] == list(cell_key(cell))).all(axis=1)]
        for family, runs in own[own["size"] >= _LEAST_SIZE].groupby("family", sort=False):
            totals = [_sum_up(counts) for counts in runs["counts"]]
            for quantity in totals[0]:
                sizes = [int(size) for size in runs["size"]]
                values = [total[quantity] for total in totals]
                exponent = fit_growth(sizes, values)
                if exponent is not None:
                    # Counts are exact; what varies between runs is seen at every size.
                    exact = Estimate(exponent, exponent, exponent, 1, len(values))
                    by_size: dict[int, list[int]] = {}
                    for size, value in zip(sizes, values, strict=True):
                        by_size.setdefault(size, []).append(value)
                    yield Growth(cell, str(family), quantity, exact, find_law(by_size) or "")


def _sum_up(counts: Counts) -> Mapping[str, int]:
    events = sum(
        number for method, number in counts.world_calls.items() if method.startswith(_EVENTS)
    )
    return {
        "invocations": sum(counts.invocations.values()),
        "world calls": sum(counts.world_calls.values()),
        "events": events,
        "bytes": sum(counts.bytes.values()),
    }


def _name_place(names: Names, cell: Cell) -> str:
    """Name what decides about growth: the World and the line, whatever framework serves them."""
    return f"{names.title('world', cell.world)} ({cell.line})"
