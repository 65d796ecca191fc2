"""The report on a result file as one Markdown document, in the order in which it is read."""

from __future__ import annotations

from reports.benchmark.changes import render_changes
from reports.benchmark.compared import compare_versions
from reports.benchmark.costs import render_costs
from reports.benchmark.findings import Findings
from reports.benchmark.first_answers import describe_first_compiles, render_first_compiles
from reports.benchmark.flaws import render_failures
from reports.benchmark.growth import render_growth
from reports.benchmark.latencies import TITLE as LATENCIES
from reports.benchmark.latencies import render_latencies
from reports.benchmark.latency import render_latency
from reports.benchmark.lines import render_lines
from reports.benchmark.overview import TITLE as OVERVIEW
from reports.benchmark.overview import render_overview
from reports.benchmark.provenance import render_provenance
from reports.benchmark.resources import render_resources
from reports.benchmark.scaling import describe_superlinear, render_scaling
from reports.benchmark.scenarios import Decisions, decide_sections, render_scenario
from reports.benchmark.stability import render_stability
from reports.benchmark.verdict import BenchVerdict, reach_verdict
from reports.benchmark.wins import render_summary
from reports.engine.provenance import render_engine_provenance
from reports.engine.section import render_e2e
from reports.engine.study import EngineStudy
from reports.forms.studies import Study
from reports.load.section import render_load
from reports.load.study import LoadStudy
from reports.writing.definitions import render_definitions, render_worlds
from reports.writing.folding import fold_sections
from reports.writing.names import name_everything
from reports.writing.text import escape

#: The heading of what was timed.
TITLE = "📊 Benchmark Results"


#: What stands there where nothing was timed that decides who is faster.
ONLY_LATENCIES = "Only latencies were measured."

#: Sections of a benchmark that its reader sees at once; the others open with a click.
UNFOLDED = (OVERVIEW, LATENCIES, "What changed", "Failures")


def render_markdown(study: Study, *, source: str) -> str:
    """Render the report of one session as Markdown, the details of a benchmark folded.

    Args:
        study: What came of it.
        source: Where the raw data is, for the reader: a path or an address.
    """
    text = render_unfolded(study, source=source)
    return fold_sections(text, but=UNFOLDED) if isinstance(study, Findings) else text


def render_unfolded(study: Study, *, source: str) -> str:
    """Render the report of one session, every section open."""
    match study:
        case Findings():
            parts = _render_benchmark(study, source)
        case EngineStudy():
            parts = _render_tests(study, source)
        case LoadStudy():
            parts = render_load(study, source)
    return "\n\n".join(part for part in parts if part) + "\n"


def _render_benchmark(findings: Findings, source: str) -> list[str]:
    header = findings.results.header
    decisions = decide_sections(findings)
    changes = compare_versions(findings)
    return [
        _render_verdict(
            reach_verdict(findings),
            describe_first_compiles(findings),
            describe_superlinear(findings),
        ),
        render_changes(changes, header.scenarios, findings.names),
        render_overview(findings),
        render_failures(findings),
        f"## {TITLE}",
        "" if any(item.decides for item in header.scenarios) else ONLY_LATENCIES,
        _render_steps(findings, decisions),
        _render_streams(findings, decisions),
        render_latencies(findings),
        render_first_compiles(findings),
        render_stability(findings),
        render_latency(findings),
        render_summary(findings),
        render_lines(findings),
        render_costs(findings),
        render_growth(findings),
        render_scaling(findings),
        render_resources(findings),
        render_definitions(),
        render_worlds(header, findings.names),
        render_provenance(findings, source),
    ]


def _render_tests(study: EngineStudy, source: str) -> list[str]:
    header = study.results.header
    return [
        render_e2e(study),
        render_worlds(header, name_everything(header)),
        render_engine_provenance(study.results, source),
    ]


def _render_verdict(verdict: BenchVerdict, *more: str) -> str:
    said = (*verdict.answers, verdict.cost, *more)
    points = [_render_point(point) for point in said if point]
    return "\n".join([f"**{verdict.sign} {escape(verdict.line)}**", "", *points]).rstrip()


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
