"""Result files: nothing measured is lost, nothing half measured counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.descriptions import Cell
from harness.errors import ResultsError
from harness.results.encoding import HeaderLine
from harness.results.files import ResultsWriter, read_header, read_results, read_results_as
from harness.results.records import (
    BenchHeader,
    BenchResults,
    EngineResults,
    ForkEnd,
    Header,
    LoadResults,
    Record,
    Results,
    Sample,
)
from tests.reports.checking import make_check, make_results
from tests.reports.factories import TEN, Session, make_engine_header, make_load_header
from tests.reports.loading import STEADY, load_cell, make_loaded

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
def header(make_header: Callable[..., BenchHeader]) -> BenchHeader:
    return make_header()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "results.jsonl"


def write(path: Path, *records: Record) -> None:
    with ResultsWriter(path) as writer:
        for record in records:
            writer.append(record)


def list_records(results: Results) -> list[Record]:
    """Return the records of a result file, in the order in which they are written."""
    own: tuple[Record, ...] = ()
    match results:
        case BenchResults():
            own = (*results.samples, *results.forks)
        case EngineResults():
            own = (*results.checks, *results.cells)
        case LoadResults():
            own = (*results.loads, *results.load_ends)
    return [results.header, *own, *([results.footer] if results.footer else [])]


def write_results(path: Path, results: Results) -> None:
    write(path, *list_records(results))


def make_bench() -> BenchResults:
    session = Session([CELL], [TEN])
    session.measure(CELL, TEN, 100.0)
    results = session.end()
    return msgspec.structs.replace(results, attempts={end.fork: 1 for end in results.forks})


def test_what_was_written_is_read_back_in_order(path: Path, header: BenchHeader) -> None:
    samples = [make_sample(sequence=number) for number in range(3)]
    write(path, header, *samples, make_end())
    results = read_results_as(path, BenchResults)
    assert results.header == header
    assert results.samples == tuple(samples)
    assert results.forks == (make_end(),)
    assert results.footer is None


def test_each_record_is_in_the_file_before_the_next_is_made(
    path: Path, header: BenchHeader
) -> None:
    with ResultsWriter(path) as writer:
        writer.append(header)
        writer.append(make_sample())
        assert path.read_bytes().count(b"\n") == 2


def test_samples_of_an_unfinished_fork_do_not_count(path: Path, header: BenchHeader) -> None:
    write(
        path, header, make_sample("timing-1/a"), make_end("timing-1/a"), make_sample("timing-1/b")
    )
    assert [sample.fork for sample in read_results_as(path, BenchResults).samples] == ["timing-1/a"]


def test_only_the_latest_attempt_of_a_fork_counts(path: Path, header: BenchHeader) -> None:
    failed = make_end(attempt=1, outcome="failed", reason="it died")
    write(path, header, make_sample(attempt=1), failed, make_sample(attempt=2), make_end(attempt=2))
    results = read_results_as(path, BenchResults)
    assert [sample.attempt for sample in results.samples] == [2]
    assert [end.outcome for end in results.forks] == ["finished"]


def test_attempts_are_counted_finished_or_not(path: Path, header: BenchHeader) -> None:
    write(path, header, make_sample("x", attempt=1), make_sample("x", attempt=2), make_end("y"))
    assert read_results_as(path, BenchResults).attempts == {"x": 2, "y": 1}


def test_a_line_that_was_cut_loses_only_its_fork(path: Path, header: BenchHeader) -> None:
    write(path, header, make_sample(), make_end(), make_sample("timing-1/b"))
    path.write_bytes(path.read_bytes()[:-20])
    write(path, make_sample("timing-1/b", attempt=2), make_end("timing-1/b", attempt=2))
    results = read_results_as(path, BenchResults)
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
        read_results_as(path, BenchResults)


def test_a_missing_file_is_refused(path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be read"):
        read_results_as(path, BenchResults)


@pytest.mark.parametrize(
    "header",
    [
        make_engine_header([CELL], methodology=99),
        make_load_header([CELL], [TEN], STEADY, methodology=99),
    ],
)
def test_methodology_says_nothing_of_a_session_that_timed_nothing(
    path: Path, header: Header
) -> None:
    write(path, header)
    assert read_results(path).header.methodology == 99


def test_another_methodology_is_refused(
    path: Path, make_header: Callable[..., BenchHeader]
) -> None:
    write(path, make_header(methodology=99))
    with pytest.raises(ResultsError, match="methodology 99"):
        read_results_as(path, BenchResults)


class TestKinds:
    """A file is of one kind of session, which its header decides."""

    KINDS = (make_bench(), make_results([make_check("failed")]), make_loaded(load_cell()))

    @pytest.mark.parametrize("results", KINDS)
    def test_a_file_is_read_as_what_was_written(self, path: Path, results: Results) -> None:
        write_results(path, results)
        assert read_header(path) == results.header
        assert read_results(path) == results

    @pytest.mark.parametrize("results", KINDS)
    def test_the_header_has_one_form(self, path: Path, results: Results) -> None:
        write(path, results.header)
        written = msgspec.json.decode(path.read_bytes())
        assert list(written) == ["record", *HeaderLine.__struct_fields__]

    @pytest.mark.parametrize("results", KINDS)
    @pytest.mark.parametrize("other", KINDS)
    def test_a_record_of_another_kind_is_refused(
        self, path: Path, results: Results, other: Results
    ) -> None:
        record = list_records(other)[1]
        write(path, results.header, record)
        if results is other:
            read_results(path)
        else:
            with pytest.raises(ResultsError, match="records of two kinds of session"):
                read_results(path)

    @pytest.mark.parametrize("results", KINDS)
    @pytest.mark.parametrize("other", KINDS)
    def test_a_file_of_another_kind_is_refused_where_one_is_needed(
        self, path: Path, results: Results, other: Results
    ) -> None:
        write_results(path, results)
        kind: Any = type(other)
        if results is other:
            assert read_results_as(path, kind) == results
        else:
            with pytest.raises(ResultsError, match="cannot be used here") as refused:
                read_results_as(path, kind)
            assert "world-harness " in refused.value.cause
            assert "world-harness " in refused.value.remedy
