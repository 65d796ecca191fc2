"""How late hooks, sleeps and stream chunks are: percentiles of the values of all samples."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from harness.descriptions import Cell, Scenario
from harness.measure.measures import MEASURES
from harness.measure.statistics import Estimate, estimate_percentile
from reports.benchmark.findings import Entry, Findings
from reports.benchmark.flaws import explain_briefly
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, count, escape, format_estimate

TITLE = "Latency of Hooks, Sleeps and Streams"

#: The percentiles that are reported, where there are enough values.
PERCENTS = (50.0, 90.0, 99.0)


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of one cell in one scenario, in ms."""

    cell: Cell
    scenario: str
    #: A key of the measures, for example `resume`.
    measure: str
    #: How many values there are of all forks, and of how many forks.
    values: int
    forks: int
    #: Percentile -> estimate; one that needs more values than there are is absent.
    percentiles: dict[str, Estimate]
    largest: float | None


def list_latencies(findings: Findings) -> tuple[Latency, ...]:
    """Return every measure of every scenario that has any, cell by cell."""
    return tuple(
        _measure(findings, entry, name)
        for scenario in _list_scenarios(findings)
        for entry in findings.of_scenario(scenario)
        for name in scenario.measures
    )


def render_latencies(findings: Findings) -> str:
    """Render a table for each scenario, and what its measures mean; empty if there are none."""
    scenarios = _list_scenarios(findings)
    if not scenarios:
        return ""
    found = {(item.cell, item.scenario, item.measure): item for item in list_latencies(findings)}
    parts = [f"## {TITLE}"]
    for scenario in scenarios:
        rows = [
            _make_row(findings, entry, found[entry.cell, scenario.id, name])
            for entry in findings.of_scenario(scenario)
            for name in scenario.measures
        ]
        parts += [f"### {escape(scenario.title)}", render_table(rows), _explain(scenario)]
    return "\n\n".join(parts)


def _list_scenarios(findings: Findings) -> list[Scenario]:
    return [item for item in findings.results.header.scenarios if item.measures]


def _measure(findings: Findings, entry: Entry, name: str) -> Latency:
    forks: dict[str, list[float]] = {}
    for sample in findings.counted:
        place = (sample.cell, sample.scenario)
        if sample.kind == "timing" and place == (entry.cell, entry.scenario.id):
            values = MEASURES[name].find(sample, entry.scenario)
            forks.setdefault(sample.fork, []).extend(values)
    values = [value for own in forks.values() for value in own]
    estimates = _estimate(forks, findings.results.header.seed)
    return Latency(
        cell=entry.cell,
        scenario=entry.scenario.id,
        measure=name,
        values=len(values),
        forks=sum(1 for own in forks.values() if own),
        percentiles=dict(estimates),
        largest=max(values, default=None),
    )


def _estimate(forks: dict[str, list[float]], seed: int) -> Iterator[tuple[str, Estimate]]:
    for percent in PERCENTS:
        estimate = estimate_percentile(forks, percent, seed)
        if estimate is not None:
            yield f"p{percent:g}", estimate


def _make_row(findings: Findings, entry: Entry, latency: Latency) -> dict[str, str]:
    row = findings.names.columns(entry.cell) | {"Measure": MEASURES[latency.measure].title}
    for percent in PERCENTS:
        name = f"p{percent:g}"
        row[name] = format_estimate(latency.percentiles.get(name))
    values = f"{latency.values:,} in {count(latency.forks, 'fork')}" if latency.values else NOTHING
    row["Values"] = f"{values}, {explain_briefly(entry)}" if entry.flaws else values
    return row


def _explain(scenario: Scenario) -> str:
    """Say what each measure of a scenario is."""
    measures = [MEASURES[name] for name in scenario.measures]
    return "\n".join(f"- **{measure.title}**: {measure.meaning}" for measure in measures)
