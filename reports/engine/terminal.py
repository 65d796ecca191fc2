"""What the engine suites found, in a few lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from harness.engine.verdicts import OUTCOMES, Outcome
from harness.results.records import Check
from reports.engine.study import (
    SIGNS,
    Row,
    Tested,
    choose_outcome,
    describe_counts,
    describe_rate,
    label_cell,
    state_verdict,
)
from reports.writing.text import flatten, keep_lines, shorten

#: Told with their commands; what is known already is only counted.
_TOLD: tuple[Outcome, ...] = ("failed", "unexpected pass", "inconclusive")
_SHOWN = 10
_LONGEST_MESSAGE = 200


def summarize_checks(tested: Tested) -> str:
    """Render the verdict, a line a cell, and the first failures with their commands."""
    sign, line = state_verdict(tested)
    parts = [
        f"{sign} {line}",
        "\n".join(_describe_row(row) for row in tested.rows),
        "\n".join(_list_failures(tested)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _describe_row(row: Row) -> str:
    told = ": ".join(part for part in (row.remark, describe_counts(row.tally)) if part)
    return f"  {row.sign} {row.label}: {told}"


def _list_failures(tested: Tested) -> Iterator[str]:
    """List the gravest failures, and say how many more there are."""
    chosen = [
        (outcome, check)
        for outcome in OUTCOMES
        if outcome in _TOLD
        for check in choose_outcome(tested.checks, outcome)
    ]
    for outcome, check in chosen[:_SHOWN]:
        yield f"{SIGNS[outcome]} {_describe(check)}"
        if check.reproduce:
            yield f"    {keep_lines(check.reproduce)}"
    if len(chosen) > _SHOWN:
        yield f"and {len(chosen) - _SHOWN} more, in the report"


def _describe(check: Check) -> str:
    name = " ".join(part for part in (check.clause, check.check) if part)
    rate = describe_rate(check)
    what = shorten(flatten(check.message), _LONGEST_MESSAGE) or "it is listed as failing"
    aside = f" (fails in {rate})" if rate else ""
    return f"{flatten(f'{name} on {label_cell(check.cell, check.mode)}: {what}')}{aside}"
