"""Forks are added until every interval is narrow enough, the cheapest cell first."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from harness.deployments.client import SampleReply, SampleRequest
from harness.descriptions import Cell
from harness.measure.plan import Fork, plan_forks
from harness.measure.stopping import Progress
from harness.results.records import BenchHeader, BenchResults, ForkEnd, Match, Sample
from harness.results.store import read_results_as
from tests.harness.measure.deploying import PretendingPreparer, answer_rightly
from tests.harness.measure.test_session import measure

LOCAL = Cell("v5", "express", "local")
NITRO = Cell("v5", "nitro", "local")
Noise = Callable[[Cell, str], float]


@pytest.fixture
def header(make_header: Callable[..., BenchHeader]) -> BenchHeader:
    return make_header(cells=(LOCAL, NITRO), forks=3, precision=0.05, budget_s=60.0)


class Measuring:
    """Measures forks that take as long as it is told, and tells a progress."""

    def __init__(
        self, header: BenchHeader, noise: Noise, *, cost_s: Callable[[Cell], float]
    ) -> None:
        self.header = header
        self.progress = Progress(header)
        self._noise = noise
        self._cost_s = cost_s
        self._random = random.Random(5)

    def run(self, fork: Fork, **changes: object) -> None:
        for sequence, scenario in enumerate(fork.scenarios):
            time = 1000 * math.exp(self._random.gauss(0, self._noise(fork.cell, scenario)))
            self.progress.add(
                Sample(
                    fork=fork.id,
                    attempt=1,
                    kind=fork.kind,
                    cell=fork.cell,
                    scenario=scenario,
                    sequence=sequence,
                    warmup=False,
                    outcome="correct",
                    created_ms=0.0,
                    completed_ms=time,
                    request_ms=1000 * self._cost_s(fork.cell),
                )
            )
        end = ForkEnd(
            fork=fork.id,
            attempt=1,
            kind=fork.kind,
            cell=fork.cell,
            block=fork.block,
            outcome="finished",
            started_at="",
            seconds=1.0,
        )
        self.progress.add(msgspec.structs.replace(end, **changes))

    def run_plan(self) -> None:
        for fork in plan_forks(self.header):
            if fork.kind == "timing":
                self.run(fork)


def steady(cell: Cell, scenario: str) -> float:
    return 0.001


def shaky(cell: Cell, scenario: str) -> float:
    return 0.15


def test_narrow_intervals_need_no_more(header: BenchHeader) -> None:
    session = Measuring(header, steady, cost_s=lambda cell: 1.0)
    session.run_plan()
    assert session.progress.is_precise()
    assert session.progress.plan_more(math.inf) == ()


@pytest.mark.slow
def test_forks_are_added_until_intervals_are_narrow(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 1.0)
    session.run_plan()
    added = 0
    while more := session.progress.plan_more(math.inf):
        for fork in more:
            session.run(fork)
            added += 1
        assert added < 500
    assert added > 4
    assert session.progress.is_precise()


def test_only_what_is_imprecise_is_measured_again(header: BenchHeader) -> None:
    worst = header.scenarios[0].id
    session = Measuring(
        header,
        lambda cell, scenario: 0.15 if (cell, scenario) == (NITRO, worst) else 0.001,
        cost_s=lambda cell: 1.0,
    )
    session.run_plan()
    (fork,) = session.progress.plan_more(math.inf)
    assert (fork.cell, fork.scenarios, fork.block) == (NITRO, (worst,), header.forks + 1)


def test_cheapest_cell_comes_first(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 9.0 if cell == LOCAL else 1.0)
    session.run_plan()
    assert {fork.cell for fork in session.progress.plan_more(math.inf)} == {NITRO}


def test_what_is_added_at_another_time_shares_no_block(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 1.0)
    session.run_plan()
    blocks = []
    for _ in range(6):
        (fork,) = session.progress.plan_more(math.inf)
        session.run(fork)
        blocks.append(fork.block)
    assert blocks == [header.forks + place for place in range(1, 7)]


def test_session_whose_cells_failed_reached_no_precision(header: BenchHeader) -> None:
    session = Measuring(header, steady, cost_s=lambda cell: 1.0)
    for fork in plan_forks(header):
        if fork.kind == "timing":
            session.run(fork, outcome="failed")
    assert session.progress.say_what_ended() == "failed"


def test_budget_ends_what_is_not_precise(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 1.0)
    session.run_plan()
    assert session.progress.say_what_ended() == "budget"


def test_versions_get_as_many_blocks_as_there_is_time_for(header: BenchHeader) -> None:
    """Without a wanted precision nothing is ever narrow enough, and all have their turn."""
    header = msgspec.structs.replace(header, precision=None)
    session = Measuring(header, steady, cost_s=lambda cell: 5.0 if cell == LOCAL else 1.0)
    session.run_plan()
    cells = []
    for _ in range(6):
        (fork,) = session.progress.plan_more(60.0)
        session.run(fork)
        cells.append(fork.cell)
        assert {*fork.scenarios} == {item.id for item in header.scenarios}
    assert [cells.count(cell) for cell in (LOCAL, NITRO)] == [3, 3]
    assert session.progress.plan_more(0.5) == ()
    assert session.progress.say_what_ended() == "budget"


def test_what_the_budget_does_not_pay_is_not_begun(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 9.0)
    session.run_plan()
    assert session.progress.plan_more(math.inf)
    assert session.progress.plan_more(1.0) == ()


def test_matched_cells_are_added_together(header: BenchHeader) -> None:
    twin = Cell("v5", "express", "local-twin")
    header = msgspec.structs.replace(
        header, cells=(LOCAL,), matches=(Match(before=LOCAL, after=twin, kind="twin"),)
    )
    session = Measuring(
        header, lambda cell, scenario: 0.15 if cell == twin else 0.001, cost_s=lambda cell: 1.0
    )
    session.run_plan()
    more = session.progress.plan_more(math.inf)
    assert {fork.cell for fork in more} == {LOCAL, twin}
    assert len({(fork.block, fork.scenarios) for fork in more}) == 1


def test_cell_that_failed_is_given_up(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 1.0)
    for fork in plan_forks(header):
        if fork.kind == "timing":
            failed = fork.cell == NITRO and fork.block == 2
            session.run(fork, outcome="failed" if failed else "finished")
    assert {fork.cell for fork in session.progress.plan_more(math.inf)} == {LOCAL}


def test_no_number_of_forks_makes_a_clock_finer(header: BenchHeader) -> None:
    """Eight or nine milliseconds: an interval of 5% is out of reach, and is not waited for."""
    progress = Progress(header)
    session = Measuring(header, steady, cost_s=lambda cell: 1.0)
    session.progress = progress
    session._random = random.Random(1)
    for fork in plan_forks(header):
        if fork.kind == "timing":
            for sequence, scenario in enumerate(fork.scenarios):
                progress.add(
                    Sample(
                        fork=fork.id,
                        attempt=1,
                        kind="timing",
                        cell=fork.cell,
                        scenario=scenario,
                        sequence=sequence,
                        warmup=False,
                        outcome="correct",
                        created_ms=0.0,
                        completed_ms=8.0 + fork.block % 2,
                    )
                )
            session.run(msgspec.structs.replace(fork, scenarios=()))
    assert progress.is_precise()


class TestSession:
    def unsteady(self, request: SampleRequest) -> SampleReply:
        reply = answer_rightly(request)
        took = 1000 * math.exp(self.random.gauss(0, 0.1))
        return msgspec.structs.replace(reply, completed_at_ms=1001.0 + took)

    def test_says_that_precision_was_reached(self, header: BenchHeader, tmp_path: Path) -> None:
        self.random = random.Random(3)
        path = tmp_path / "results.jsonl"
        footer = measure(header, PretendingPreparer(self.unsteady), path)
        assert footer.stopped == "precision"
        assert footer.forks_finished > len(plan_forks(header))
        kinds = [end.kind for end in read_results_as(path, BenchResults).forks]
        assert kinds == sorted(kinds, key=lambda kind: kind == "counting")

    def test_says_that_the_budget_was_used_up(self, header: BenchHeader, tmp_path: Path) -> None:
        self.random = random.Random(3)
        poor = msgspec.structs.replace(header, budget_s=0.0)
        footer = measure(poor, PretendingPreparer(self.unsteady), tmp_path / "results.jsonl")
        assert footer.stopped == "budget"
        assert footer.forks_finished == len(plan_forks(header))

    def test_without_a_precision_the_plan_is_all(self, header: BenchHeader, tmp_path: Path) -> None:
        self.random = random.Random(3)
        plain = msgspec.structs.replace(header, precision=None, budget_s=None)
        footer = measure(plain, PretendingPreparer(self.unsteady), tmp_path / "results.jsonl")
        assert footer.stopped == "plan"
        assert footer.forks_finished == len(plan_forks(header))
