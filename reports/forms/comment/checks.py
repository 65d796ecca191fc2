"""What a comment tells of the engine suites: the verdict, and the checks that need somebody."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.engine.verdicts import Outcome
from harness.results.records import Check
from reports.engine.failures import render_failed_checks
from reports.engine.provenance import render_test_provenance
from reports.engine.section import render_counts
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
from reports.forms.comment.story import Section, Story
from reports.writing.text import escape, flatten, fold, quote_code, shorten

#: Told one by one; what is known already is only counted.
_TOLD: tuple[Outcome, ...] = ("failed", "unexpected pass", "inconclusive")
_SHOWN = 10
_LONGEST_MESSAGE = 200


def tell_checks(tested: Tested, source: str) -> Story:
    """Tell what the engine suites found."""
    sign, line = state_verdict(tested)
    return Story(
        sign=sign,
        verdict=line,
        remembered=line,
        first=(_render_failures(tested.checks),),
        middle=(
            "\n\n".join(render_counts(tested)),
            fold("Where the results come from", render_test_provenance(tested.results, source)),
        ),
        sections=tuple(_make_section(tested, row) for row in tested.rows if _has_failures(row)),
    )


def _render_failures(checks: Sequence[Check]) -> str:
    """List the gravest, and say how many more there are."""
    chosen = [(outcome, check) for outcome in _TOLD for check in choose_outcome(checks, outcome)]
    if not chosen:
        return ""
    told = [f"- {SIGNS[outcome]} {_describe(check)}" for outcome, check in chosen[:_SHOWN]]
    if len(chosen) > _SHOWN:
        told.append(f"- … and {len(chosen) - _SHOWN} more, in the report")
    return "\n".join(["### Failures", "", *told])


def _describe(check: Check) -> str:
    name = " ".join(part for part in map(quote_code, (check.clause, check.check)) if part)
    rate = describe_rate(check)
    what = shorten(flatten(check.message), _LONGEST_MESSAGE) or "it is listed as failing"
    aside = f" (fails in {rate})" if rate else ""
    return f"{name} on {quote_code(label_cell(check.cell, check.mode))}: {escape(what)}{aside}"


def _has_failures(row: Row) -> bool:
    return any(choose_outcome(row.checks, outcome) for outcome in _TOLD)


def _make_section(tested: Tested, row: Row) -> Section:
    """Make the section of a cell: its failures whole, with witnesses and commands."""

    def render() -> str:
        own = msgspec.structs.replace(tested, rows=(row,))
        _, _, body = render_failed_checks(own).partition("\n\n")
        return body

    title = f"{row.label}: {describe_counts(row.tally)}"
    return Section(title=title, noun="cell", render=render)
