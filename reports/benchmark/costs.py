"""What a run costs its World: invocations, calls, messages, bytes; counted, not timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import pandas as pd

from harness.descriptions import Cell
from harness.results.records import Counts, Sample
from reports.benchmark.findings import CELL, Findings, cell_key
from reports.benchmark.laws import describe_growth
from reports.writing.names import Names
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, escape, fold, format_byte_range, format_range, quote_code

#: Column -> what it sums up. Bytes are apart: between equal runs they differ by a digit or two.
_TOTALS = {
    "Flow": "flow",
    "Step": "step",
    "Invocations": "invocations",
    "World calls": "world_calls",
    "Queue messages": "queue_messages",
}

_TITLE = "## Cost of a Run"


def render_costs(findings: Findings) -> str:
    """Render the cost tables: how invocations and calls follow N, and every scenario's own."""
    frame = frame_counts(findings)
    if frame.empty:
        return f"{_TITLE}\n\nNothing was counted: no counting fork finished."
    parts = [
        _TITLE,
        "Counted in separate forks, so that counting does not slow the timed ones.",
        "### Invocations for N steps",
        _render_laws(findings, frame, "invocations"),
        "### World calls for N steps",
        _render_laws(findings, frame, "world_calls"),
        "### Each scenario",
        _render_totals(findings, frame),
        *_list_uncounted(findings, frame),
        fold("World calls, queue messages and bytes by method", _render_methods(findings, frame)),
    ]
    return "\n\n".join(parts)


def describe_invocations(findings: Findings) -> str:
    """Say what N sequential steps cost on each line; empty where that was not counted."""
    frame = frame_counts(findings)
    sequential = frame[frame["family"] == "sequential"]
    laws: dict[str, list[str]] = {}
    for cell in findings.results.header.cells:
        own = sequential[(sequential[CELL] == list(cell_key(cell))).all(axis=1)]
        law = describe_growth(_by_size(own, "invocations"))
        if not own.empty and law not in laws.setdefault(cell.line, []):
            laws[cell.line].append(law)
    stated = [f"{' or '.join(found)} on {line}" for line, found in laws.items()]
    return f"Invocations for N sequential steps: {'; '.join(stated)}" if stated else ""


def describe_counts(frame: pd.DataFrame, cell: Cell, family: str, column: str) -> str:
    """Say what a cell's runs of a family cost, as a law where they follow one.

    Args:
        frame: What :func:`frame_counts` laid out.
        cell: Whose.
        family: Of scenarios that differ in size.
        column: One of the totals.
    """
    own = frame[(frame["family"] == family) & (frame[CELL] == list(cell_key(cell))).all(axis=1)]
    return describe_growth(_by_size(own, column))


def frame_counts(findings: Findings) -> pd.DataFrame:
    """Lay out the runs of counting forks, one a row."""
    scenarios = {scenario.id: scenario for scenario in findings.results.header.scenarios}
    rows = [
        {
            **dict(zip(CELL, cell_key(sample.cell), strict=True)),
            "scenario": sample.scenario,
            "family": scenarios[sample.scenario].family,
            "size": scenarios[sample.scenario].size,
            **_sum_up(counts),
            "counts": counts,
        }
        for sample, counts in _counting_samples(findings.counted)
        if sample.scenario in scenarios
    ]
    columns = [*CELL, "scenario", "family", "size", *_TOTALS.values(), "bytes", "counts"]
    return pd.DataFrame(rows, columns=columns)


def _counting_samples(samples: Sequence[Sample]) -> Iterator[tuple[Sample, Counts]]:
    for sample in samples:
        if sample.kind == "counting" and sample.counts is not None:
            yield sample, sample.counts


def _sum_up(counts: Counts) -> dict[str, int]:
    return {
        "flow": counts.invocations.get("flow", 0),
        "step": counts.invocations.get("step", 0),
        "invocations": sum(counts.invocations.values()),
        "world_calls": sum(counts.world_calls.values()),
        "queue_messages": sum(counts.queue_messages.values()),
        "bytes": sum(counts.bytes.values()),
    }


def _share_rows(
    findings: Findings, frame: pd.DataFrame, show: Callable[[pd.DataFrame], dict[str, str]]
) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Return the labels and runs of each row: one for all frameworks where all show the same."""
    groups = dict(iter(frame.groupby(CELL, sort=False)))
    places: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in findings.results.header.cells:
        places.setdefault((cell.line, cell.world, cell.mode), []).append(cell)
    for cells in places.values():
        runs = {cell: groups[cell_key(cell)] for cell in cells if cell_key(cell) in groups}
        shown = [show(own) for own in runs.values()]
        if len(cells) == len(runs) > 1 and all(other == shown[0] for other in shown):
            labels = findings.names.columns(cells[0]) | {"Framework": "all frameworks"}
            yield labels, pd.concat(list(runs.values()))
        else:
            yield from ((findings.names.columns(cell), own) for cell, own in runs.items())


def _render_laws(findings: Findings, frame: pd.DataFrame, column: str) -> str:
    """Render one row a cell, one column a family of scenarios."""
    families = list(
        dict.fromkeys(
            item.family for item in findings.results.header.scenarios if item.kind == "steps"
        )
    )

    def show(runs: pd.DataFrame) -> dict[str, str]:
        return {
            escape(family): describe_growth(_by_size(runs[runs["family"] == family], column))
            for family in families
        }

    steps = frame[frame["family"].isin(families)]
    rows = [labels | show(runs) for labels, runs in _share_rows(findings, steps, show)]
    return render_table(rows) if rows else "No scenario with steps was counted."


def _by_size(runs: pd.DataFrame, column: str) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for size, value in zip(runs["size"], runs[column], strict=True):
        found.setdefault(int(size), []).append(int(value))
    return found


def _render_totals(findings: Findings, frame: pd.DataFrame) -> str:
    rows = []
    for scenario in findings.results.header.scenarios:
        runs = frame[frame["scenario"] == scenario.id]
        for labels, own in _share_rows(findings, runs, _show_totals):
            sizes = format_byte_range(own["bytes"].tolist())
            totals = _show_totals(own) | {"Bytes": sizes}
            rows.append({"Scenario": escape(scenario.title), **labels, **totals})
    return render_table(rows)


def _show_totals(runs: pd.DataFrame) -> dict[str, str]:
    return {title: format_range(runs[column].tolist()) for title, column in _TOTALS.items()}


def _render_methods(findings: Findings, frame: pd.DataFrame) -> str:
    rows = []
    for scenario in findings.results.header.scenarios:
        runs = frame[frame["scenario"] == scenario.id]
        for labels, own in _share_rows(findings, runs, _show_parts):
            sizes = _list_parts([item.bytes for item in own["counts"]], format_byte_range)
            parts = _show_parts(own) | {"Bytes": sizes}
            rows.append({"Scenario": escape(scenario.title), **labels, **parts})
    return render_table(rows)


def _show_parts(runs: pd.DataFrame) -> dict[str, str]:
    counts: list[Counts] = runs["counts"].tolist()
    return {
        "World calls": _list_parts([item.world_calls for item in counts], format_range),
        "Queue messages": _list_parts([item.queue_messages for item in counts], format_range),
    }


def _list_parts(runs: Sequence[Mapping[str, int]], show: Callable[[Sequence[float]], str]) -> str:
    """List what each method or route was used for, the most used first."""
    names = sorted({name for run in runs for name in run})
    values = {name: [run.get(name, 0) for run in runs] for name in names}
    ranked = sorted(names, key=lambda name: -max(values[name]))
    return ", ".join(f"{quote_code(name)} {show(values[name])}" for name in ranked) or NOTHING


def _list_uncounted(findings: Findings, frame: pd.DataFrame) -> list[str]:
    """Name the cells without counts, and how many scenarios each lacks."""
    counted = set(frame[[*CELL, "scenario"]].itertuples(index=False, name=None))
    lacking: dict[Cell, int] = {}
    asked = findings.results.header.cells
    for cell, scenario in findings.entries:
        if cell in asked and (*cell_key(cell), scenario) not in counted:
            lacking[cell] = lacking.get(cell, 0) + 1
    total = len(findings.results.header.scenarios)
    listed = [
        f"{_name(findings.names, cell)} ({number} of {total} scenarios)"
        for cell, number in lacking.items()
    ]
    return [f"Not counted: {'; '.join(listed)}."] if listed else []


def _name(names: Names, cell: Cell) -> str:
    return " · ".join(names.columns(cell).values())
