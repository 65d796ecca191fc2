"""Forks of one heat take turns, and none outlives what goes wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.deployments.client import SampleReply, SampleRequest
from harness.descriptions import Cell
from harness.measure.session import take_turns
from harness.results.records import BenchHeader, BenchResults, ForkEnd, Match, Sample
from harness.results.store import read_results_as
from tests.harness.measure.deploying import PretendingPreparer
from tests.harness.measure.test_session import measure

LOCAL = Cell("v5", "express", "local")
TWIN = Cell("v5", "express", "local-twin")


@pytest.fixture
def header(make_header: Callable[..., BenchHeader]) -> BenchHeader:
    return make_header(
        cells=(LOCAL,), matches=(Match(before=LOCAL, after=TWIN, kind="twin"),), forks=2
    )


def test_matched_apps_live_side_by_side_and_take_turns(header: BenchHeader, tmp_path: Path) -> None:
    preparer = PretendingPreparer()
    measure(header, preparer, tmp_path / "results.jsonl")
    samples = [
        sample
        for sample in read_results_as(tmp_path / "results.jsonl", BenchResults).samples
        if sample.kind == "timing"
    ]
    rounds = list(zip(samples[::2], samples[1::2], strict=True))
    assert len(rounds) > 4
    for one, other in rounds:
        assert {one.cell, other.cell} == {LOCAL, TWIN}
        assert (one.scenario, one.sequence) == (other.scenario, other.sequence)


def test_neither_always_goes_first(header: BenchHeader, tmp_path: Path) -> None:
    measure(header, PretendingPreparer(), tmp_path / "results.jsonl")
    samples = read_results_as(tmp_path / "results.jsonl", BenchResults).samples
    assert {sample.cell for sample in samples[::2] if sample.kind == "timing"} == {LOCAL, TWIN}


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

    def stay(name: str) -> Iterator[Sample | ForkEnd]:
        try:
            while True:
                yield name  # type: ignore[misc]
        finally:
            closed.append(name)

    records = take_turns([stay("a"), stay("b")], random.Random(1))  # type: ignore[list-item]
    next(records)
    next(records)
    records.close()
    assert sorted(closed) == ["a", "b"]
