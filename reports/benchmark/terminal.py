"""The report on one screen of a terminal."""

from __future__ import annotations

from tabulate import tabulate

from harness.measure.questions import Part
from reports.benchmark.findings import Findings
from reports.benchmark.flaws import CellFailure, list_failures
from reports.benchmark.verdict import reach_verdict
from reports.benchmark.wins import (
    describe_leaders,
    describe_ties,
    describe_wins,
    hold_contests,
    list_parts,
    name_contests,
    others_than,
)
from reports.writing.names import HEADINGS
from reports.writing.text import flatten, shorten

_FAILURES_SHOWN = 5


def summarize(findings: Findings) -> str:
    """Render the verdict, who wins what, and the first failures, as plain text."""
    verdict = reach_verdict(findings)
    contests = [_render_contests(findings, part) for part in list_parts(findings)]
    parts = [verdict.line, *contests, verdict.cost, _render_failures(findings)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _render_contests(findings: Findings, part: Part) -> str:
    names = findings.names
    rows = [
        [
            *(
                names.title(other, getattr(contest.place, other))
                for other in others_than(part)
                if other != "line" or names.several_lines
            ),
            describe_leaders(names, contest),
            describe_wins(names, contest),
            describe_ties(contest),
        ]
        for contest in hold_contests(findings, part)
    ]
    others = [
        HEADINGS[other] for other in others_than(part) if other != "line" or names.several_lines
    ]
    headers = [*others, "Fastest", "Wins", "Ties"]
    table = tabulate(rows, headers=headers, tablefmt="simple", disable_numparse=True)
    return f"{name_contests(part)}\n\n{table}"


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
