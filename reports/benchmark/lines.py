"""The lines of the SDK side by side: what N sequential steps cost on each, and how that grows."""

from __future__ import annotations

from harness.descriptions import Cell, Scenario
from harness.measure.statistics import Estimate
from reports.benchmark.costs import describe_counts, frame_counts
from reports.benchmark.findings import Findings
from reports.benchmark.growth import estimate_exponents
from reports.writing.names import find_language
from reports.writing.tables import render_table
from reports.writing.text import escape, format_estimate, format_exponent

#: The scenarios whose sizes are numbers of steps that come one after the other.
_FAMILY = "sequential"
_EXPLANATION = (
    "N steps, one after the other. Time per step is the workflow time divided by N. *Grows as* is "
    "fitted to the whole workflow time: with N^1 every step costs the same; with more, the longer "
    "the run, the more each costs."
)


def render_lines(findings: Findings) -> str:
    """Render one row a cell, lines beside each other; empty where one line was measured."""
    header = findings.results.header
    scenarios = [item for item in header.scenarios if item.family == _FAMILY and item.size > 0]
    if not findings.names.several_lines or not scenarios:
        return ""
    frame = frame_counts(findings)
    exponents = estimate_exponents(findings)
    rows = []
    for cell in header.cells:
        counts = {
            title: describe_counts(frame, cell, _FAMILY, column)
            for title, column in (("Invocations", "invocations"), ("World calls", "world_calls"))
        }
        times = {
            f"Per step, N={item.size}": format_estimate(_divide(findings, cell, item))
            for item in scenarios
        }
        rows.append(
            {
                "Line": escape(cell.line),
                "Language": find_language(header, cell.line),
                **findings.names.columns(cell, "world", "framework", "mode"),
                **counts,
                **times,
                "Grows as": format_exponent(exponents.get((cell, _FAMILY))),
            }
        )
    title = "### What a step costs on each line"
    return "\n\n".join(["## Lines Side by Side", title, _EXPLANATION, render_table(rows)])


def _divide(findings: Findings, cell: Cell, scenario: Scenario) -> Estimate | None:
    """Return the time per step; `None` where nothing was measured."""
    whole = findings.entries[cell, scenario.id].workflow
    return None if whole is None else whole.divide(scenario.size)
