"""Forks of one heat take turns, and none outlives what goes wrong."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from harness.deployments.client import SampleReply, SampleRequest
from harness.descriptions import Cell
from harness.measure.session import take_turns
from harness.results.files import read_results_as
from harness.results.records import BenchHeader, BenchResults, ForkEnd, Match, Sample
from suites.catalog import read_catalog
from tests.harness.measure.deploying import PretendingPreparer
from tests.harness.measure.test_session import measure

LOCAL = Cell("v5", "express", "local")
TWIN = Cell("v5", "express", "local-twin")


@pytest.fixture
def header(make_header: Callable[..., BenchHeader]) -> BenchHeader:
    return make_header(
        cells=(LOCAL,), matches=(Match(before=LOCAL, after=TWIN, kind="twin"),), forks=2
    )


def list_visits(samples: Sequence[Sample]) -> list[tuple[Cell, str]]:
    """Return the cell and workflow of each uninterrupted series of samples."""
    scenarios = {item.id: item.workflow for item in read_catalog().scenarios.values()}
    visits = [(sample.cell, scenarios[sample.scenario]) for sample in samples]
    return [visit for visit, _ in itertools.groupby(visits)]


def measure_timing(header: BenchHeader, preparer: PretendingPreparer, path: Path) -> list[Sample]:
    measure(header, preparer, path)
    samples = read_results_as(path, BenchResults).samples
    return [sample for sample in samples if sample.kind == "timing"]


def test_apps_take_turns_workflow_by_workflow(header: BenchHeader, tmp_path: Path) -> None:
    samples = measure_timing(header, PretendingPreparer(), tmp_path / "results.jsonl")
    visits = list_visits(samples)
    assert len(visits) > 4
    for one, other in zip(visits[::2], visits[1::2], strict=True):
        assert {one[0], other[0]} == {LOCAL, TWIN}
        assert one[1] == other[1]


def test_neither_always_goes_first(header: BenchHeader, tmp_path: Path) -> None:
    samples = measure_timing(header, PretendingPreparer(), tmp_path / "results.jsonl")
    assert {cell for cell, _ in list_visits(samples)[::2]} == {LOCAL, TWIN}


def test_heat_continues_without_a_failed_fork(header: BenchHeader, tmp_path: Path) -> None:
    measure(header, PretendingPreparer(broken="twin"), tmp_path / "results.jsonl")
    ends = read_results_as(tmp_path / "results.jsonl", BenchResults).forks
    assert {end.cell: end.outcome for end in ends} == {LOCAL: "finished", TWIN: "failed"}


def test_all_apps_end_when_one_sample_raises(header: BenchHeader, tmp_path: Path) -> None:
    preparer = PretendingPreparer()

    def give_up(request: SampleRequest) -> SampleReply:
        if len(preparer.requests) > 5:
            raise KeyboardInterrupt
        return right(request)

    right, preparer.answer = preparer.answer, give_up
    with pytest.raises(KeyboardInterrupt):
        measure(header, preparer, tmp_path / "results.jsonl")
    assert preparer.running == 0


def test_every_record_of_every_fork_comes_once(header: BenchHeader, tmp_path: Path) -> None:
    measure(header, PretendingPreparer(), tmp_path / "results.jsonl")
    samples = read_results_as(tmp_path / "results.jsonl", BenchResults).samples
    for fork in {sample.fork for sample in samples}:
        order = [sample.sequence for sample in samples if sample.fork == fork]
        assert order == list(range(len(order)))


def test_closing_the_records_closes_every_fork() -> None:
    closed = []

    def stay(name: str) -> Iterator[Sample | ForkEnd | None]:
        try:
            while True:
                yield name  # type: ignore[misc]
                yield None
        finally:
            closed.append(name)

    records = take_turns([stay("a"), stay("b")], random.Random(1))  # type: ignore[list-item]
    next(records)
    next(records)
    records.close()
    assert sorted(closed) == ["a", "b"]
