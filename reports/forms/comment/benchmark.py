"""What a comment tells of a benchmark: what changed, what failed, who is the fastest."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from harness.descriptions import Scenario
from harness.measure.changes import Changes
from reports.benchmark.changes import describe_changes, render_changes
from reports.benchmark.compared import compare_versions
from reports.benchmark.findings import Findings
from reports.benchmark.first_answers import describe_first_compiles
from reports.benchmark.flaws import (
    FAULT,
    CellFailure,
    list_failures,
    list_known_faults,
    state_reason,
)
from reports.benchmark.overview import render_overview
from reports.benchmark.provenance import render_provenance
from reports.benchmark.scaling import describe_superlinear
from reports.benchmark.scenarios import Decisions, decide_sections, render_scenario
from reports.benchmark.verdict import reach_verdict
from reports.forms.comment.story import Story, StorySection
from reports.writing.text import count, escape, flatten, fold, shorten

#: Failures that are told; the rest is in the report.
_FAILURES = 10
#: Rows that changed: more than these are no longer read one by one.
_ROWS = 60


def tell_benchmark(findings: Findings, changes: Changes | None, source: str) -> Story:
    """Tell what was timed.

    Args:
        findings: What came of it.
        changes: Of two sessions; those of versions within the session are found in it.
        source: Where the whole report is, for the reader.
    """
    changes = changes or compare_versions(findings)
    verdict = reach_verdict(findings)
    decisions = decide_sections(findings)
    said = (
        *verdict.answers,
        verdict.cost,
        describe_first_compiles(findings),
        describe_superlinear(findings),
    )
    return Story(
        sign="❌" if _regressed(changes) else verdict.sign,
        verdict="; ".join([*([describe_changes(changes)] if changes else []), verdict.line]),
        remembered=describe_changes(changes) if changes else verdict.line,
        points=tuple(escape(sentence) for sentence in said if sentence),
        first=(
            _render_changes(findings, changes),
            _render_failures(findings),
            render_overview(findings),
        ),
        middle=(fold("Where the numbers come from", render_provenance(findings, source)),),
        sections=tuple(
            _make_section(findings, scenario, decisions)
            for scenario in findings.results.header.scenarios
            if scenario.decides
        ),
    )


def _regressed(changes: Changes | None) -> bool:
    if changes is None:
        return False
    return any(row.direction == "regression" for row in (*changes.rows, *changes.overall))


def _render_changes(findings: Findings, changes: Changes | None) -> str:
    """Render the rows that changed; those that did not are in the report."""
    if changes is None:
        return ""
    called = [
        row
        for row in (*changes.overall, *changes.rows)
        if row.direction in ("regression", "improvement")
    ]
    called.sort(key=lambda row: -abs(row.ratio.center - 1) if row.ratio else 0.0)
    shown = msgspec.structs.replace(changes, overall=(), rows=tuple(called[:_ROWS]))
    text = render_changes(shown, findings.results.header.scenarios, findings.names)
    # What was counted above counts all rows, not only these.
    head, _, rest = text.partition("\n\n")
    _, _, rest = rest.partition("\n\n")
    left = len(called) - _ROWS
    more = f"\n\n… and {count(left, 'smaller change')}, in the report." if left > 0 else ""
    return f"{head}\n\n{escape(describe_changes(changes))}.\n\n{rest}{more}".rstrip()


def _render_failures(findings: Findings) -> str:
    lists = {"Failures": list_failures(findings), "Known faults": list_known_faults(findings)}
    return "\n\n".join(_list(title, failures) for title, failures in lists.items() if failures)


def _list(title: str, failures: Sequence[CellFailure]) -> str:
    told = [f"- {_describe(failure)}" for failure in failures[:_FAILURES]]
    if len(failures) > _FAILURES:
        told.append(f"- … and {len(failures) - _FAILURES} more, in the report")
    return "\n".join([f"### {title}", "", *told])


def _describe(failure: CellFailure) -> str:
    cell = escape(failure.cell.id)
    places = [f"{FAULT} {cell}", *(escape(item.id) for item in failure.scenarios)]
    place = " ".join(places) if failure.known else cell
    reason = shorten(flatten(state_reason(failure.flaws[0])))
    return f"{place}: {escape(failure.what)}: {escape(reason)}"


def _make_section(findings: Findings, scenario: Scenario, decisions: Decisions) -> StorySection:
    def render() -> str:
        _, _, body = render_scenario(findings, scenario, decisions).partition("\n\n")
        return body

    return StorySection(title=scenario.title, noun="scenario", render=render)
