"""A session as a badge, in the endpoint format of shields.io."""

from __future__ import annotations

import msgspec

from reports.benchmark.compared import compare_versions
from reports.benchmark.findings import Findings
from reports.benchmark.flaws import list_failures, list_known_faults
from reports.engine.study import EngineStudy, describe_counts, state_verdict, tally
from reports.forms.studies import Study
from reports.load.study import LoadStudy
from reports.writing.text import count

_COLORS = {"✅": "brightgreen", "❌": "red", "❔": "lightgrey", "🟡": "yellow"}


class _Badge(msgspec.Struct, frozen=True, rename="camel"):
    label: str
    message: str
    color: str
    schema_version: int = 1


def render_badge(study: Study, *, source: str) -> str:
    """Render the JSON that a badge is drawn from; `source` is not shown."""
    match study:
        case Findings():
            badge = _draw_benchmark(study)
        case EngineStudy():
            badge = _draw_tests(study)
        case LoadStudy():
            badge = _draw_load(study)
    return msgspec.json.encode(badge).decode() + "\n"


def _draw_benchmark(findings: Findings) -> _Badge:
    label = "world benchmark"
    cells = count(len(findings.results.header.cells), "cell")
    if failures := list_failures(findings):
        return _Badge(label, f"{count(len(failures), 'failure')} in {cells}", _COLORS["❌"])
    if findings.results.footer is None:
        return _Badge(label, f"incomplete: {cells}", _COLORS["❔"])
    changes = compare_versions(findings)
    rows = (*changes.overall, *changes.rows) if changes and not changes.refused else ()
    if slower := sum(row.direction == "regression" for row in rows):
        return _Badge(label, count(slower, "regression"), "orange")
    if known := list_known_faults(findings):
        return _Badge(label, f"{cells}, {count(len(known), 'known fault')}", _COLORS["🟡"])
    return _Badge(label, f"{cells}, no failures", _COLORS["✅"])


def _draw_load(study: LoadStudy) -> _Badge:
    results, summaries = study.results, study.summaries
    bad = sum(run.outcome != "correct" for run in results.loads)
    if failed := sum(bool(summary.failure) for summary in summaries):
        told = f"{failed} of {count(len(summaries), 'load')} could not be made"
        return _Badge("world load", told, _COLORS["❌"])
    if bad or not results.loads:
        told = f"{bad:,} of {len(results.loads):,} runs failed" if bad else "nothing was loaded"
        return _Badge("world load", told, _COLORS["❌" if bad else "❔"])
    rates = [summary.kept_up for summary in summaries if summary.kept_up is not None]
    told = f"keeps up with {min(rates):g}/s" if rates else "did not keep up"
    sound = study.sound and len(rates) == len(summaries)
    return _Badge("world load", told, _COLORS["✅" if sound else "🟡"])


def _draw_tests(study: EngineStudy) -> _Badge:
    told = describe_counts(tally(study.checks)) or "nothing was tested"
    sign, _ = state_verdict(study)
    return _Badge("world engine", told, _COLORS[sign])
