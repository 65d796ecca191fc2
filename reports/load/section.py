"""What cells did under load: latencies from the intended start, throughput, backlog."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.load.summary import MOST_BAD, LoadSummary, StageSummary
from harness.measure.statistics import PERCENTILES
from harness.results.records import LoadRun
from reports.load.provenance import describe_load_provenance
from reports.load.study import (
    LoadStudy,
    describe_load,
    describe_rates,
    reach_load_verdict,
    title_load,
)
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, count, escape, fence, flatten, fold, format_ms, shorten

TITLE = "Load"

_EXPLANATION = (
    "Runs start at intended times, whether or not others have ended, and are measured from when "
    "they were *to* start until their answer came: what waits, waits in these numbers. A run that "
    "did not end well counts as endless in every percentile. *Kept up*: at the end of the stage, "
    "no more runs were under way than at its beginning and a tenth of those that started in it, "
    f"and at most {MOST_BAD:.0%} of these did not end well."
)
_NAMES = {"warmup": "warm-up", "steady": "steady", "burst": "burst", "after": "after it"}
_MOST_ROWS = 20
_REASONS = 5


def render_load(study: LoadStudy, source: str) -> list[str]:
    """Render the report of a session that loaded cells, part by part."""
    results = study.results
    parts = [_render_verdict(study), f"## {TITLE}", _EXPLANATION]
    for summary in study.summaries:
        parts += [f"### {escape(title_load(summary, study.names))}", *_render_summary(summary)]
    return [*parts, _render_failures(results.loads), describe_load_provenance(results, source)]


def _render_verdict(study: LoadStudy) -> str:
    sign = "✅" if study.sound else "❌"
    lines = [f"**{sign} {escape(reach_load_verdict(study))}**", ""]
    lines += [
        f"- **{escape(title_load(summary, study.names))}**: "
        f"{escape('; '.join(describe_load(summary)))}"
        for summary in study.summaries
    ]
    return "\n".join(lines)


def _render_summary(summary: LoadSummary) -> list[str]:
    told = ["❌ Could not be loaded:", fence(summary.failure, "text")] if summary.failure else []
    if not any(stage.started for stage in summary.stages):
        return told
    return [
        *told,
        render_table([_make_row(stage) for stage in summary.stages]),
        *(escape(f"{sentence[0].upper()}{sentence[1:]}.") for sentence in describe_rates(summary)),
        fold("Runs under way over time", render_table(_list_backlog(summary))),
    ]


def _make_row(item: StageSummary) -> dict[str, str]:
    row = {
        "Stage": _NAMES[item.stage.kind],
        "Asked": f"{item.stage.rate:g}/s for {item.stage.seconds:g} s",
        "Started": f"{item.started:,}",
        "Ended well": f"{item.throughput:.1f}/s",
    }
    row |= {f"p{percent:g}": _show(item.latencies.get(percent)) for percent in PERCENTILES}
    return row | {
        "Max": _show(None if math.isnan(item.largest) else item.largest),
        "Failed": f"❌ {item.bad:,}" if item.bad else "0",
        "Under way": f"{item.backlog_before:,} → {item.backlog_after:,}",
        "Kept up": ("yes" if item.kept_up else "❌ no") if item.started else NOTHING,
        "Sent late": f"{item.late:.1%}",
    }


def _show(latency: float | None) -> str:
    if latency is None:
        return NOTHING
    return "endless" if math.isinf(latency) else format_ms(latency)


def _list_backlog(summary: LoadSummary) -> list[dict[str, str]]:
    every = max(1, math.ceil(len(summary.backlog) / _MOST_ROWS))
    most = max((runs for _, runs in summary.backlog), default=0) or 1
    return [
        {"After": f"{moment:g} s", "Runs": f"{runs:,}", "": "█" * round(20 * runs / most)}
        for moment, runs in summary.backlog[every - 1 :: every]
    ] or [{"After": NOTHING, "Runs": NOTHING, "": ""}]


def _render_failures(runs: Sequence[LoadRun]) -> str:
    reasons: dict[str, int] = {}
    for run in runs:
        if run.outcome != "correct":
            reason = f"{run.outcome}: {shorten(flatten(run.error or 'no reason was given'))}"
            reasons[reason] = reasons.get(reason, 0) + 1
    if not reasons:
        return ""
    most = sorted(reasons.items(), key=lambda item: -item[1])
    listed = [f"- {number:,} x {escape(reason)}" for reason, number in most[:_REASONS]]
    if len(most) > _REASONS:
        listed.append(f"- and {count(len(most) - _REASONS, 'other reason')}")
    return "\n".join(["### What did not end well", "", *listed])
