"""What a comment tells of the engine suites: the verdict, and the checks that need somebody."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.results.records import Check
from reports.engine.failures import render_failed_checks
from reports.engine.findings import SHOWN_OUTCOMES, choose_findings, describe_finding
from reports.engine.provenance import render_engine_provenance
from reports.engine.section import render_counts
from reports.engine.study import (
    SIGNS,
    CellRow,
    EngineStudy,
    choose_outcome,
    describe_counts,
    state_verdict,
)
from reports.forms.comment.story import Story, StorySection
from reports.writing.text import escape, fold, quote_code


def tell_checks(study: EngineStudy, source: str) -> Story:
    """Tell what the engine suites found."""
    sign, line = state_verdict(study)
    return Story(
        sign=sign,
        verdict=line,
        remembered=line,
        first=(_render_failures(study.checks),),
        middle=(
            "\n\n".join(render_counts(study)),
            fold("Where the results come from", render_engine_provenance(study.results, source)),
        ),
        sections=tuple(_make_section(study, row) for row in study.rows if _has_failures(row)),
    )


def _render_failures(checks: Sequence[Check]) -> str:
    """List the gravest, and say how many more there are."""
    chosen, more = choose_findings(checks)
    if not chosen:
        return ""
    shown = [
        f"- {SIGNS[outcome]} {describe_finding(check, quote_code, escape)}"
        for outcome, check in chosen
    ]
    if more:
        shown.append(f"- … and {more} more, in the report")
    return "\n".join(["### Failures", "", *shown])


def _has_failures(row: CellRow) -> bool:
    return any(choose_outcome(row.checks, outcome) for outcome in SHOWN_OUTCOMES)


def _make_section(study: EngineStudy, row: CellRow) -> StorySection:
    """Make the section of a cell: its failures whole, with witnesses and commands."""

    def render() -> str:
        own = msgspec.structs.replace(study, rows=(row,))
        _, _, body = render_failed_checks(own).partition("\n\n")
        return body

    title = f"{row.label}: {describe_counts(row.tally)}"
    return StorySection(title=title, noun="cell", render=render)
