"""Result files: nothing measured is lost, nothing half measured counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.descriptions import Cell
from harness.errors import ResultsError
from harness.results.records import ForkEnd, Header, Sample
from harness.results.store import ResultsWriter, count_attempts, read_results

CELL = Cell("v5", "express", "local")


def make_sample(fork: str = "timing-1/a", attempt: int = 1, **changes: object) -> Sample:
    sample = Sample(
        fork=fork,
        attempt=attempt,
        kind="timing",
        cell=CELL,
        scenario="no-steps",
        sequence=0,
        warmup=False,
        outcome="correct",
    )
    return msgspec.structs.replace(sample, **changes)


def make_end(fork: str = "timing-1/a", attempt: int = 1, **changes: object) -> ForkEnd:
    end = ForkEnd(
        fork=fork,
        attempt=attempt,
        kind="timing",
        cell=CELL,
        block=1,
        outcome="finished",
        started_at="2026-01-02T03:04:05",
        seconds=1.0,
    )
    return msgspec.structs.replace(end, **changes)


@pytest.fixture
def header(make_header: Callable[..., Header]) -> Header:
    return make_header()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "results.jsonl"


def write(path: Path, *records: Header | Sample | ForkEnd) -> None:
    with ResultsWriter(path) as writer:
        for record in records:
            writer.append(record)


def test_what_was_written_is_read_back_in_order(path: Path, header: Header) -> None:
    samples = [make_sample(sequence=number) for number in range(3)]
    write(path, header, *samples, make_end())
    results = read_results(path)
    assert results.header == header
    assert results.samples == tuple(samples)
    assert results.forks == (make_end(),)
    assert results.footer is None


def test_each_record_is_in_the_file_before_the_next_is_made(path: Path, header: Header) -> None:
    with ResultsWriter(path) as writer:
        writer.append(header)
        writer.append(make_sample())
        assert path.read_bytes().count(b"\n") == 2


def test_samples_of_an_unfinished_fork_do_not_count(path: Path, header: Header) -> None:
    write(
        path, header, make_sample("timing-1/a"), make_end("timing-1/a"), make_sample("timing-1/b")
    )
    assert [sample.fork for sample in read_results(path).samples] == ["timing-1/a"]


def test_only_the_latest_attempt_of_a_fork_counts(path: Path, header: Header) -> None:
    failed = make_end(attempt=1, outcome="failed", reason="it died")
    write(path, header, make_sample(attempt=1), failed, make_sample(attempt=2), make_end(attempt=2))
    results = read_results(path)
    assert [sample.attempt for sample in results.samples] == [2]
    assert [end.outcome for end in results.forks] == ["finished"]


def test_attempts_are_counted_finished_or_not(path: Path, header: Header) -> None:
    write(path, header, make_sample("x", attempt=1), make_sample("x", attempt=2), make_end("y"))
    assert count_attempts(path) == {"x": 2, "y": 1}


def test_a_line_that_was_cut_loses_only_its_fork(path: Path, header: Header) -> None:
    write(path, header, make_sample(), make_end(), make_sample("timing-1/b"))
    path.write_bytes(path.read_bytes()[:-20])
    write(path, make_sample("timing-1/b", attempt=2), make_end("timing-1/b", attempt=2))
    results = read_results(path)
    assert [(sample.fork, sample.attempt) for sample in results.samples] == [
        ("timing-1/a", 1),
        ("timing-1/b", 2),
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "no header"),
        (b'{"record":"sample"}\n', "line 1"),
        (b'{"record":"weather"}\n', "line 1"),
        (b"not json\n", "no header"),
    ],
)
def test_what_is_no_result_file_is_refused(path: Path, content: bytes, complaint: str) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=complaint):
        read_results(path)


def test_a_missing_file_is_refused(path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be read"):
        read_results(path)


def test_methodology_says_nothing_of_a_session_that_timed_nothing(
    path: Path, make_header: Callable[..., Header]
) -> None:
    write(path, make_header(methodology=99, forks=0))
    assert read_results(path).header.methodology == 99


def test_another_methodology_is_refused(path: Path, make_header: Callable[..., Header]) -> None:
    write(path, make_header(methodology=99))
    with pytest.raises(ResultsError, match="methodology 99"):
        read_results(path)
