"""Loads as data for other programs: part of the form of `reports.forms.data`."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import msgspec

from harness.descriptions import Cell
from harness.load.summary import LoadSummary, StageSummary


class LoadStageRow(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a load."""

    kind: Literal["warmup", "steady", "burst", "after"]
    #: Starts a second, and for how long.
    rate: float
    seconds: float
    started: int
    bad: int
    ended_well_per_s: float
    latencies_ms: Annotated[
        dict[str, float | None],
        msgspec.Meta(description="percentile -> ms from the intended start; null is endless"),
    ]
    under_way_before: int
    under_way_after: int
    kept_up: bool
    sent_late_share: float


class LoadRow(msgspec.Struct, frozen=True, kw_only=True):
    """One cell and scenario under load."""

    cell: Cell
    scenario: str
    stages: tuple[LoadStageRow, ...]
    #: The highest rate that was kept up with, and the lowest that was not.
    kept_up_rate: float | None
    saturated_rate: float | None
    #: Seconds after a burst until things were as before it; null without a burst, or if that did
    #: not come.
    recovery_s: float | None
    #: Why it could not be loaded, or not to the end; empty if it could.
    failure: str


def make_load_row(summary: LoadSummary) -> LoadRow:
    """State one cell and scenario under load for programs."""
    recovery = summary.recovery_s
    return LoadRow(
        cell=summary.cell,
        scenario=summary.scenario,
        stages=tuple(map(_make_stage, summary.stages)),
        kept_up_rate=summary.kept_up,
        saturated_rate=summary.saturated,
        recovery_s=None if recovery is None or math.isinf(recovery) else recovery,
        failure=summary.failure,
    )


def _make_stage(item: StageSummary) -> LoadStageRow:
    return LoadStageRow(
        kind=item.stage.kind,
        rate=item.stage.rate,
        seconds=item.stage.seconds,
        started=item.started,
        bad=item.bad,
        ended_well_per_s=item.throughput,
        latencies_ms={
            f"{percent:g}": None if math.isinf(latency) else latency
            for percent, latency in item.latencies.items()
        },
        under_way_before=item.backlog_before,
        under_way_after=item.backlog_after,
        kept_up=item.kept_up,
        sent_late_share=item.late,
    )
