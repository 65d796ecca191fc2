"""`world-harness merge` as a whole: it holds a line at a time, and studies what costs little."""

from __future__ import annotations

import gzip
import tracemalloc
from itertools import cycle, islice
from pathlib import Path

import pytest

from harness.errors import ResultsError
from harness.results.files import ResultsWriter, read_results_as
from harness.results.merging import merge_results
from harness.results.records import BenchResults
from tests.harness.cli import command_line
from tests.harness.results.test_shards import measure, write


@pytest.fixture(autouse=True)
def _no_step_summary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def shards(tmp_path: Path) -> list[Path]:
    return [write(tmp_path / f"{number}.jsonl", measure(number)) for number in (1, 2, 3)]


def test_a_report_is_made_where_it_costs_little(shards: list[Path], tmp_path: Path) -> None:
    done = command_line.run("merge", tmp_path / "out.jsonl", *shards)
    assert done.code == 0
    assert "3 of 3 shards: 6 cells" in done.out
    assert (tmp_path / "out.md").read_text().startswith("**✅ 6 of 6 cells ran")
    assert (tmp_path / "out.html").exists()


@pytest.mark.parametrize(
    ("options", "largest", "made"),
    [
        ((), 0, False),
        (("--report",), 0, True),
        (("--no-report",), 2**40, False),
    ],
)
def test_what_is_large_is_studied_only_when_that_is_asked_for(
    options: tuple[str, ...],
    largest: int,
    made: bool,
    shards: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.cli.merge._REPORTED_BYTES", largest)
    out = tmp_path / "out.jsonl"
    done = command_line.run("merge", out, *shards, *options)
    assert done.code == 0
    assert out.exists()
    assert [path.exists() for path in (tmp_path / "out.md", tmp_path / "out.html")] == [made] * 2
    assert (f"world-harness report {out} --format html" in done.out) != made


def test_a_missing_shard_is_no_success_with_or_without_a_report(
    shards: list[Path], tmp_path: Path
) -> None:
    for options in ((), ("--no-report",)):
        out = tmp_path / f"out{len(options)}.jsonl"
        done = command_line.run("merge", out, *shards[1:], *options)
        assert done.code == 2
        assert "2 of 3 shards" in done.out


def test_no_file_is_held_as_a_whole(tmp_path: Path) -> None:
    results = measure(1, 1)
    path = tmp_path / "large.jsonl"
    with ResultsWriter(path) as writer:
        writer.append(results.header)
        for sample in islice(cycle(results.samples), 4_000):
            writer.append(sample)
    merge_results(tmp_path / "first.jsonl", [path])
    tracemalloc.start()
    try:
        merge_results(tmp_path / "out.jsonl", [path])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < path.stat().st_size / 4


def test_packed_shards_are_merged_like_others(shards: list[Path], tmp_path: Path) -> None:
    packed = [path.with_suffix(".jsonl.gz") for path in shards]
    for path, plain in zip(packed, shards, strict=True):
        path.write_bytes(gzip.compress(plain.read_bytes()))
    merge_results(tmp_path / "out.jsonl", packed)
    merge_results(tmp_path / "plain.jsonl", shards)
    assert read_results_as(tmp_path / "out.jsonl", BenchResults) == read_results_as(
        tmp_path / "plain.jsonl", BenchResults
    )


def test_a_packed_shard_that_is_cut_off_is_refused_and_nothing_is_written(
    shards: list[Path], tmp_path: Path
) -> None:
    packed = tmp_path / "1.jsonl.gz"
    packed.write_bytes(gzip.compress(shards[0].read_bytes())[:-20])
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ResultsError, match="cannot be read"):
        merge_results(tmp_path / "out.jsonl", [packed, *shards[1:]])
    assert sorted(tmp_path.iterdir()) == before
