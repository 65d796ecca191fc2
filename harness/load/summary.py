"""The results of a load: latencies, throughput, backlog, saturation, recovery. No I/O."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import product

import msgspec

from harness.descriptions import Cell
from harness.measure.statistics import PERCENTILES, find_percentile
from harness.results.records import Load, LoadResults, LoadRun, LoadStage

#: A cell keeps up with a stage if the backlog at its end is at most this share of its starts.
_MOST_LEFT = 0.1
#: Backlog that is always allowed: a few runs are always in progress.
_FEW = 3
#: Keeping up also requires that at most this share of its runs failed: a cell that refuses runs
#: at once has no backlog, but does no work.
MOST_BAD = 0.05
#: A start that is sent later than this is late. If more than this share of starts is late, the
#: results may show the generator's limit, not the cell's.
LATE_MS = 50.0
MOST_LATE = 0.05
#: The reason for a load without runs, if no other is known.
_NOTHING = "the file contains no run of this load, and no reason"
#: The maximal number of moments at which the backlog is shown.
_MOMENTS = 60


class StageSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of one load."""

    stage: LoadStage
    started: int
    #: Unsuccessful runs: a wrong answer, a failure, a timeout or no answer.
    bad: int
    #: Percentile -> latency in ms from the planned start. Unsuccessful runs count as infinite, so
    #: that they are never averaged away.
    latencies: dict[float, float]
    largest: float
    #: Runs per second that succeeded during the stage.
    throughput: float
    #: Runs in progress at its beginning and at its end.
    backlog_before: int
    backlog_after: int
    #: Share of its starts that were sent late.
    late: float

    @property
    def kept_up(self) -> bool:
        """Whether the cell kept up with the rate, with few failures."""
        grown = self.backlog_after - self.backlog_before
        in_time = grown <= max(_FEW, _MOST_LEFT * self.started)
        return bool(self.started) and in_time and self.bad <= MOST_BAD * self.started


class LoadSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One cell and scenario under load."""

    cell: Cell
    scenario: str
    stages: tuple[StageSummary, ...]
    #: Time since the beginning, in s -> runs in progress.
    backlog: tuple[tuple[float, int], ...]
    #: The highest rate that the cell kept up with, and the lowest that it did not; `None` if there
    #: is none.
    kept_up: float | None
    saturated: float | None
    #: Recovery: seconds after the end of a burst until the backlog is no larger than before it, and
    #: all later runs succeed. Infinite if the cell did not recover, `None` without a
    #: burst.
    recovery_s: float | None
    #: Why it was not loaded, or not to the end; empty if it was.
    failure: str = ""
    #: Whether the load was tried; `False` if the session ended before it.
    begun: bool = True

    @property
    def late(self) -> float:
        """The share of all starts that were sent late."""
        started = sum(stage.started for stage in self.stages)
        late = sum(stage.late * stage.started for stage in self.stages)
        return late / started if started else 0.0


def summarize_load(load: Load, runs: Sequence[LoadRun]) -> Iterator[LoadSummary]:
    """Summarize the runs of a session, one cell and scenario after the other."""
    kept: dict[tuple[Cell, str], list[LoadRun]] = {}
    for run in runs:
        kept.setdefault((run.cell, run.scenario), []).append(run)
    for (cell, scenario), own in kept.items():
        yield _summarize(load, cell, scenario, own)


def summarize_session(results: LoadResults) -> Iterator[LoadSummary]:
    """Summarize every cell and scenario that was to be loaded, also those that could not be."""
    header = results.header
    found = {
        (item.cell, item.scenario): item for item in summarize_load(header.load, results.loads)
    }
    failures = {(end.cell, end.scenario): end.reason for end in results.load_ends if end.reason}
    for cell, scenario in product(header.cells, header.scenarios):
        place = (cell, scenario.id)
        summary = found.get(place)
        failure = failures.get(place, "" if summary else _NOTHING)
        yield msgspec.structs.replace(
            summary or _summarize(header.load, *place, runs=()),
            failure=failure,
            begun=bool(summary) or place in failures,
        )


class Backlog:
    """The number of runs in progress at any time: past their planned start, and not ended.

    A failed run ends when its failure is known. A run without a known end stays in progress
    forever.
    """

    def __init__(self, runs: Sequence[LoadRun]) -> None:
        self.starts = sorted(run.intended_ms for run in runs)
        self.ends = sorted(run.ended_ms for run in runs if run.ended_ms is not None)

    def at(self, moment_ms: float) -> int:
        """Count the runs that are in progress at a moment."""
        return bisect_right(self.starts, moment_ms) - bisect_right(self.ends, moment_ms)


def _summarize(load: Load, cell: Cell, scenario: str, runs: Sequence[LoadRun]) -> LoadSummary:
    backlog = Backlog(runs)
    stages = []
    began_ms = 0.0
    for number, stage in enumerate(load.stages):
        stages.append(_summarize_stage(runs, backlog, number, stage, began_ms))
        began_ms += stage.seconds * 1000
    counted = [stage for stage in stages if stage.stage.kind != "warmup" and stage.started]
    kept = [item.stage.rate for item in counted if item.kept_up]
    lost = [item.stage.rate for item in counted if not item.kept_up]
    step_ms = max(1_000.0, began_ms / _MOMENTS)
    return LoadSummary(
        cell=cell,
        scenario=scenario,
        stages=tuple(stages),
        backlog=tuple(
            (place * step_ms / 1000, backlog.at(place * step_ms))
            for place in range(1, int(began_ms / step_ms) + 1)
        ),
        kept_up=max((rate for rate in kept if rate < min(lost, default=math.inf)), default=None),
        saturated=min(lost, default=None),
        recovery_s=_find_recovery(load, runs, backlog),
    )


def _summarize_stage(
    runs: Sequence[LoadRun], backlog: Backlog, number: int, stage: LoadStage, began_ms: float
) -> StageSummary:
    own = [run for run in runs if run.stage == number]
    ended_ms = began_ms + stage.seconds * 1000
    well = [run for run in runs if run.outcome == "correct" and run.latency_ms is not None]
    latencies = [
        run.latency_ms if run.outcome == "correct" and run.latency_ms is not None else math.inf
        for run in own
    ]
    ends = [run.ended_ms for run in well if run.ended_ms is not None]
    return StageSummary(
        stage=stage,
        started=len(own),
        bad=sum(run.outcome != "correct" for run in own),
        latencies={
            percent: find_percentile(latencies, percent)
            for percent, least in PERCENTILES.items()
            if len(own) >= least
        },
        largest=max(latencies, default=math.nan),
        throughput=sum(began_ms < end <= ended_ms for end in ends) / stage.seconds,
        backlog_before=backlog.at(began_ms),
        backlog_after=backlog.at(ended_ms),
        late=sum(run.late_ms > LATE_MS for run in own) / len(own) if own else 0.0,
    )


def _find_recovery(load: Load, runs: Sequence[LoadRun], backlog: Backlog) -> float | None:
    """Return how long after a burst the cell had recovered."""
    kinds = [stage.kind for stage in load.stages]
    if "burst" not in kinds:
        return None
    burst = kinds.index("burst")
    began_ms = sum(stage.seconds for stage in load.stages[:burst]) * 1000
    ended_ms = began_ms + load.stages[burst].seconds * 1000
    steady_ms = began_ms - load.stages[burst - 1].seconds * 1000
    before = [moment for moment in backlog.starts if steady_ms <= moment < began_ms]
    usual = max((backlog.at(moment) for moment in before), default=0)
    bad = sorted(run.intended_ms for run in runs if run.outcome != "correct")
    for moment in (ended_ms, *(end for end in backlog.ends if end >= ended_ms)):
        if backlog.at(moment) <= usual and _end_well(backlog.starts, bad, moment):
            return (moment - ended_ms) / 1000
    return math.inf


def _end_well(starts: Sequence[float], bad: Sequence[float], moment_ms: float) -> bool:
    """Return whether runs started after a moment and all succeeded; both lists are sorted."""
    left = len(starts) - bisect_left(starts, moment_ms)
    return bool(left) and len(bad) - bisect_left(bad, moment_ms) <= MOST_BAD * left
