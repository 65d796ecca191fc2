"""What the engine suites found, in a few lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from reports.engine.findings import choose_findings, describe_finding
from reports.engine.study import (
    SIGNS,
    CellRow,
    EngineStudy,
    describe_counts,
    state_verdict,
)
from reports.writing.text import keep_lines


def summarize_checks(study: EngineStudy) -> str:
    """Render the verdict, a line a cell, and the first failures with their commands."""
    sign, line = state_verdict(study)
    parts = [
        f"{sign} {line}",
        "\n".join(_describe_row(row) for row in study.rows),
        "\n".join(_list_failures(study)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _describe_row(row: CellRow) -> str:
    told = ": ".join(part for part in (row.remark, describe_counts(row.tally)) if part)
    return f"  {row.sign} {row.label}: {told}"


def _list_failures(study: EngineStudy) -> Iterator[str]:
    """List the gravest failures, and say how many more there are."""
    chosen, more = choose_findings(study.checks)
    for outcome, check in chosen:
        yield f"{SIGNS[outcome]} {describe_finding(check)}"
        if check.reproduce:
            yield f"    {keep_lines(check.reproduce)}"
    if more:
        yield f"and {more} more, in the report"
