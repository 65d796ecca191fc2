"""Tries drawn from a recorded session, judged by the same code as any session."""

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
        """Of all tries, 0..1."""
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
    """Return a session that measured only some blocks of a recorded one, and only some matches.

    Every other fork of the recording is as if it had never been.
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
    """Return the blocks in which every cell was measured: a recording may have been cut off."""
    ended = Counter(end.block for end in results.forks if end.kind == "timing")
    measured = len({*results.header.cells, *results.header.companions})
    return sorted(block for block, forks in ended.items() if forks == measured)


def draw_tries(
    results: BenchResults, after: Cell, *, blocks: int, tries: int, seed: int
) -> Iterator[Changes]:
    """Compare a recorded cell with another as often as wanted, in other blocks each time.

    Tries share blocks: a recording has fewer than all of them need.
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
    """Count the rows that are called a difference, of all rows."""
    rows = [row for changes in tries for row in (*changes.overall, *changes.rows)]
    return Rate(sum(_is_called(row) for row in rows), len(rows))


def count_found(tries: Sequence[Changes]) -> Rate:
    """Count the tries that call any regression."""
    found = [
        any(row.direction == "regression" for row in (*changes.overall, *changes.rows))
        for changes in tries
    ]
    return Rate(sum(found), len(found))


def _is_called(row: Change) -> bool:
    return row.direction in ("regression", "improvement")
