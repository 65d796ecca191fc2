"""A cell under load: the latency of every run over time, with the stages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from harness.load.summary import LoadSummary
from harness.results.records import LoadRun
from reports.forms.page.figures.plotting import (
    AXIS_HEIGHT,
    LINE,
    PANEL,
    WIDE,
    Axis,
    dot,
    draw,
    fill,
    fit_axis,
    frame,
    lift,
    rule,
    rule_up,
    stretch,
    write,
)
from reports.writing.text import count, format_ms, format_seconds

#: Heights in px: of the line of runs that did not end well, and of all others.
_LANE = 14
_HEIGHT = 180
#: Dots that lie within so many units and px of each other are drawn as one: of a hundred thousand
#: runs, a page holds what can be seen.
_COLUMN = 4
_ROW = 2
#: Stages that take a smaller share of the time have no room for their rate.
_LEAST_SHARE = 0.12

_CAPTION = (
    "Latency over time: each dot is a run, at the time when it was to start. In the upper line are "
    "runs that did not end well; their latency counts as endless. Stages are shaded by turns, the "
    "warm-up and a burst in colors of their own; above them stands how many runs a second were "
    "to start."
)


def draw_load(summary: LoadSummary, runs: Sequence[LoadRun], title: str, key: str) -> Markup:
    """Draw one cell and scenario under load; empty where no run was started.

    Args:
        summary: Has the stages.
        runs: Those of this cell and scenario.
        title: What the cell and the scenario are called, as plain text.
        key: Makes ids unique on the page.
    """
    if not runs:
        return Markup("")
    well = [run for run in runs if run.outcome == "correct" and run.latency_ms is not None]
    bad = [run for run in runs if run.outcome != "correct"]
    across = Axis(0.0, sum(item.stage.seconds for item in summary.stages), logarithmic=False)
    up = fit_axis(run.latency_ms for run in well if run.latency_ms is not None)
    top = LINE + _LANE
    drawing = draw(
        stretch(*_shade(summary, across), top=LINE, height=_LANE + _HEIGHT, margins=PANEL),
        *_write_rates(summary, across),
        rule(across, [(tick, f"{tick:g} s") for tick in across.list_ticks()], top + _HEIGHT, PANEL),
        rule_up(
            up, [(tick, format_ms(tick)) for tick in up.list_ticks(5) if well], _HEIGHT, top=top
        ),
        stretch(dot(_place(well, across, up), "sample"), top=top, height=_HEIGHT, margins=PANEL),
        *_draw_bad(bad, across),
        title=f"Latency under load: {title}",
        description=_describe(summary, well, bad),
        height=top + _HEIGHT + AXIS_HEIGHT,
        key=key,
    )
    return frame(drawing, f"{_CAPTION}{' The latency axis is logarithmic.' * up.logarithmic}")


def _shade(summary: LoadSummary, across: Axis) -> Iterator[Markup]:
    for number, (begins_s, ends_s) in enumerate(_list_times(summary)):
        kind = summary.stages[number].stage.kind
        box = (across.place(begins_s), across.place(ends_s), 0, _LANE + _HEIGHT)
        yield fill([box], f"stage {kind} turn-{number % 2}")


def _write_rates(summary: LoadSummary, across: Axis) -> Iterator[Markup]:
    for item, (begins_s, ends_s) in zip(summary.stages, _list_times(summary), strict=True):
        if ends_s - begins_s >= _LEAST_SHARE * across.high:
            middle = PANEL.find(across.place((begins_s + ends_s) / 2))
            yield write(f"{item.stage.rate:.3g}/s", middle, LINE - 4, "number", anchor="middle")


def _list_times(summary: LoadSummary) -> Iterator[tuple[float, float]]:
    """Yield when each stage begins and ends, in s."""
    begins_s = 0.0
    for item in summary.stages:
        yield begins_s, begins_s + item.stage.seconds
        begins_s += item.stage.seconds


def _place(runs: Sequence[LoadRun], across: Axis, up: Axis) -> dict[tuple[int, float], None]:
    return {
        (_find_column(run, across), _ROW * round(lift(up, run.latency_ms, _HEIGHT) / _ROW)): None
        for run in runs
        if run.latency_ms is not None
    }


def _draw_bad(runs: Sequence[LoadRun], across: Axis) -> Iterator[Markup]:
    if not runs:
        return
    middle = _LANE / 2
    columns = dict.fromkeys((_find_column(run, across), middle) for run in runs)
    yield write("endless", f"{PANEL.left - 1}%", LINE + middle + 4, "number flawed", anchor="end")
    yield stretch(dot(columns, "spoiled"), top=LINE, height=_LANE, margins=PANEL)


def _find_column(run: LoadRun, across: Axis) -> int:
    return min(WIDE, _COLUMN * round(across.place(run.intended_ms / 1000) / _COLUMN))


def _describe(summary: LoadSummary, well: Sequence[LoadRun], bad: Sequence[LoadRun]) -> str:
    """Say what can be read off the figure."""
    latencies = [run.latency_ms for run in well if run.latency_ms is not None]
    between = (
        f", after {format_ms(min(latencies))} to {format_ms(max(latencies))}" if latencies else ""
    )
    stages = ", ".join(
        f"{item.stage.kind} {item.stage.rate:g}/s for {format_seconds(item.stage.seconds)}, median "
        f"{_say_median(item.latencies.get(50.0))}"
        for item in summary.stages
    )
    return (
        f"{count(len(well), 'run')} ended well{between}; {len(bad):,} did not end well. "
        f"Stages: {stages}"
    )


def _say_median(latency: float | None) -> str:
    if latency is None:
        return "unknown"
    return "endless" if math.isinf(latency) else format_ms(latency)
