"""Result files of loads, built by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.descriptions import Cell
from harness.load.arrivals import plan_arrivals, read_stages
from harness.results.records import Footer, Load, LoadResults, LoadRun
from tests.reports.factories import EXPRESS, TEN, make_load_header

STEADY = Load(stages=read_stages("10/s", 20), arrivals="constant")


def load_cell(
    cell: Cell = EXPRESS, latency_ms: float | None = 20.0, **changes: Any
) -> list[LoadRun]:
    """Play the whole plan on a cell; every run ends well unless it is told otherwise."""
    return [
        LoadRun(
            **{
                "cell": cell,
                "scenario": TEN.id,
                "index": arrival.index,
                "stage": arrival.stage,
                "intended_ms": arrival.due_ms,
                "late_ms": 1.0,
                "latency_ms": latency_ms,
                "outcome": "correct",
                **changes,
            }
        )
        for arrival in plan_arrivals(STEADY, 7)
    ]


def make_loaded(
    runs: Sequence[LoadRun], *, cells: Sequence[Cell] = (EXPRESS,), ended: bool = True
) -> LoadResults:
    """Make the file of a load of cells, with one scenario."""
    footer = Footer(
        finished_at="2026-01-02T03:14:05+00:00",
        seconds=30.0,
        forks_finished=0,
        forks_failed=0,
        samples=len(runs),
        samples_bad=sum(run.outcome != "correct" for run in runs),
        harness_cpu_share=0.1,
        harness_memory_bytes=2**26,
    )
    return LoadResults(
        header=make_load_header(cells, [TEN], STEADY),
        footer=footer if ended else None,
        loads=tuple(runs),
        load_ends=(),
    )
