"""What cells did under load: latencies from the intended start, throughput, backlog."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.load.summary import (
    LATE_MS,
    MOST_BAD,
    MOST_LATE,
    PERCENTILES,
    LoadSummary,
    StageSummary,
    summarize_session,
)
from harness.results.records import LoadRun, Results
from reports.load.provenance import describe_load_provenance
from reports.writing.names import Names, name_everything
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


def render_load(results: Results, source: str) -> list[str]:
    """Render the report of a session that loaded cells, part by part."""
    names = name_everything(results.header)
    summaries = list_loads(results)
    parts = [_render_verdict(results, summaries, names), f"## {TITLE}", _EXPLANATION]
    for summary in summaries:
        parts += [f"### {escape(title_load(summary, names))}", *_render_summary(summary)]
    return [*parts, _render_failures(results.loads), describe_load_provenance(results, source)]


def list_loads(results: Results) -> tuple[LoadSummary, ...]:
    """Summarize every cell that was to be loaded; nothing where none was."""
    return tuple(summarize_session(results))


def title_load(summary: LoadSummary, names: Names) -> str:
    """Return what the load of a cell with a scenario is called, as plain text."""
    return f"{names.label(summary.cell)}, {flatten(summary.scenario)}"


def summarize_loads(results: Results) -> str:
    """Say on one screen what a load came to, as plain text."""
    names = name_everything(results.header)
    summaries = list_loads(results)
    lines = [reach_load_verdict(results, summaries)]
    for summary in summaries:
        label = title_load(summary, names)
        lines += [f"{label}: {sentence}" for sentence in _say(summary)]
    return "\n".join(lines) + "\n"


def reach_load_verdict(results: Results, summaries: Sequence[LoadSummary]) -> str:
    """Say what a load came to, as plain text."""
    started = len(results.loads)
    bad = sum(run.outcome != "correct" for run in results.loads)
    failed = sum(bool(summary.failure) and summary.begun for summary in summaries)
    absent = sum(not summary.begun for summary in summaries)
    loads = count(len(summaries), "load")
    reached = f"{len(summaries) - failed - absent} of {loads}" if failed or absent else loads
    ended = f", {f'{bad:,} did not end well' if bad else 'all ended well'}" if started else ""
    sentences = [f"{count(started, 'run')} started in {reached}{ended}"]
    if failed:
        sentences.append(f"{count(failed, 'load')} could not be made")
    if absent:
        sentences.append(f"{count(absent, 'load')} did not begin")
    if results.footer is None:
        sentences.append("the session was cut off: what came after is missing")
    if any(summary.late > MOST_LATE for summary in summaries):
        sentences.append(
            f"the generator was late: more than {MOST_LATE:.0%} of the runs were sent over "
            f"{LATE_MS:g} ms after their time, so these numbers are also of the machine that "
            "sent them"
        )
    return ". ".join(f"{sentence[0].upper()}{sentence[1:]}" for sentence in sentences) + "."


def is_load_sound(results: Results, summaries: Sequence[LoadSummary]) -> bool:
    """Tell whether all ended well, in time, and the numbers are of the cells."""
    well = all(run.outcome == "correct" for run in results.loads)
    in_time = all(summary.late <= MOST_LATE and not summary.failure for summary in summaries)
    return bool(results.loads) and well and in_time and results.footer is not None


def _render_verdict(results: Results, summaries: Sequence[LoadSummary], names: Names) -> str:
    sign = "✅" if is_load_sound(results, summaries) else "❌"
    lines = [f"**{sign} {escape(reach_load_verdict(results, summaries))}**", ""]
    lines += [
        f"- **{escape(title_load(summary, names))}**: {escape('; '.join(_say(summary)))}"
        for summary in summaries
    ]
    return "\n".join(lines)


def _render_summary(summary: LoadSummary) -> list[str]:
    told = ["❌ Could not be loaded:", fence(summary.failure, "text")] if summary.failure else []
    if not any(stage.started for stage in summary.stages):
        return told
    return [
        *told,
        render_table([_make_row(stage) for stage in summary.stages]),
        *(escape(f"{sentence[0].upper()}{sentence[1:]}.") for sentence in _say_rates(summary)),
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


def _say(summary: LoadSummary) -> list[str]:
    """Say what came of a load, and whether it came to anything."""
    said = _say_rates(summary)
    if not summary.failure:
        return said
    return [f"❌ could not be loaded: {shorten(flatten(summary.failure))}", *said]


def _say_rates(summary: LoadSummary) -> list[str]:
    """Say where a cell saturates, and how it recovers."""
    said = []
    if summary.kept_up is not None:
        said.append(f"kept up with {summary.kept_up:g}/s")
    if summary.saturated is not None:
        said.append(f"did not keep up with {summary.saturated:g}/s")
    elif summary.kept_up is not None:
        said.append("its saturation point lies higher than what was asked")
    if summary.recovery_s is not None:
        said.append(
            "did not recover from the burst while it was watched"
            if math.isinf(summary.recovery_s)
            else f"{summary.recovery_s:.1f} s after the burst, no more runs were under way than "
            "before it, and those that followed ended well"
        )
    return said


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
