"""The report on one screen of a terminal."""

from __future__ import annotations

from tabulate import tabulate

from reports.benchmark.findings import Findings
from reports.benchmark.first_answers import describe_first_compiles
from reports.benchmark.flaws import CellFailure, list_failures
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
        _render_failures(findings),
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


def _render_failures(findings: Findings) -> str:
    """List the first failures, and say how many more there are."""
    failures = list_failures(findings)
    lines = [f"  {_describe(failure)}" for failure in failures[:_FAILURES_SHOWN]]
    if len(failures) > _FAILURES_SHOWN:
        lines.append(f"  and {len(failures) - _FAILURES_SHOWN} more")
    return "\n".join(["Failures", *lines]) if lines else ""


def _describe(failure: CellFailure) -> str:
    scenarios = ", ".join(scenario.id for scenario in failure.scenarios)
    place = f"{failure.cell.id} {shorten(scenarios)}".rstrip()
    reason = shorten(flatten(failure.flaws[0].reason))
    return flatten(f"{place}: {failure.what}: {reason}")
