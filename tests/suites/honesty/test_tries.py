"""Tries: parts of a recorded session go through the whole pipeline again."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from harness.descriptions import Cell
from harness.errors import ResultsError
from harness.results.files import read_results_as
from harness.results.records import BenchResults, Match
from reports.benchmark.compared import compare_versions
from reports.benchmark.findings import study
from suites.honesty.tries import (
    Rate,
    count_called,
    count_found,
    draw_tries,
    find_whole_blocks,
    replay,
)
from tests import RESULTS
from tests.reports.factories import EXPRESS, FIFTY, TEN, Session

EXAMPLE = RESULTS / "quick.jsonl"

AGAIN = Cell("v5", "express", "local-again")
TWIN = Cell("v5", "express", "local-twin")
SLOWER = Cell("v5", "express", "local-slower")
MATCHES = (
    Match(before=EXPRESS, after=AGAIN, kind="version"),
    Match(before=EXPRESS, after=TWIN, kind="twin"),
    Match(before=EXPRESS, after=SLOWER, kind="version"),
)
FACTORS = {EXPRESS: 1.0, AGAIN: 1.0, TWIN: 1.0, SLOWER: 1.2}


def record(blocks: int = 8, *, cut_off: bool = False) -> BenchResults:
    """Measure a cell, itself twice more and a slower one; blocks differ by more than cells do."""
    session = Session([EXPRESS], [TEN, FIFTY], matches=MATCHES, forks=blocks)
    chance = random.Random(1)
    for block in range(1, blocks + 1):
        hour = chance.uniform(0.7, 1.4)
        for cell, factor in FACTORS.items():
            for scenario in (TEN, FIFTY):
                for _ in range(2):
                    time = 100 * hour * factor * chance.uniform(0.98, 1.02)
                    session.take(cell, scenario, time, block=block)
    if cut_off:
        session.interrupt(SLOWER, block=blocks)
    return session.end()


def measure_only(recording: BenchResults, blocks: list[int]) -> dict[tuple[str, str], list[float]]:
    """Return what a replay of some blocks holds: cell and scenario -> workflow times."""
    times: dict[tuple[str, str], list[float]] = {}
    for sample in replay(recording, blocks, MATCHES).samples:
        place = (sample.cell.id, sample.scenario)
        times.setdefault(place, []).append((sample.completed_ms or 0) - (sample.created_ms or 0))
    return times


def test_a_replay_holds_the_samples_of_its_blocks_and_no_others() -> None:
    recording = record()
    halves = [measure_only(recording, blocks) for blocks in ([1, 3, 5, 7], [2, 4, 6, 8])]
    whole = measure_only(recording, list(range(1, 9)))
    for place, times in whole.items():
        assert sorted(times) == sorted(halves[0][place] + halves[1][place])


def test_a_replay_of_all_blocks_has_the_results_of_the_recording() -> None:
    recording = record()
    again = replay(recording, range(1, 9), MATCHES)
    one, other = compare_versions(study(recording)), compare_versions(study(again))
    assert one is not None
    assert other is not None
    assert (one.rows, one.overall) == (other.rows, other.overall)


def test_tries_detect_the_slower_world_and_no_other_difference() -> None:
    recording = record()
    same = list(draw_tries(recording, AGAIN, blocks=5, tries=10, seed=1))
    slower = list(draw_tries(recording, SLOWER, blocks=5, tries=10, seed=1))
    assert len(same) == len(slower) == 10
    assert count_called(same).times == 0
    assert count_found(slower).share == 1.0


def test_only_a_different_seed_draws_different_tries() -> None:
    recording = record()

    def draw(seed: int) -> list[list[float | None]]:
        tries = draw_tries(recording, SLOWER, blocks=4, tries=5, seed=seed)
        return [[row.ratio.center if row.ratio else None for row in each.rows] for each in tries]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_an_incomplete_block_is_never_drawn() -> None:
    assert find_whole_blocks(record(8, cut_off=True)) == list(range(1, 8))


@pytest.mark.parametrize(("times", "of"), [(0, 40), (1, 840), (19, 20), (20, 20)])
def test_the_interval_of_a_rate_contains_the_rate(times: int, of: int) -> None:
    low, high = Rate(times, of).bound()
    assert 0 <= low <= times / of <= high <= 1
    assert high - low < 0.4


class TestPackedFiles:
    def test_a_packed_file_has_the_content_of_the_original(self, tmp_path: Path) -> None:
        packed = tmp_path / "x.jsonl.gz"
        packed.write_bytes(gzip.compress(EXAMPLE.read_bytes()))
        assert read_results_as(packed, BenchResults) == read_results_as(EXAMPLE, BenchResults)

    @pytest.mark.parametrize("spoil", ["cut", "garbled", "other"])
    def test_a_damaged_packed_file_is_refused(self, tmp_path: Path, spoil: str) -> None:
        sound = gzip.compress(EXAMPLE.read_bytes())
        broken = {
            "cut": sound[:5000],
            "garbled": sound[:3000] + b"zz" + sound[3002:],
            "other": b"x" * 100,
        }
        packed = tmp_path / "x.jsonl.gz"
        packed.write_bytes(broken[spoil])
        with pytest.raises(ResultsError, match="cannot be read"):
            read_results_as(packed, BenchResults)
