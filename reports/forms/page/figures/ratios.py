"""What changed between two versions, as ratios with their intervals and floors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from harness.descriptions import Scenario
from harness.measure.changes import Change, Changes
from reports.benchmark.changes import ALL_SCENARIOS, describe_changes, format_ratio, sign
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

_STRIP = 12
_ROW = 2 * LINE + _STRIP + 8

_CAPTION = (
    "After divided by before, on a logarithmic axis; to the right of 1 is slower. The wide pale "
    "bar is the floor, what the cell shows against itself; the dot is the ratio, the stroke its "
    "interval. Only what lies beyond its floor is called."
)


def draw_changes(
    changes: Changes | None, scenarios: Sequence[Scenario], names: Names, key: str
) -> Markup:
    """Draw one row for each ratio; empty without any."""
    rows = [row for row in (*changes.overall, *changes.rows) if row.ratio] if changes else []
    if not changes or not rows:
        return Markup("")
    titles = {scenario.id: scenario.title for scenario in scenarios}
    axis = fit_axis(
        [1.0, *(bound for row in rows for bound in _list_bounds(row))], logarithmic=True
    )
    bottom = _ROW * len(rows)
    labels = [(tick, f"{tick:g}x") for tick in _list_ticks(axis)]
    drawing = draw(
        rule(axis, labels, bottom),
        *(
            part
            for at, row in enumerate(rows)
            for part in _draw_row(row, axis, _ROW * at, titles, names)
        ),
        title="Ratios of the two versions",
        description=describe_changes(changes),
        height=bottom + AXIS_HEIGHT,
        key=key,
    )
    return frame(drawing, _CAPTION)


def _list_ticks(axis: Axis) -> list[float]:
    """Return round ratios; powers of ten lie too far apart for most comparisons."""
    steps = (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.5, 2.0, 5.0, 10.0)
    ticks = [tick for tick in steps if axis.low <= tick <= axis.high]
    every = -(-len(ticks) // 7)
    return [tick for tick in ticks if tick == 1.0 or ticks.index(tick) % every == 0]


def _list_bounds(row: Change) -> Iterator[float]:
    if row.ratio:
        yield from (
            value
            for value in (row.ratio.low, row.ratio.center, row.ratio.high)
            if value is not None and value > 0
        )


def _draw_row(
    row: Change, axis: Axis, top: int, titles: Mapping[str, str], names: Names
) -> Iterator[Markup]:
    scenario = titles.get(row.scenario, ALL_SCENARIOS)
    name = f"{sign(row)} {names.label(row.cell)}: {format_ratio(row.ratio)}"
    yield head_row(name, scenario, top)
    yield stretch(*_draw_marks(row, axis), top=top + 2 * LINE, height=_STRIP)


def _draw_marks(row: Change, axis: Axis) -> Iterator[Markup]:
    middle = _STRIP / 2
    if row.floor is not None:
        ends = axis.place(1 / (1 + row.floor)), axis.place(1 + row.floor)
        yield fill([(*ends, 0, _STRIP)], "interval")
    one = axis.place(1.0)
    yield connect([(one, 0), (one, _STRIP)], "moment")
    if row.ratio:
        if row.ratio.low is not None and row.ratio.high is not None:
            ends = axis.place(row.ratio.low), axis.place(row.ratio.high)
            yield connect([(end, middle) for end in ends], row.direction.replace(" ", "-"))
        yield dot(
            [(axis.place(row.ratio.center), middle)], f"fork {row.direction.replace(' ', '-')}"
        )
