"""What a result file says about every cell and scenario that was asked for."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Literal

import msgspec

from harness.descriptions import Cell, Scenario
from harness.measure import metrics
from harness.measure.metrics import RESOLUTION_MS
from harness.measure.plan import plan_forks
from harness.measure.statistics import (
    BLOCKS_TO_CALL,
    Estimate,
    Mode,
    Pairs,
    Series,
    estimate,
    find_modes,
    measure_inflation,
    measure_whole_inflation,
    pair_blocks,
    pool_pairs,
)
from harness.results.faults import FaultState, compare_fault
from harness.results.records import BenchHeader, BenchResults, ForkEnd, Sample
from reports.writing.names import Names, name_everything

#: Why a cell cannot win a scenario, gravest first. The first three are of single samples.
FlawKind = Literal["incorrect", "failed", "timeout", "fork", "missing", "untimed"]
GRAVITY: tuple[FlawKind, ...] = ("incorrect", "failed", "timeout", "fork", "missing", "untimed")
#: Flaws that cost their sample alone.
OF_SAMPLES: frozenset[FlawKind] = frozenset({"incorrect", "failed", "timeout"})

TIMES: dict[str, Callable[[Sample], float | None]] = {
    "workflow": metrics.workflow_ms,
    "wall": metrics.wall_ms,
    "overhead": metrics.overhead_ms,
    "ttfb": metrics.ttfb_ms,
    "slurp": metrics.slurp_ms,
    "ttfs": metrics.ttfs_ms,
    "ttls": metrics.ttls_ms,
    "wo": metrics.workflow_overhead_ms,
}

#: The columns that say which cell a row is of.
CELL = ["line", "framework", "world", "mode"]

NO_REASON = "no reason was given"


class Flaw(msgspec.Struct, frozen=True):
    """One reason why a cell cannot win, and how often it was seen."""

    kind: FlawKind
    reason: str
    times: int
    #: How it compares with the list of known faults; empty if no entry covers it.
    state: FaultState = ""
    #: Why it occurs, or that its entry has expired; empty if no entry covers it.
    cause: str = ""

    @property
    def is_known(self) -> bool:
        """Whether a valid entry covers it."""
        return self.state == "known"


class Estimates(Mapping[str, Estimate]):
    """Estimates of every time that was seen, each made when it is first asked for.

    Args:
        samples: Block -> its samples.
        seed: Makes the intervals reproducible.
    """

    def __init__(self, samples: Mapping[int, Sequence[Sample]], seed: int) -> None:
        self._samples = samples
        self._seed = seed
        self._made: dict[str, Estimate | None] = {}

    def __getitem__(self, name: str) -> Estimate:
        if name not in self._made:
            times = list_times(self._samples, TIMES[name])
            resolution = RESOLUTION_MS.get(name, 0.0)
            made = estimate(times, self._seed, resolution=resolution) if times else None
            self._made[name] = made
        found = self._made[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in TIMES if self.get(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def list_times(
    samples: Mapping[int, Sequence[Sample]], measure: Callable[[Sample], float | None]
) -> dict[int, list[float]]:
    """Return block -> the times that were seen in it.

    In the order of their values: neither the file's order nor a fork's name says anything.
    """
    times = {
        block: sorted(time for sample in samples[block] if (time := measure(sample)) is not None)
        for block in sorted(samples)
    }
    return {block: seen for block, seen in times.items() if seen}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One cell in one scenario: what was measured, and what is wrong with it."""

    cell: Cell
    scenario: Scenario
    #: Timed samples, warm-ups excluded.
    taken: int
    correct: int
    #: Runs of every kind, warm-ups and counted ones included.
    runs: int
    #: Of the correct ones: those whose end was seen by asking once a second.
    polled: int
    #: Time (a key of :data:`TIMES`) -> its estimate from the correct samples of finished forks.
    estimates: Mapping[str, Estimate]
    #: Block -> workflow times of those samples.
    series: Series
    flaws: tuple[Flaw, ...]

    @property
    def workflow(self) -> Estimate | None:
        """The time that decides."""
        return self.estimates.get("workflow")

    @property
    def competes(self) -> bool:
        """Whether it is compared: it is whole, and its scenario decides."""
        return self.is_whole and self.scenario.decides

    @property
    def is_whole(self) -> bool:
        """Whether it has a time that decides, and at most single samples of it are bad."""
        return bool(self.series) and all(flaw.kind in OF_SAMPLES for flaw in self.flaws)

    @property
    def may_win(self) -> bool:
        """Whether it is compared, and nothing at all is wrong with it."""
        return self.competes and not self.flaws

    @property
    def contender(self) -> Estimate | None:
        """The time that it is compared by; `None` when it does not compete."""
        return self.workflow if self.competes else None

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The two peaks of its workflow time; empty where it has one."""
        samples = [sample for fork in self.series.values() for sample in fork]
        return find_modes(samples, resolution=RESOLUTION_MS["workflow"])


@dataclass(frozen=True, kw_only=True)
class Findings:
    """A result file, studied."""

    results: BenchResults
    names: Names
    #: Every asked-for (cell, scenario id), a scenario after the other; and of the cells that were
    #: measured only to be compared with.
    entries: Mapping[tuple[Cell, str], Entry]
    #: Samples whose numbers count: correct, no warm-up, of a fork that finished; of both kinds.
    counted: tuple[Sample, ...]
    #: Forks whose latest attempt failed.
    failed_forks: tuple[ForkEnd, ...]
    #: The ids of all forks of the plan, and of those that never ended.
    planned: tuple[str, ...]
    unended: tuple[str, ...]
    #: How much wider than their errors this session's twins spread; `None` if it had none.
    own_inflation: float | None
    #: The same of the mean of all scenarios.
    own_whole_inflation: float | None

    @property
    def inflation(self) -> float | None:
        """How much wider than their errors the machine's cells spread against themselves.

        The median of this session and those before it on this machine; `None` where no session had
        twins. It is never less than 1: luck is no reason to believe more than errors say.
        """
        known = [*self.results.header.earlier_inflations]
        known += [] if self.own_inflation is None else [self.own_inflation]
        return max(1.0, median(known)) if known else None

    @property
    def whole_inflation(self) -> float | None:
        """The same of the mean of all scenarios: the quadratic mean over those sessions.

        A session has one such mean a twin, and the luck of a build moves all scenarios together.
        """
        known = [*self.results.header.earlier_whole_inflations]
        known += [] if self.own_whole_inflation is None else [self.own_whole_inflation]
        return max(1.0, math.sqrt(fmean(value**2 for value in known))) if known else None

    def of_scenario(self, scenario: Scenario) -> tuple[Entry, ...]:
        """Return the entries of one scenario, in the order of the cells."""
        return tuple(self.entries[cell, scenario.id] for cell in self.results.header.cells)


def study(results: BenchResults) -> Findings:
    """Find what a result file says about all that was asked for.

    Times come from correct samples of timing forks that finished, warm-ups excluded. A bad sample
    counts against its cell wherever it was taken, because an answer is right or wrong everywhere.
    """
    header = results.header
    ends = latest_ends(results.forks)
    # Those that were added for precision are in no plan.
    planned = tuple(dict.fromkeys([*(fork.id for fork in plan_forks(header)), *ends]))
    tallies = _tally(results.samples, ends)
    flaws = _find_flaws(results, ends)
    entries = {}
    for scenario in header.scenarios:
        for cell in (*header.cells, *header.companions):
            tally = tallies.get((cell, scenario.id), _Tally())
            found = flaws[cell, scenario.id]
            found += _find_untimed(tally) or ([] if found else _find_missing(results, cell, tally))
            entries[cell, scenario.id] = Entry(
                cell=cell,
                scenario=scenario,
                taken=tally.taken,
                correct=tally.correct,
                runs=tally.runs,
                polled=tally.polled,
                estimates=Estimates(tally.samples, header.seed),
                series=list_times(tally.samples, metrics.workflow_ms),
                flaws=tuple(sorted(found, key=_rank_flaw)),
            )
    twins = _pair_twins(header, entries)
    machines = {cell.world: part.number for part in header.parts for cell in part.cells}
    return Findings(
        results=results,
        names=name_everything(header, machines),
        entries=entries,
        counted=tuple(sample for sample in results.samples if _counts(sample, ends)),
        failed_forks=tuple(end for end in ends.values() if end.outcome == "failed"),
        planned=planned,
        unended=tuple(name for name in planned if name not in ends),
        own_inflation=_measure_inflation(twins),
        own_whole_inflation=_measure_whole_inflation(twins),
    )


def _pair_twins(
    header: BenchHeader, entries: Mapping[tuple[Cell, str], Entry]
) -> list[list[Pairs]]:
    """Pair every cell with its twin: a list of scenarios each, those in which both competed."""
    return [
        [
            pair_blocks(before.series, after.series, resolution=RESOLUTION_MS["workflow"])
            for scenario in header.scenarios
            if (before := entries[match.before, scenario.id]).competes
            and (after := entries[match.after, scenario.id]).competes
        ]
        for match in header.matches
        if match.kind == "twin"
    ]


def _measure_inflation(twins: Sequence[Sequence[Pairs]]) -> float | None:
    """Measure by the session's twins how much wider than their errors cells spread."""
    rows = [row for twin in twins for row in twin if row.blocks >= BLOCKS_TO_CALL]
    return measure_inflation(rows) if rows else None


def _measure_whole_inflation(twins: Sequence[Sequence[Pairs]]) -> float | None:
    return measure_whole_inflation([pool_pairs(twin) for twin in twins if len(twin) > 1])


def cell_key(cell: Cell) -> tuple[str, str, str, str]:
    """Return a cell as the values of :data:`CELL`."""
    return cell.line, cell.framework, cell.world, cell.mode


def latest_ends(forks: Sequence[ForkEnd]) -> dict[str, ForkEnd]:
    """Return fork -> the end of its latest attempt."""
    return {end.fork: end for end in sorted(forks, key=lambda end: (end.attempt, end.fork))}


def _counts(sample: Sample, ends: Mapping[str, ForkEnd]) -> bool:
    """Whether a sample's numbers count: whose fork failed may have been ill all along."""
    if sample.warmup or sample.outcome != "correct" or sample.fork not in ends:
        return False
    end = ends[sample.fork]
    return end.outcome == "finished" and end.attempt == sample.attempt


@dataclass
class _Tally:
    """What was taken of one cell in one scenario."""

    runs: int = 0
    taken: int = 0
    correct: int = 0
    polled: int = 0
    #: Block -> those whose numbers count.
    samples: dict[int, list[Sample]] = field(default_factory=dict)

    def add(self, sample: Sample, block: int) -> None:
        """Count a sample whose numbers count."""
        self.correct += 1
        self.polled += sample.woken_by == "poll"
        self.samples.setdefault(block, []).append(sample)


def _tally(
    samples: Sequence[Sample], ends: Mapping[str, ForkEnd]
) -> dict[tuple[Cell, str], _Tally]:
    """Count the samples of each cell and scenario; those that are timed also by themselves."""
    tallies: defaultdict[tuple[Cell, str], _Tally] = defaultdict(_Tally)
    for sample in samples:
        tally = tallies[sample.cell, sample.scenario]
        tally.runs += 1
        if sample.kind == "timing" and not sample.warmup:
            tally.taken += 1
            if _counts(sample, ends):
                tally.add(sample, ends[sample.fork].block)
    return tallies


def _find_flaws(
    results: BenchResults, ends: Mapping[str, ForkEnd]
) -> defaultdict[tuple[Cell, str], list[Flaw]]:
    """Return (cell, scenario) -> one flaw for each different reason."""
    met: Counter[tuple[Cell, str, Flaw]] = Counter()
    for sample in results.samples:
        if sample.outcome != "correct":
            listed = compare_fault(results.header, sample)
            reason = sample.error or NO_REASON
            flaw = Flaw(sample.outcome, reason, 1, listed.state, listed.reason)
            met[sample.cell, sample.scenario, flaw] += 1
    for end in ends.values():
        if end.outcome == "failed" and end.kind == "timing":
            for scenario in results.header.scenarios:
                met[end.cell, scenario.id, Flaw("fork", end.reason or NO_REASON, 1)] += 1
    flaws = defaultdict(list)
    for (cell, name, flaw), times in met.items():
        flaws[cell, name].append(msgspec.structs.replace(flaw, times=times))
    return flaws


def _rank_flaw(flaw: Flaw) -> tuple[bool, int, int, str]:
    """Order flaws: known faults last; before that the gravest first, then the most frequent."""
    return flaw.is_known, GRAVITY.index(flaw.kind), -flaw.times, flaw.reason


def _find_missing(results: BenchResults, cell: Cell, tally: _Tally) -> list[Flaw]:
    """Say what was not measured though nothing is known to have gone wrong."""
    if tally.correct:
        return []
    ended = any(end.cell == cell and end.kind == "timing" for end in results.forks)
    if not ended:
        return [Flaw("missing", "the session ended before it was measured", 1)]
    return [Flaw("missing", "no sample of it was taken", 1)]


def _find_untimed(tally: _Tally) -> list[Flaw]:
    """Say of how many correct samples no workflow time is known."""
    times = list_times(tally.samples, metrics.workflow_ms)
    timed = sum(len(fork) for fork in times.values())
    reason = "the run's own times were not seen, so its workflow time is not known"
    return [Flaw("untimed", reason, tally.correct - timed)] if tally.correct > timed else []
