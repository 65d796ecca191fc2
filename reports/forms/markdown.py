"""The report on a result file as one Markdown document, in the order in which it is read."""

from __future__ import annotations

from harness.results.records import Results
from reports.benchmark.changes import render_changes
from reports.benchmark.compared import compare_versions
from reports.benchmark.costs import render_costs
from reports.benchmark.findings import Findings, study
from reports.benchmark.flaws import render_failures
from reports.benchmark.growth import render_growth
from reports.benchmark.latency import render_latency
from reports.benchmark.lines import render_lines
from reports.benchmark.provenance import render_provenance
from reports.benchmark.resources import render_resources
from reports.benchmark.scaling import describe_superlinear, render_scaling
from reports.benchmark.scenarios import Decisions, decide_sections, render_scenario
from reports.benchmark.stability import render_stability
from reports.benchmark.verdict import Verdict, reach_verdict
from reports.benchmark.wins import render_summary
from reports.engine.provenance import render_engine_provenance
from reports.engine.section import render_e2e, render_verdict
from reports.engine.study import study_checks
from reports.load.section import render_load
from reports.writing.definitions import render_definitions, render_worlds
from reports.writing.names import name_everything
from reports.writing.text import escape

#: The heading of what was timed.
TITLE = "📊 Benchmark Results"


def render_markdown(results: Results, *, source: str, findings: Findings | None = None) -> str:
    """Render the report of one session.

    Args:
        results: What was measured.
        source: Where the raw data is, for the reader: a path or an address.
        findings: What :func:`reports.benchmark.findings.study` made of them, where that is at hand.
    """
    if results.header.load:
        return "\n\n".join(part for part in render_load(results, source) if part) + "\n"
    parts = (
        _render_benchmark(findings or study(results), source)
        if is_timed(results)
        else _render_tests(results, source)
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def is_timed(results: Results) -> bool:
    """Tell whether anything was timed, or was to be."""
    if results.header.load:
        return False
    asked = results.header.forks and not results.checks
    return bool(results.samples or results.forks or asked)


def is_tested(results: Results) -> bool:
    """Tell whether anything was examined, or was to be."""
    header = results.header
    return bool(results.checks or not (header.forks or header.load))


def _render_benchmark(findings: Findings, source: str) -> list[str]:
    results = findings.results
    tested = study_checks(results) if results.checks else None
    decisions = decide_sections(findings)
    changes = compare_versions(findings)
    return [
        _render_verdict(reach_verdict(findings), describe_superlinear(findings)),
        render_verdict(tested) if tested else "",
        render_changes(changes, results.header.scenarios, findings.names),
        f"## {TITLE}",
        _render_steps(findings, decisions),
        _render_streams(findings, decisions),
        render_failures(findings),
        render_stability(findings),
        render_latency(findings),
        render_summary(findings),
        render_lines(findings),
        render_costs(findings),
        render_growth(findings),
        render_scaling(findings),
        render_resources(findings),
        render_e2e(tested) if tested else "",
        render_definitions(),
        render_worlds(results.header, findings.names),
        render_provenance(findings, source),
    ]


def _render_tests(results: Results, source: str) -> list[str]:
    """Render a file of tests alone."""
    return [
        render_e2e(study_checks(results)),
        render_worlds(results.header, name_everything(results.header)),
        render_engine_provenance(results, source),
    ]


def _render_verdict(verdict: Verdict, *more: str) -> str:
    sign = "✅" if verdict.sound else "❌"
    said = (*verdict.fastest, verdict.cost, *more)
    points = [_render_point(point) for point in said if point]
    return "\n".join([f"**{sign} {escape(verdict.line)}**", "", *points]).rstrip()


def _render_point(point: str) -> str:
    subject, _, answer = point.partition(": ")
    return f"- **{escape(subject)}**: {escape(answer)}"


def _render_steps(findings: Findings, decisions: Decisions) -> str:
    scenarios = findings.results.header.scenarios
    return "\n\n".join(
        render_scenario(findings, item, decisions) for item in scenarios if item.kind == "steps"
    )


def _render_streams(findings: Findings, decisions: Decisions) -> str:
    scenarios = [item for item in findings.results.header.scenarios if item.kind == "streams"]
    if not scenarios:
        return ""
    sections = [render_scenario(findings, item, decisions) for item in scenarios]
    return "\n\n".join(["## Stream Benchmarks (includes TTFB metrics)", *sections])
