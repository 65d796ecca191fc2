"""What a comment tells of a load: what every cell kept up with, and how long runs took."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.load.summary import LoadSummary, StageSummary
from reports.forms.comment.story import Story, StorySection
from reports.load.provenance import describe_load_provenance
from reports.load.section import render_load
from reports.load.study import LoadStudy
from reports.load.terminal import summarize_loads
from reports.writing.names import Names
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, escape, fold, format_ms

#: The percentiles that are read at a glance; the others are in the sections.
_PERCENTILES = (50.0, 99.0)
#: The heading in the report under which they stand.
_FAILURES = "### What did not end well"


def tell_load(study: LoadStudy, source: str) -> Story:
    """Tell what a load came to."""
    names, summaries = study.names, study.summaries
    sections = _split(render_load(study, source))
    line, *said = summarize_loads(study).splitlines()
    return Story(
        sign="✅" if study.sound else "❌",
        verdict=line,
        remembered=line,
        points=(*map(escape, said),),
        first=(
            f"{_FAILURES}\n\n{sections[_FAILURES]}" if _FAILURES in sections else "",
            _render_stages(summaries, names),
        ),
        middle=(
            fold("Where the numbers come from", describe_load_provenance(study.results, source)),
        ),
        sections=tuple(_make_section(item, names, sections) for item in summaries),
    )


def _split(parts: Sequence[str]) -> dict[str, str]:
    """Return heading -> what stands below it, up to the next heading."""
    sections: dict[str, list[str]] = {}
    heading = ""
    for part in filter(None, parts):
        if part.startswith("#"):
            heading, _, part = part.partition("\n\n")
        sections.setdefault(heading, []).append(part)
    return {heading: "\n\n".join(filter(None, own)) for heading, own in sections.items()}


def _render_stages(summaries: Sequence[LoadSummary], names: Names) -> str:
    rows = [row for item in summaries for row in _list_stages(item, names)]
    return render_table(rows) if rows else ""


def _list_stages(summary: LoadSummary, names: Names) -> list[dict[str, str]]:
    stages = [item for item in summary.stages if item.stage.kind != "warmup"]
    return [
        {
            **names.columns(summary.cell),
            "Scenario": escape(summary.scenario),
            "Asked": f"{item.stage.rate:g}/s for {item.stage.seconds:g} s",
            "Ended well": f"{item.throughput:.1f}/s",
            **{f"p{percent:g}": _show(item, percent) for percent in _PERCENTILES},
            "Failed": f"❌ {item.bad:,}" if item.bad else "0",
            "Kept up": "yes" if item.kept_up else "❌ no",
        }
        for item in stages
    ]


def _show(item: StageSummary, percent: float) -> str:
    latency = item.latencies.get(percent)
    if latency is None:
        return NOTHING
    return "endless" if math.isinf(latency) else format_ms(latency)


def _make_section(summary: LoadSummary, names: Names, sections: dict[str, str]) -> StorySection:
    title = f"{names.label(summary.cell)}, {summary.scenario}"
    return StorySection(title=title, noun="cell", render=lambda: sections[f"### {escape(title)}"])
