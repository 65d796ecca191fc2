"""What grows faster than the number of steps: time, invocations, calls, events, bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import TypeAlias

import msgspec
import pandas as pd

from harness.descriptions import Cell
from harness.measure.statistics import Estimate, fit_growth
from harness.results.records import Counts
from reports.benchmark.costs import frame_counts
from reports.benchmark.findings import CELL, Findings, cell_key
from reports.benchmark.growth import estimate_exponents
from reports.benchmark.laws import find_law
from reports.writing.names import Names
from reports.writing.tables import render_table
from reports.writing.text import escape, fold, format_exponent

#: From this exponent on, a thousand steps cost twice as much a step as one does.
SUPERLINEAR = 1.1

#: Smaller runs are mostly what a run costs by itself.
_LEAST_SIZE = 10

_EVENTS = "events.create"

#: What decides about growth, whatever framework serves it.
_PLACE = ["line", "world", "mode"]

#: Size -> what each run counted.
_Runs: TypeAlias = dict[int, list[int]]


class Growth(msgspec.Struct, frozen=True):
    """How one quantity of a cell grows in a family of scenarios."""

    cell: Cell
    family: str
    quantity: str
    #: Of a time with its interval over forks. What was counted has none: it comes of one fork.
    exponent: Estimate
    #: The exponent is at least so: by that interval, or whichever runs are taken of all that were
    #: counted on this World and line. `None` where one fork alone was timed.
    least: float | None
    #: The straight line that all counts lie on; empty where they lie on none, or were timed.
    law: str = ""

    @property
    def superlinear(self) -> bool:
        """Whether it surely grows faster than the number of steps."""
        return self.least is not None and self.least > SUPERLINEAR and not self.law

    def describe(self) -> str:
        """Describe it as its law, or as the power that was fitted."""
        if self.law:
            return escape(self.law)
        shown = format_exponent(self.exponent)
        return f"{shown} 🔺" if self.superlinear else shown


def list_growth(findings: Findings) -> tuple[Growth, ...]:
    """Fit how every quantity grows, cell by cell; what was not measured is left out."""
    times = {key: exponent for key, exponent in estimate_exponents(findings).items() if exponent}
    return (
        *(
            Growth(cell, family, "workflow time", item, item.low)
            for (cell, family), item in times.items()
        ),
        *list_count_growth(findings),
    )


def list_count_growth(findings: Findings) -> Iterator[Growth]:
    """Fit how everything that was counted grows, cell by cell."""
    frame = frame_counts(findings)
    places = {place: _collect_runs(runs) for place, runs in frame.groupby(_PLACE)}
    for cell in findings.results.header.cells:
        own = frame[(frame[CELL] == list(cell_key(cell))).all(axis=1)]
        for (family, quantity), runs in _collect_runs(own).items():
            exponent = _fit_power(runs)
            if exponent is not None:
                alike = places[cell.line, cell.world, cell.mode][family, quantity]
                law = find_law(runs) or ""
                yield Growth(cell, family, quantity, exponent, _fit_flattest(alike), law)


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
    counted = list(list_count_growth(findings))
    families = dict.fromkeys(item.family for item in counted)
    rows: dict[tuple[Cell, str], dict[str, str]] = {}
    for item in counted:
        columns = findings.names.columns(item.cell) | {"Quantity": escape(item.quantity)}
        row = rows.setdefault((item.cell, item.quantity), columns | dict.fromkeys(families, ""))
        row[item.family] = item.describe()
    if not rows:
        return ""
    note = (
        "A straight line if all counts lie on one; otherwise a power of N, fitted for N of "
        f"{_LEAST_SIZE} and more, without an interval: one fork says nothing of others. 🔺 is "
        f"above {SUPERLINEAR} whichever run of each size is taken, behind whichever framework: it "
        "grows faster than the number of steps."
    )
    table = render_table(list(rows.values()))
    return fold("How counts grow with N", f"{note}\n\n{table}")


def _collect_runs(frame: pd.DataFrame) -> dict[tuple[str, str], _Runs]:
    """Return family and quantity -> runs, of the sizes that are fitted."""
    found: dict[tuple[str, str], _Runs] = {}
    large = frame[frame["size"] >= _LEAST_SIZE]
    for family, size, counts in zip(large["family"], large["size"], large["counts"], strict=True):
        for quantity, total in _sum_up(counts).items():
            found.setdefault((str(family), quantity), {}).setdefault(int(size), []).append(total)
    return found


def _fit_power(runs: _Runs) -> Estimate | None:
    points = [(size, value) for size, values in runs.items() for value in values]
    exponent = fit_growth([size for size, _ in points], [value for _, value in points])
    return None if exponent is None else Estimate(exponent, None, None, 1, len(points))


def _fit_flattest(runs: _Runs) -> float | None:
    """Fit the least exponent that any choice of one run a size gives."""
    # A slope rises with what lies beyond the middle of the sizes, and falls with the rest.
    middle = fmean(math.log(size) for size in runs)
    values = [min(seen) if math.log(size) > middle else max(seen) for size, seen in runs.items()]
    return fit_growth(list(runs), values)


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
    mode = [cell.mode] if names.has_development else []
    return f"{names.title('world', cell.world)} ({', '.join([cell.line, *mode])})"
