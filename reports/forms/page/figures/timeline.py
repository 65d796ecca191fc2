"""What happened when, in one real run of each cell: invocations, steps in them, streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from markupsafe import Markup

from harness.descriptions import Cell, Scenario
from harness.measure.metrics import workflow_ms
from harness.results.records import Sample
from reports.benchmark.findings import Findings
from reports.forms.page.figures.plotting import (
    AXIS_HEIGHT,
    LINE,
    Axis,
    connect,
    draw,
    fill,
    frame,
    head_row,
    rule,
    stretch,
)
from reports.writing.elements import element
from reports.writing.text import count, format_ms

#: With more steps they could not be distinguished.
MOST_STEPS = 60

#: Heights in px: lanes are as high as finds place in a row, between these.
_ROW = 24
_THINNEST = 7
_THICKEST = 14
_GAP = 9

_CAPTION = (
    "One run of each cell: the sample closest to its center, in ms since start() was called. A "
    "strip is an invocation, from the first step's body in it to the last; the blocks in it are "
    "the bodies; outlined boxes are streams, from the first byte to the end. The strokes are the "
    "run's creation and completion, as its record has them. What an invocation did before its "
    "first body and after its last was not recorded."
)


class _Span(msgspec.Struct, frozen=True):
    """Something that took time, in ms."""

    begin: float
    end: float


class _Invocation(msgspec.Struct, frozen=True):
    """The bodies that ran in one invocation, in lanes where they overlap."""

    lanes: tuple[tuple[_Span, ...], ...]

    @property
    def span(self) -> _Span:
        """From the first body to the last."""
        bodies = [body for lane in self.lanes for body in lane]
        return _Span(min(body.begin for body in bodies), max(body.end for body in bodies))


def draw_timelines(findings: Findings, scenario: Scenario, key: str) -> Markup:
    """Draw one run of each cell, folded; empty where no run has anything to be seen."""
    chosen = choose_samples(findings, scenario)
    runs = [
        (cell, chosen[cell])
        for cell in findings.results.header.cells
        if cell in chosen and _is_shown(chosen[cell])
    ]
    if not runs:
        return Markup("")
    end = max(_find_end(sample) for _, sample in runs)
    axis = Axis(-0.01 * end, end * 1.02, logarithmic=False)
    rows: list[Markup] = []
    told: list[str] = []
    top = 0
    for cell, sample in runs:
        invocations = list_invocations(sample)
        name = f"{findings.names.label(cell)}: {format_ms(workflow_ms(sample))}"
        told.append(f"{name}, {_describe(sample, invocations)}")
        rows.append(head_row(name, _describe(sample, invocations), top))
        top += 2 * LINE
        lanes = max(1, count_lanes(invocations) + len(sample.streams))
        lane = min(_THICKEST, max(_THINNEST, _ROW // lanes))
        marks = _draw_run(sample, invocations, axis, lane)
        rows.append(stretch(*marks, top=top, height=lane * lanes))
        top += lane * lanes + _GAP
    labels = [(tick, format_ms(tick)) for tick in axis.list_ticks() if tick >= 0]
    drawing = draw(
        rule(axis, labels, top),
        *rows,
        title=f"Timeline of a run: {scenario.title}",
        description="; ".join(told),
        height=top + AXIS_HEIGHT,
        key=key,
    )
    return element(
        "details", element("summary", "Timeline of one run of each cell"), frame(drawing, _CAPTION)
    )


def choose_samples(findings: Findings, scenario: Scenario) -> dict[Cell, Sample]:
    """Return, for each cell, the timed sample that is closest to its center; of equals the first.

    A cell that has no time has none.
    """
    taken: dict[Cell, list[tuple[float, str, int, Sample]]] = {}
    for sample in findings.counted:
        if sample.kind == "timing" and sample.scenario == scenario.id:
            entry = findings.entries[sample.cell, scenario.id]
            took = workflow_ms(sample)
            if entry.workflow and took is not None:
                distance = abs(took - entry.workflow.center)
                ranked = (distance, sample.fork, sample.sequence, sample)
                taken.setdefault(sample.cell, []).append(ranked)
    return {cell: min(ranked, key=lambda item: item[:3])[3] for cell, ranked in taken.items()}


def list_invocations(sample: Sample) -> tuple[_Invocation, ...]:
    """Return the invocations of a run, in the order of their first bodies.

    A body whose invocation was not seen counts as a separate invocation.
    """
    bodies: dict[str, list[_Span]] = {}
    for number, step in enumerate(sample.steps):
        if step.left_ms is not None:
            name = step.invocation or f"unseen {number}"
            bodies.setdefault(name, []).append(_Span(step.entered_ms, step.left_ms))
    found = [_Invocation(tuple(map(tuple, _share_lanes(spans)))) for spans in bodies.values()]
    return tuple(sorted(found, key=lambda item: (item.span.begin, item.span.end)))


def _share_lanes(spans: Iterable[_Span]) -> list[list[_Span]]:
    """Lay spans into lanes, as few as there are overlaps."""
    lanes: list[list[_Span]] = []
    for span in sorted(spans, key=lambda item: (item.begin, item.end)):
        free = next((lane for lane in lanes if lane[-1].end <= span.begin), None)
        if free is None:
            lanes.append([span])
        else:
            free.append(span)
    return lanes


def count_lanes(invocations: Sequence[_Invocation]) -> int:
    """Return how many lanes the invocations take."""
    return max((first + depth for _, first, depth in place_invocations(invocations)), default=0)


def place_invocations(
    invocations: Sequence[_Invocation],
) -> Iterator[tuple[_Invocation, int, int]]:
    """Return every invocation with its first lane and how many it takes; none share a place."""
    ends: list[float] = []
    for invocation in invocations:
        depth, span = len(invocation.lanes), invocation.span
        first = next(
            at
            for at in range(len(ends) + 1)
            if all(end <= span.begin for end in ends[at : at + depth])
        )
        ends += [0.0] * (first + depth - len(ends))
        ends[first : first + depth] = [span.end] * depth
        yield invocation, first, depth


def _draw_run(
    sample: Sample, invocations: Sequence[_Invocation], axis: Axis, height: int
) -> Iterator[Markup]:
    """Draw a run in lanes of a height (px): its invocations, bodies, streams and ends."""
    placed = [*place_invocations(invocations)]
    below = count_lanes(invocations)
    yield fill(
        (
            (*_ends(item.span, axis), first * height, depth * height - 1)
            for item, first, depth in placed
        ),
        "invocation",
    )
    yield fill(
        (
            (*_ends(body, axis), (first + lane) * height + 1, height - 3)
            for item, first, _ in placed
            for lane, bodies in enumerate(item.lanes)
            for body in bodies
        ),
        "body",
    )
    streams = [
        _Span(stream.first_byte_ms, stream.ended_ms)
        for stream in sample.streams
        if stream.first_byte_ms is not None
    ]
    yield fill(
        (
            (*_ends(stream, axis), (below + lane) * height + 1, height - 3)
            for lane, stream in enumerate(streams)
        ),
        "stream",
    )
    bottom = height * max(1, below + len(sample.streams))
    for moment in (sample.created_ms, sample.completed_ms):
        if moment is not None:
            yield connect([(axis.place(moment), 0), (axis.place(moment), bottom)], "moment")


def _ends(span: _Span, axis: Axis) -> tuple[int, int]:
    return axis.place(span.begin), axis.place(span.end)


def _is_shown(sample: Sample) -> bool:
    return bool(sample.steps or sample.streams) and len(sample.steps) <= MOST_STEPS


def _find_end(sample: Sample) -> float:
    """Return when the last thing of a run happened, in ms."""
    moments = [sample.completed_ms, 1.0]
    moments += [stream.ended_ms for stream in sample.streams]
    moments += [step.left_ms for step in sample.steps]
    return max(moment for moment in moments if moment is not None)


def _describe(sample: Sample, invocations: Sequence[_Invocation]) -> str:
    parts = []
    if sample.steps:
        steps = count(len(sample.steps), "step")
        parts.append(f"{steps} in {count(len(invocations), 'invocation')}")
    if sample.streams:
        parts.append(count(len(sample.streams), "stream"))
    return ", ".join(parts)
