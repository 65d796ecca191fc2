"""The benchmark report as one Markdown document, in the order in which it is read."""

from __future__ import annotations

from harness.measure.results import Results
from reports.costs import render_costs
from reports.findings import Findings, study
from reports.flaws import render_failures
from reports.growth import render_growth
from reports.latency import render_latency
from reports.provenance import render_definitions, render_provenance, render_worlds
from reports.resources import render_resources
from reports.scenarios import render_scenario
from reports.text import escape
from reports.verdict import Verdict, reach_verdict
from reports.wins import render_summary


def render_markdown(results: Results, *, source: str) -> str:
    """Render the report of one session.

    Args:
        results: What was measured.
        source: Where the raw data is, for the reader: a path or an address.
    """
    findings = study(results)
    parts = [
        _render_verdict(reach_verdict(findings)),
        "## 📊 Benchmark Results",
        _render_steps(findings),
        _render_streams(findings),
        render_failures(findings),
        render_latency(findings),
        render_summary(findings),
        render_costs(findings),
        render_growth(findings),
        render_resources(findings),
        render_definitions(),
        render_worlds(findings),
        render_provenance(findings, source),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _render_verdict(verdict: Verdict) -> str:
    sign = "✅" if verdict.sound else "❌"
    points = [_render_point(point) for point in (*verdict.fastest, verdict.cost) if point]
    return "\n".join([f"**{sign} {escape(verdict.line)}**", "", *points]).rstrip()


def _render_point(point: str) -> str:
    subject, _, answer = point.partition(": ")
    return f"- **{escape(subject)}**: {escape(answer)}"


def _render_steps(findings: Findings) -> str:
    scenarios = findings.results.header.scenarios
    return "\n\n".join(
        render_scenario(findings, item) for item in scenarios if item.kind == "steps"
    )


def _render_streams(findings: Findings) -> str:
    scenarios = [item for item in findings.results.header.scenarios if item.kind == "streams"]
    if not scenarios:
        return ""
    sections = [render_scenario(findings, item) for item in scenarios]
    return "\n\n".join(["## Stream Benchmarks (includes TTFB metrics)", *sections])
