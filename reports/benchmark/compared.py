"""What changed between two versions of the same cells, in one session or in two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from harness.descriptions import Cell
from harness.measure.changes import Change, Changes, Direction, Side
from harness.measure.metrics import RESOLUTION_MS
from harness.measure.statistics import (
    Estimate,
    Judgment,
    Pairs,
    Sides,
    judge,
    pair_blocks,
    pool_pairs,
    set_apart,
)
from harness.results.records import BenchHeader
from reports.benchmark.findings import Entry, Findings
from reports.benchmark.flaws import count_flaws, describe_rate
from reports.writing.text import count, flatten, shorten

_RESOLUTION = RESOLUTION_MS["workflow"]

_DRIFT_UNKNOWN = "how far two sessions of this machine lie apart has not been measured"


class _Row(msgspec.Struct, frozen=True):
    """One cell in one scenario, before and after."""

    cell: Cell
    before: Entry
    after: Entry
    times: Pairs | Sides
    #: Why it cannot be compared; empty when it can.
    obstacle: str


def compare_versions(findings: Findings) -> Changes | None:
    """Compare the versions that one session measured side by side; `None` if it had only one."""
    header = findings.results.header
    versions = [match for match in header.matches if match.kind == "version"]
    if not versions:
        return None
    rows = []
    for match in versions:
        for scenario in header.scenarios:
            before = findings.entries[match.before, scenario.id]
            after = findings.entries[match.after, scenario.id]
            times = pair_blocks(before.series, after.series, resolution=_RESOLUTION)
            rows.append(_Row(match.after, before, after, times, _find_obstacle(before, after)))
    judged, overall = _judge_rows(rows, findings.inflation, findings.whole_inflation)
    return Changes(
        before=_describe_side(header, ", ".join(header.against)),
        after=_describe_side(header, ", ".join(header.pinned) or "as pinned"),
        interleaved=True,
        rows=judged,
        overall=overall,
        cautions=_list_cautions(findings),
    )


def compare_sessions(before: Findings, after: Findings, *, drift: float | None = None) -> Changes:
    """Compare two sessions, between which the machine may have changed.

    Args:
        before: What is divided by.
        after: What is divided.
        drift: Standard deviation, as a logarithm, of whole sessions of this machine; `None` where
            it has not been measured, and then nothing is called.
    """
    headers = before.results.header, after.results.header
    old_side, new_side = (_describe_side(header, header.started_at) for header in headers)
    refused = refuse(*headers)
    if refused:
        return Changes(before=old_side, after=new_side, interleaved=False, rows=(), refused=refused)
    rows = []
    for cell in headers[1].cells:
        for scenario in headers[1].scenarios:
            key = (cell, scenario.id)
            if key not in before.entries:
                continue
            old, new = before.entries[key], after.entries[key]
            times = set_apart(old.series, new.series, resolution=_RESOLUTION, drift=drift or 0.0)
            obstacle = _find_obstacle(old, new) or (_DRIFT_UNKNOWN if drift is None else "")
            rows.append(_Row(cell, old, new, times, obstacle))
    inflations = [item for item in (before.inflation, after.inflation) if item is not None]
    judged, overall = _judge_rows(rows, max(inflations, default=None), None)
    return Changes(
        before=old_side,
        after=new_side,
        interleaved=False,
        rows=judged,
        overall=overall,
        cautions=_list_cautions_of_two(before, after, drift),
    )


def find_outcome(changes: Changes) -> Literal["passed", "failed", "inconclusive"]:
    """Say what a comparison came to: failed where something became slower."""
    met = {row.direction for row in (*changes.rows, *changes.overall)}
    if "regression" in met:
        return "failed"
    return "passed" if met - {"not compared"} else "inconclusive"


def refuse(before: BenchHeader, after: BenchHeader) -> str:
    """Say why two sessions cannot be compared at all; empty when they can."""
    if before.parts or after.parts:
        return "one was merged from several machines: compare the shards of each machine"
    asked = {
        "methodology": (before.methodology, after.methodology),
        "machine": (before.machine, after.machine),
        "profile": (before.profile, after.profile),
        "version of the harness": (before.harness_release, after.harness_release),
        "workers": (before.workers, after.workers),
    }
    differing = [name for name, (one, other) in asked.items() if one != other]
    if differing:
        return f"the two sessions differ in {' and '.join(differing)}"
    scenarios = {scenario.id: scenario for scenario in before.scenarios}
    changed = [item.id for item in after.scenarios if scenarios.get(item.id, item) != item]
    if changed:
        return f"what is measured has changed in {', '.join(changed)}"
    if not {*before.cells} & {*after.cells}:
        return "the two sessions have no cell in common"
    return ""


def _find_obstacle(before: Entry, after: Entry) -> str:
    for side, entry in (("before", before), ("after", after)):
        if not entry.is_whole and entry.flaws:
            reason = shorten(flatten(entry.flaws[0].reason))
            return f"{side}: {count_flaws(entry.flaws)}: {reason}"
    return ""


def _describe_faults(row: _Row) -> str:
    rates = {"before": describe_rate(row.before), "after": describe_rate(row.after)}
    return "; ".join(f"{side}: {rate}" for side, rate in rates.items() if rate)


def _judge_rows(
    rows: Sequence[_Row], inflation: float | None, whole_inflation: float | None
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Judge every row, and the mean of each cell's rows, as one table; return both."""
    free = [row for row in rows if not row.obstacle]
    pooled = _pool_cells(free)
    judged = judge(
        [row.times for row in free],
        list(pooled.values()),
        inflation=(inflation or 1.0, whole_inflation or 1.0),
    )
    of_rows = dict(zip((id(row) for row in free), judged, strict=False))
    return (
        tuple(_state_row(row, of_rows.get(id(row))) for row in rows),
        tuple(
            _state(cell, "", judgment, times.blocks)
            for (cell, times), judgment in zip(pooled.items(), judged[len(free) :], strict=True)
        ),
    )


def _pool_cells(rows: Sequence[_Row]) -> dict[Cell, Pairs]:
    """Return the mean of each cell's scenarios, block by block; there is none without blocks."""
    paired: dict[Cell, list[Pairs]] = {}
    for row in rows:
        if isinstance(row.times, Pairs):
            paired.setdefault(row.cell, []).append(row.times)
    # Of one scenario alone the mean would be said twice.
    return {cell: pool_pairs(times) for cell, times in paired.items() if len(times) > 1}


def _state_row(row: _Row, judgment: Judgment | None) -> Change:
    if judgment is None:
        ratio = _state_ratio(row.times.center, row.times.blocks) if row.times.blocks else None
        return Change(
            cell=row.cell,
            scenario=row.before.scenario.id,
            direction="not compared",
            reason=row.obstacle,
            before=row.before.workflow,
            after=row.after.workflow,
            ratio=ratio,
        )
    stated = _state(row.cell, row.before.scenario.id, judgment, row.times.blocks)
    return msgspec.structs.replace(
        stated,
        before=row.before.workflow,
        after=row.after.workflow,
        faults=_describe_faults(row),
    )


def _state(cell: Cell, scenario: str, judgment: Judgment, blocks: int) -> Change:
    """Put a judgment into words and factors."""
    direction: Direction = "no difference"
    if judgment.floor is None:
        direction = "not compared"
    elif judgment.called:
        direction = "regression" if judgment.center > 0 else "improvement"
    return Change(
        cell=cell,
        scenario=scenario,
        direction=direction,
        reason="" if judgment.floor is not None else f"only {count(blocks, 'block')}: too few",
        ratio=_state_ratio(judgment.center, blocks, judgment.low, judgment.high),
        floor=None if judgment.floor is None else math.expm1(judgment.floor),
        chance=judgment.chance,
    )


def _state_ratio(
    center: float, blocks: int, low: float | None = None, high: float | None = None
) -> Estimate:
    return Estimate(
        math.exp(center),
        None if low is None else math.exp(low),
        None if high is None else math.exp(high),
        forks=blocks,
        samples=blocks,
    )


def _describe_side(header: BenchHeader, title: str) -> Side:
    return Side(
        title=title,
        harness_version=header.harness_version,
        harness_commit=header.harness_commit,
        methodology=header.methodology,
        started_at=header.started_at,
    )


def _list_cautions(findings: Findings) -> tuple[str, ...]:
    found = []
    if findings.results.footer is None:
        found.append("the session is incomplete")
    if findings.inflation is None:
        found.append("no cell was measured against itself, so floors come from the rows alone")
    return tuple(found)


def _list_cautions_of_two(
    before: Findings, after: Findings, drift: float | None
) -> tuple[str, ...]:
    found = ["measured in two sessions: `bench --against` measures both versions in one"]
    if drift is None:
        found.append(
            f"{_DRIFT_UNKNOWN}, so nothing is called: that takes three sessions of the same cells"
        )
    for name, findings in (("first", before), ("second", after)):
        if findings.results.footer is None:
            found.append(f"the {name} session is incomplete")
    one, other = before.results.header, after.results.header
    missing = sorted({cell.id for cell in one.cells} ^ {cell.id for cell in other.cells}) + sorted(
        {item.id for item in one.scenarios} ^ {item.id for item in other.scenarios}
    )
    if missing:
        found.append(f"in one session only, and left out: {', '.join(missing)}")
    return tuple(found)
