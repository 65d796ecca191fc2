"""Draws tries from a recorded session, and judges them with the code for real sessions."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
from scipy import special

from harness.descriptions import Cell
from harness.measure.changes import Change, Changes
from harness.results.records import BenchResults, Match
from reports.benchmark.compared import compare_versions
from reports.benchmark.findings import study


class Rate(msgspec.Struct, frozen=True):
    """How often something happened."""

    times: int
    of: int

    @property
    def share(self) -> float:
        """The share of all tries, 0..1."""
        return self.times / self.of if self.of else 0.0

    def bound(self) -> tuple[float, float]:
        """Return the 95% interval of the true share (Clopper and Pearson)."""
        low = special.betaincinv(self.times, self.of - self.times + 1, 0.025) if self.times else 0.0
        high = (
            special.betaincinv(self.times + 1, self.of - self.times, 0.975)
            if self.times < self.of
            else 1.0
        )
        return float(low), float(high)


def replay(results: BenchResults, blocks: Sequence[int], matches: Sequence[Match]) -> BenchResults:
    """Return a recorded session, reduced to some of its blocks and matches.

    All other forks are removed, as if they had never been measured.
    """
    places = {block: place for place, block in enumerate(blocks, start=1)}
    cells = {cell for match in matches for cell in (match.before, match.after)}
    forks = {
        end.fork: f"timing-{places[end.block]}/{end.cell.id}"
        for end in results.forks
        if end.kind == "timing" and end.block in places and end.cell in cells
    }
    header = msgspec.structs.replace(
        results.header,
        matches=tuple(matches),
        forks=len(blocks),
        cells=tuple(cell for cell in results.header.cells if cell in cells),
        earlier_inflations=(),
        earlier_whole_inflations=(),
    )
    return msgspec.structs.replace(
        results,
        header=header,
        samples=tuple(
            msgspec.structs.replace(sample, fork=forks[sample.fork])
            for sample in results.samples
            if sample.fork in forks
        ),
        forks=tuple(
            msgspec.structs.replace(end, fork=forks[end.fork], block=places[end.block])
            for end in results.forks
            if end.fork in forks
        ),
    )


def find_whole_blocks(results: BenchResults) -> list[int]:
    """Return the blocks in which every cell was measured; an interrupted recording has others."""
    ended = Counter(end.block for end in results.forks if end.kind == "timing")
    measured = len({*results.header.cells, *results.header.companions})
    return sorted(block for block, forks in ended.items() if forks == measured)


def draw_tries(
    results: BenchResults, after: Cell, *, blocks: int, tries: int, seed: int
) -> Iterator[Changes]:
    """Compare two recorded cells repeatedly, with different blocks each time.

    Tries share blocks, because a recording has too few for all of them.
    """
    chosen = [match for match in results.header.matches if match.after == after]
    twins = [match for match in results.header.matches if match.kind == "twin"]
    ended = find_whole_blocks(results)
    order = random.Random(f"{seed}/{after.id}/{blocks}")  # noqa: S311 - repeatable, not secret
    for _ in range(tries):
        drawn = sorted(order.sample(ended, blocks))
        changes = compare_versions(study(replay(results, drawn, [*chosen, *twins])))
        if changes is not None:
            yield changes


def count_called(tries: Sequence[Changes]) -> Rate:
    """Count the rows that are called a difference."""
    rows = [row for changes in tries for row in (*changes.overall, *changes.rows)]
    return Rate(sum(_is_called(row) for row in rows), len(rows))


def count_found(tries: Sequence[Changes]) -> Rate:
    """Count the tries that call at least one regression."""
    found = [
        any(row.direction == "regression" for row in (*changes.overall, *changes.rows))
        for changes in tries
    ]
    return Rate(sum(found), len(found))


def _is_called(row: Change) -> bool:
    return row.direction in ("regression", "improvement")
