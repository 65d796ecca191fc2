"""Draws quick sessions from a recording: blocks in random order, added until the session stops."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import msgspec

from harness.descriptions import Cell
from harness.measure.metrics import workflow_ms
from harness.measure.statistics import Series
from harness.measure.stopping import Progress
from harness.results.records import BenchHeader, BenchResults, ForkEnd, Match, Sample

#: How many blocks a session has before it is looked at.
_FIRST_BLOCKS = 3

Block = tuple[tuple[Sample, ...], tuple[ForkEnd, ...]]


class DrawnSession(msgspec.Struct, frozen=True):
    """One session: what a result file of it would hold, and the times of all twins as well."""

    results: BenchResults
    #: Cell and scenario -> block -> workflow times in ms.
    series: Mapping[tuple[Cell, str], Series]


class Recording:
    """A long session of cells that each have a twin; sessions are drawn from its blocks."""

    def __init__(self, results: BenchResults) -> None:
        self.header = results.header
        self.twins = {match.before: match for match in results.header.matches}
        self._blocks = _split(results)

    @property
    def number(self) -> int:
        """The number of blocks in which every cell was measured."""
        return len(self._blocks)

    def take_all(self, twin: Match) -> DrawnSession:
        """Return the whole recording as one session, with one of its twins."""
        session = _Session(self.header, twin)
        for block in self._blocks:
            session.add(block, session.scenarios)
        return session.end()

    def draw(self, random_: random.Random, budget_s: float) -> DrawnSession:
        """Draw one session: a twin, and blocks until nothing is open or the budget is used up."""
        twin = random_.choice([*self.twins.values()])
        session = _Session(self.header, twin)
        for number, block in enumerate(random_.sample(self._blocks, len(self._blocks))):
            if number < _FIRST_BLOCKS:
                session.add(block, session.scenarios)
                continue
            asked = session.plan(budget_s)
            if not asked:
                break
            session.add(block, asked)
        return session.end()


class _Session:
    """A session that grows block by block."""

    def __init__(self, header: BenchHeader, twin: Match) -> None:
        self.header = msgspec.structs.replace(
            header,
            matches=(twin,),
            forks=_FIRST_BLOCKS,
            earlier_inflations=(),
            earlier_whole_inflations=(),
        )
        self.scenarios = {scenario.id for scenario in header.scenarios}
        self._cells = {*header.cells, twin.after}
        self._progress = Progress(self.header)
        self._samples: list[Sample] = []
        self._series: dict[tuple[Cell, str], dict[int, list[float]]] = {}
        self._ends: list[ForkEnd] = []
        self._blocks = 0
        self._spent_s = 0.0

    def add(self, block: Block, scenarios: set[str]) -> None:
        """Add the samples of some scenarios of a block."""
        self._blocks += 1
        samples, ends = block
        cells = {end.fork: end.cell for end in ends}
        left_out: defaultdict[str, float] = defaultdict(float)
        for sample in samples:
            if sample.scenario not in scenarios:
                left_out[sample.fork] += sample.request_ms / 1000
                continue
            time = workflow_ms(sample)
            if sample.outcome == "correct" and not sample.warmup and time is not None:
                series = self._series.setdefault((sample.cell, sample.scenario), {})
                series.setdefault(self._blocks, []).append(time)
            if sample.cell in self._cells:
                renamed = msgspec.structs.replace(sample, fork=self._name(cells[sample.fork]))
                self._samples.append(renamed)
                self._progress.add(renamed)
        for end in ends:
            if end.cell in self._cells:
                self._end_fork(end, end.seconds - left_out[end.fork])

    def _end_fork(self, end: ForkEnd, seconds: float) -> None:
        self._spent_s += seconds
        ended = msgspec.structs.replace(
            end, fork=self._name(end.cell), block=self._blocks, seconds=seconds
        )
        self._ends.append(ended)
        self._progress.add(ended)

    def _name(self, cell: Cell) -> str:
        return f"timing-{self._blocks}/{cell.id}"

    def plan(self, budget_s: float) -> set[str]:
        """Return the scenarios of the next block; empty if there is none."""
        heats = self._progress.plan_more(budget_s - self._spent_s)
        return {name for heat in heats for fork in heat for name in fork.scenarios}

    def end(self) -> DrawnSession:
        """Return the session."""
        results = BenchResults(
            header=msgspec.structs.replace(self.header, forks=self._blocks),
            samples=tuple(self._samples),
            forks=tuple(self._ends),
            footer=None,
        )
        return DrawnSession(results, self._series)


def _split(results: BenchResults) -> list[Block]:
    """Return the blocks in which every cell was measured to its end."""
    ended: defaultdict[int, list[ForkEnd]] = defaultdict(list)
    for end in results.forks:
        if end.kind == "timing" and end.outcome == "finished":
            ended[end.block].append(end)
    measured = len({*results.header.cells, *results.header.companions})
    taken: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in results.samples:
        taken[sample.fork].append(sample)
    return [
        (tuple(sample for end in ends for sample in taken[end.fork]), tuple(ends))
        for _, ends in sorted(ended.items())
        if len(Counter(end.cell for end in ends)) == measured
    ]


def draw_sessions(
    recording: Recording, *, tries: int, seed: int, budget_s: float
) -> Iterator[DrawnSession]:
    """Draw sessions; they share blocks, because a recording has too few for all of them."""
    order = random.Random(f"{seed}/sessions")  # noqa: S311 - repeatable, not secret
    for _ in range(tries):
        yield recording.draw(order, budget_s)
