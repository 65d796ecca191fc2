"""How the workflow times of a scenario are distributed: every sample, fork and interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from markupsafe import Markup

from harness.descriptions import Scenario
from reports.benchmark.findings import Entry, Findings
from reports.benchmark.flaws import FAULT, count_flaws, describe_rate
from reports.benchmark.scenarios import describe_modes, list_sections, order_entries
from reports.forms.page.figures.plotting import (
    AXIS_HEIGHT,
    LINE,
    Axis,
    connect,
    dot,
    draw,
    fill,
    fit_axis,
    frame,
    head_row,
    rule,
    stretch,
)
from reports.writing.names import Names
from reports.writing.text import count, format_estimate, format_ms

#: Heights in px: the strip of samples, and the space to the next row.
_STRIP = 22
_GAP = 8

_CAPTION = (
    "Workflow time. Small dots are samples, a line of them each fork; large dots are the forks' "
    "medians; the bar is the 95% interval, and the stroke in it the center."
)


def draw_distribution(findings: Findings, scenario: Scenario, key: str) -> Markup:
    """Draw one row a cell, in the order of the tables; empty where nothing was timed."""
    entries = [
        entry
        for section in list_sections(findings, scenario).values()
        for entry in sorted(section, key=order_entries)
    ]
    values = [value for entry in entries for value in _list_values(entry)]
    if not values:
        return Markup("")
    axis = fit_axis(values)
    rows: list[Markup] = []
    bottom = 0
    for entry in entries:
        remark = _remark(entry)
        kind = "flawed" if entry.flaws else ""
        rows.append(head_row(_name(findings.names, entry), remark, bottom, kind))
        bottom += 2 * LINE if remark else LINE
        rows.append(stretch(*_draw_marks(entry, axis), top=bottom, height=_STRIP))
        bottom += _STRIP + _GAP
    labels = [(tick, format_ms(tick)) for tick in axis.list_ticks()]
    drawing = draw(
        rule(axis, labels, bottom),
        *rows,
        title=f"Distribution of workflow times: {scenario.title}",
        description="; ".join(
            ", ".join(filter(None, [_name(findings.names, entry), _remark(entry)]))
            for entry in entries
        ),
        height=bottom + AXIS_HEIGHT,
        key=key,
    )
    scale = " The axis is logarithmic." if axis.logarithmic else ""
    return frame(drawing, f"{_CAPTION}{scale}")


def _list_values(entry: Entry) -> Iterator[float]:
    """Return everything that has to find place on the axis."""
    for samples in entry.series.values():
        yield from samples
    if time := entry.workflow:
        yield from (value for value in (time.low, time.center, time.high) if value is not None)


def _draw_marks(entry: Entry, axis: Axis) -> Iterator[Markup]:
    time = entry.workflow
    if time and time.low is not None and time.high is not None:
        yield fill([(axis.place(time.low), axis.place(time.high), 0, _STRIP)], "interval")
    lanes = _list_lanes(entry)
    yield dot({(axis.place(value), y): None for y, taken in lanes for value in taken}, "sample")
    yield dot([(axis.place(median(taken)), y) for y, taken in lanes], "fork")
    if time:
        center = axis.place(time.center)
        yield connect([(center, 0), (center, _STRIP)], "center")


def _list_lanes(entry: Entry) -> list[tuple[float, Sequence[float]]]:
    """Return the height of each fork's line, and its samples."""
    taken = [samples for _, samples in sorted(entry.series.items()) if samples]
    step = _STRIP / len(taken) if taken else 0
    return [(round(step * (at + 0.5), 1), samples) for at, samples in enumerate(taken)]


def _name(names: Names, entry: Entry) -> str:
    """Say which cell a row is of, and its time: `Local · Nitro: 127 ms [125, 142]`."""
    return f"{names.label(entry.cell)}: {format_estimate(entry.workflow)}"


def _remark(entry: Entry) -> str:
    """Say what a time alone would hide; mostly nothing."""
    told = f"{FAULT} {describe_rate(entry)}" if entry.is_whole else count_flaws(entry.flaws)
    parts = [told] if entry.flaws else []
    if modes := entry.modes:
        parts.append(describe_modes(modes))
    if entry.workflow and entry.workflow.low is None:
        parts.append(f"{count(entry.workflow.forks, 'fork')}, so no interval")
    return ", ".join(parts)
