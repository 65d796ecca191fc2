"""A session on several machines: shared out by whole Worlds, merged without a loss."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.descriptions import Cell
from harness.errors import ResultsError, UsageError
from harness.results.files import ResultsWriter, read_results_as
from harness.results.merging import merge_results
from harness.results.records import BenchHeader, BenchResults, Footer, Shard
from harness.results.shards import find_share, read_shard, share_out
from reports.benchmark.compared import refuse
from reports.benchmark.findings import study
from reports.benchmark.wins import hold_contests
from reports.forms.markdown import render_markdown
from reports.forms.studies import study_session
from tests.reports.factories import Session, make_scenario

WORLDS = ("local", "postgres", "redis")
CELLS = tuple(Cell("v5", framework, world) for world in WORLDS for framework in ("express", "hono"))
TEN = make_scenario(10)
FIFTY = make_scenario(50)

some_cells = st.lists(
    st.builds(
        Cell,
        st.sampled_from(["v4", "v5"]),
        st.sampled_from(["express", "hono", "nitro"]),
        st.sampled_from(["a", "b", "c", "d", "e"]),
    ),
    min_size=1,
    unique=True,
)


class TestSharing:
    @given(some_cells, st.integers(1, 5))
    def test_every_cell_is_in_one_share_and_worlds_stay_whole(
        self, cells: list[Cell], count: int
    ) -> None:
        worlds = {cell.world for cell in cells}
        if count > len(worlds):
            with pytest.raises(UsageError, match="cannot be spread"):
                share_out(cells, count)
            return
        shares = share_out(cells, count)
        assert len(shares) == count
        assert all(shares)
        assert Counter(cell for share in shares for cell in share) == Counter(cells)
        homes = [{cell.world for cell in share} for share in shares]
        assert sum(map(len, homes)) == len(worlds)

    @given(some_cells, st.randoms(use_true_random=False))
    def test_the_order_in_which_cells_are_named_plays_no_part(
        self, cells: list[Cell], chance: random.Random
    ) -> None:
        count = len({cell.world for cell in cells})
        mixed = chance.sample(cells, len(cells))
        assert [{*share} for share in share_out(cells, count)] == [
            {*share} for share in share_out(mixed, count)
        ]

    @pytest.mark.parametrize("text", ["", "2", "0/2", "3/2", "2 of 6", "-1/2", "1/0"])
    def test_what_is_no_shard_is_refused(self, text: str) -> None:
        with pytest.raises(UsageError):
            read_shard(text, CELLS)


def measure(number: int, count: int = 3, *, cut_off: bool = False, seed: int = 7) -> BenchResults:
    """Measure one shard of a session."""
    shard = Shard(number=number, count=count, cells=CELLS)
    share = find_share(shard)
    session = Session(
        share,
        [TEN, FIFTY],
        shard=shard,
        seed=seed,
        command=f"world-harness bench --profile quick --shard {number}/{count} --seed {seed}",
    )
    for place, cell in enumerate(share):
        for scenario in (TEN, FIFTY):
            session.measure(cell, scenario, 100.0 * number + 200 * place)
            session.count(cell, scenario, flow=1)
    if cut_off:
        session.interrupt(share[0], block=3)
    return session.end()


def write(path: Path, results: BenchResults) -> Path:
    with ResultsWriter(path) as writer:
        writer.append(results.header)
        for sample in results.samples:
            writer.append(sample)
        for end in results.forks:
            writer.append(end)
        if results.footer:
            writer.append(results.footer)
    return path


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    return [write(tmp_path / f"{number}.jsonl", measure(number)) for number in (1, 2, 3)]


class TestMerging:
    def test_nothing_is_lost_doubled_or_changed(self, shards: list[Path], tmp_path: Path) -> None:
        merge_results(tmp_path / "out.jsonl", shards)
        merged = read_results_as(tmp_path / "out.jsonl", BenchResults)
        parts = [read_results_as(path, BenchResults) for path in shards]
        assert list(merged.samples) == [sample for part in parts for sample in part.samples]
        assert list(merged.forks) == [end for part in parts for end in part.forks]
        assert merged.header.cells == CELLS
        assert "--shard" not in merged.header.command
        footer = merged.footer
        assert footer is not None
        assert footer.samples == sum(part.footer.samples for part in parts if part.footer)

    def test_the_order_of_the_files_plays_no_part(self, shards: list[Path], tmp_path: Path) -> None:
        one = merge_results(tmp_path / "one.jsonl", shards)
        other = merge_results(tmp_path / "other.jsonl", shards[::-1])
        assert one == other

    def test_the_merged_report_is_sound_and_compares_nothing_across_machines(
        self, shards: list[Path], tmp_path: Path
    ) -> None:
        merge_results(tmp_path / "out.jsonl", shards)
        findings = study(read_results_as(tmp_path / "out.jsonl", BenchResults))
        for contest in hold_contests(findings, "world"):
            assert len(contest.contenders) == 1
        frameworks = hold_contests(findings, "framework")
        assert [contest.contenders for contest in frameworks] == [("express", "hono")] * 3
        text = render_markdown(findings, source="out.jsonl")
        assert text.startswith("**✅ 6 of 6 cells ran")
        assert "Postgres (machine " in text
        for number in (1, 2, 3):
            assert f"- **Machine {number} of 3**: " in text

    def test_a_missing_shard_is_told_and_its_cells_are_missing(
        self, shards: list[Path], tmp_path: Path
    ) -> None:
        merge_results(tmp_path / "out.jsonl", shards[:2])
        results = read_results_as(tmp_path / "out.jsonl", BenchResults)
        assert results.footer is None
        text = render_markdown(study_session(results), source="out.jsonl")
        assert text.startswith("**❌ 4 of 6 cells ran")
        assert "- **Missing**: **1 shard**: 3" in text

    def test_a_shard_that_was_cut_off_makes_the_whole_incomplete(self, tmp_path: Path) -> None:
        files = [
            write(tmp_path / f"{number}.jsonl", measure(number, cut_off=number == 2))
            for number in (1, 2, 3)
        ]
        with files[1].open("ab") as file:
            file.write(b'{"record":"sample","fork":"ti')
        merge_results(tmp_path / "out.jsonl", files)
        merged = read_results_as(tmp_path / "out.jsonl", BenchResults)
        assert merged.footer is None
        assert {end.cell for end in merged.forks} == {*CELLS}


def other_seed(files: Sequence[Path]) -> list[Path]:
    return [*files[:2], write(files[0].with_name("x.jsonl"), measure(3, seed=8))]


def other_count(files: Sequence[Path]) -> list[Path]:
    return [*files[:2], write(files[0].with_name("x.jsonl"), measure(2, 2))]


def twice(files: Sequence[Path]) -> list[Path]:
    return [*files, files[0]]


def copied(files: Sequence[Path]) -> list[Path]:
    copy = files[0].with_name("x.jsonl")
    copy.write_bytes(files[0].read_bytes())
    return [*files, copy]


def whole(files: Sequence[Path]) -> list[Path]:
    results = measure(1)
    header = msgspec.structs.replace(results.header, shard=None)
    alone = msgspec.structs.replace(results, header=header)
    return [*files[1:], write(files[0].with_name("x.jsonl"), alone)]


def merged(files: Sequence[Path]) -> list[Path]:
    out = files[0].with_name("x.jsonl")
    merge_results(out, files)
    return [out]


def foreign(files: Sequence[Path]) -> list[Path]:
    results = measure(1)
    strange = msgspec.structs.replace(results.samples[0], cell=find_share(shard(2))[0])
    mixed = msgspec.structs.replace(results, samples=(*results.samples, strange))
    return [*files[1:], write(files[0].with_name("x.jsonl"), mixed)]


def shard(number: int) -> Shard:
    return Shard(number=number, count=3, cells=CELLS)


def other_pins(files: Sequence[Path]) -> list[Path]:
    results = measure(3)
    pins = {"v5": {"workflow": "5.0.0-beta.36"}}
    header = msgspec.structs.replace(results.header, pins=pins)
    return [
        *files[:2],
        write(files[0].with_name("x.jsonl"), msgspec.structs.replace(results, header=header)),
    ]


@pytest.mark.parametrize(
    ("make", "cause"),
    [
        (other_seed, "they differ in seed"),
        (other_count, "they differ in cells"),
        (other_pins, "workflow on line v5"),
        (twice, "named twice"),
        (copied, "both are shard 1 of 3"),
        (whole, "without --shard"),
        (merged, "without --shard, or merged"),
        (foreign, "is not in shard 1"),
    ],
)
def test_what_is_not_of_one_session_is_refused_and_nothing_is_written(
    make: Callable[[Sequence[Path]], list[Path]], cause: str, shards: list[Path], tmp_path: Path
) -> None:
    files = make(shards)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ResultsError) as caught:
        merge_results(tmp_path / "out.jsonl", files)
    assert cause in (caught.value.cause or "")
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_is_there_is_not_overwritten(shards: list[Path]) -> None:
    with pytest.raises(ResultsError, match="is there already"):
        merge_results(shards[0], shards)


def test_merged_sessions_are_not_compared_as_wholes(shards: list[Path], tmp_path: Path) -> None:
    header = merge_results(tmp_path / "out.jsonl", shards)
    assert "several machines" in refuse(header, header)


def test_the_most_limited_shard_says_why_the_session_stopped(tmp_path: Path) -> None:
    files = []
    for number, stopped in ((1, "precision"), (2, "budget"), (3, "precision")):
        results = measure(number)
        assert isinstance(results.footer, Footer)
        footer = msgspec.structs.replace(results.footer, stopped=stopped)
        ended = msgspec.structs.replace(results, footer=footer)
        files.append(write(tmp_path / f"{number}.jsonl", ended))
    merge_results(tmp_path / "out.jsonl", files)
    merged = read_results_as(tmp_path / "out.jsonl", BenchResults).footer
    assert merged is not None
    assert merged.stopped == "budget"


def test_headers_tell_which_part_a_cell_is_of(shards: list[Path], tmp_path: Path) -> None:
    header: BenchHeader = merge_results(tmp_path / "out.jsonl", shards)
    assert sorted(header.part_of(cell) for cell in CELLS) == [1, 1, 2, 2, 3, 3]
    assert header.part_of(Cell("v4", "express", "local")) == 0
