"""The report on one screen of a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from reports.benchmark.findings import Findings
from reports.benchmark.first_answers import describe_first_compiles
from reports.benchmark.flaws import (
    FAULT,
    CellFailure,
    list_failures,
    list_known_faults,
    state_reason,
)
from reports.benchmark.overview import LEGEND, OverviewTable, list_overview
from reports.benchmark.verdict import reach_verdict
from reports.writing.text import flatten, shorten

_FAILURES_SHOWN = 5


def summarize(findings: Findings) -> str:
    """Render the verdict, the answers, the overview and the first failures, as plain text."""
    verdict = reach_verdict(findings)
    tables = [_render_table(table) for table in list_overview(findings)]
    parts = [
        verdict.line,
        "\n".join(verdict.answers),
        *tables,
        LEGEND if tables else "",
        verdict.cost,
        describe_first_compiles(findings),
        _render_failures("Failures", list_failures(findings)),
        _render_failures("Known faults", list_known_faults(findings)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _render_table(table: OverviewTable) -> str:
    first, *_ = table.rows
    text = tabulate(
        [[*row.values()] for row in table.rows],
        headers=[*first],
        tablefmt="simple",
        disable_numparse=True,
    )
    return f"{table.title}\n\n{text}" if table.title else text


def _render_failures(title: str, failures: Sequence[CellFailure]) -> str:
    """List the first failures, and say how many more there are."""
    lines = [f"  {_describe(failure)}" for failure in failures[:_FAILURES_SHOWN]]
    if len(failures) > _FAILURES_SHOWN:
        lines.append(f"  and {len(failures) - _FAILURES_SHOWN} more")
    return "\n".join([title, *lines]) if lines else ""


def _describe(failure: CellFailure) -> str:
    scenarios = ", ".join(scenario.id for scenario in failure.scenarios)
    place = f"{failure.cell.id} {shorten(scenarios)}".rstrip()
    reason = shorten(flatten(state_reason(failure.flaws[0])))
    mark = f"{FAULT} " if failure.known else ""
    return flatten(f"{mark}{place}: {failure.what}: {reason}")
