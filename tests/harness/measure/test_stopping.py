"""Blocks are added while something is open and the budget pays for more."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from harness.deployments.client import SampleReply, SampleRequest
from harness.descriptions import Cell
from harness.measure.plan import Fork, plan_forks
from harness.measure.stopping import Progress
from harness.results.files import read_results_as
from harness.results.records import BenchHeader, BenchResults, ForkEnd, Match, Sample
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
        self,
        header: BenchHeader,
        noise: Noise,
        *,
        cost_s: Callable[[Cell], float],
        slower: Mapping[Cell, float] = {},
    ) -> None:
        self.header = header
        self.progress = Progress(header)
        self._noise = noise
        self._cost_s = cost_s
        self._slower = slower
        self._random = random.Random(5)

    def run(self, fork: Fork, **changes: object) -> None:
        for sequence, scenario in enumerate(fork.scenarios):
            time = (
                1000
                * self._slower.get(fork.cell, 1.0)
                * math.exp(self._random.gauss(0, self._noise(fork.cell, scenario)))
            )
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
            seconds=0.0,
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
    assert session.progress.plan_more(math.inf) == []
    assert session.progress.say_what_ended() == "precision"


@pytest.mark.slow
def test_forks_are_added_until_intervals_are_narrow(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 1.0)
    session.run_plan()
    added = 0
    while more := session.progress.plan_more(math.inf):
        for fork in itertools.chain.from_iterable(more):
            session.run(fork)
            added += 1
        assert added < 500
    assert added > 4
    assert session.progress.say_what_ended() == "precision"


def test_only_what_is_imprecise_is_measured_again(header: BenchHeader) -> None:
    worst = header.scenarios[0].id
    session = Measuring(
        header,
        lambda cell, scenario: 2.0 if (cell, scenario) == (NITRO, worst) else 0.001,
        cost_s=lambda cell: 1.0,
    )
    session.run_plan()
    fork, other = itertools.chain.from_iterable(session.progress.plan_more(math.inf))
    assert {fork.cell, other.cell} == {LOCAL, NITRO}
    assert (fork.scenarios, fork.block) == ((worst,), header.forks + 1)


def test_every_added_block_has_a_number_of_its_own(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 1.0)
    session.run_plan()
    blocks = []
    for _ in range(6):
        forks = [*itertools.chain.from_iterable(session.progress.plan_more(math.inf))]
        for fork in forks:
            session.run(fork)
        assert len({fork.block for fork in forks}) == 1
        blocks.append(forks[0].block)
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
    """Without a wanted precision nothing is ever narrow enough."""
    header = msgspec.structs.replace(
        header, precision=None, matches=(Match(before=LOCAL, after=NITRO, kind="version"),)
    )
    session = Measuring(header, steady, cost_s=lambda cell: 5.0)
    session.run_plan()
    for _ in range(6):
        (heat,) = session.progress.plan_more(60.0)
        for fork in heat:
            session.run(fork)
            assert {*fork.scenarios} == {item.id for item in header.scenarios}
    assert session.progress.plan_more(0.5) == []
    assert session.progress.say_what_ended() == "budget"


def test_the_least_certain_scenarios_come_first_where_time_is_short(header: BenchHeader) -> None:
    header = msgspec.structs.replace(header, precision=None)
    worst = header.scenarios[1].id
    session = Measuring(
        header,
        lambda cell, scenario: 0.5 if scenario == worst else 0.2,
        cost_s=lambda cell: 1.0,
    )
    session.run_plan()
    assert len(session.progress.find_open()) == len(header.scenarios)
    forks = itertools.chain.from_iterable(session.progress.plan_more(2.5))
    assert {name for fork in forks for name in fork.scenarios} == {worst}


def test_counting_costs_one_run_a_scenario(header: BenchHeader) -> None:
    session = Measuring(header, steady, cost_s=lambda cell: 3.0)
    session.run_plan()
    runs = sum(3.0 / scenario.samples for scenario in header.scenarios)
    assert session.progress.estimate_counting([LOCAL]) == pytest.approx(runs)
    assert session.progress.estimate_counting([]) == 0


class TestWithoutAPrecision:
    """A session with a budget alone goes on where a comparison is open."""

    @pytest.fixture
    def open_header(self, header: BenchHeader) -> BenchHeader:
        return msgspec.structs.replace(header, precision=None)

    def test_what_is_precise_is_not_measured_again(self, open_header: BenchHeader) -> None:
        session = Measuring(open_header, steady, cost_s=lambda cell: 1.0)
        session.run_plan()
        assert session.progress.find_open() == []

    def test_what_is_noisy_and_undecided_is_measured_again(self, open_header: BenchHeader) -> None:
        worst = open_header.scenarios[-1].id
        session = Measuring(
            open_header,
            lambda cell, scenario: 0.3 if scenario == worst else 0.001,
            cost_s=lambda cell: 1.0,
        )
        session.run_plan()
        assert [item.id for item in session.progress.find_open()] == [worst]

    def test_what_is_settled_is_not_measured_again(self, open_header: BenchHeader) -> None:
        session = Measuring(
            open_header, lambda cell, scenario: 0.1, cost_s=lambda cell: 1.0, slower={NITRO: 4.0}
        )
        session.run_plan()
        assert session.progress.find_open() == []

    def test_a_doubtful_difference_settles_nothing(self, open_header: BenchHeader) -> None:
        """The boundary for an early look is stricter than that of the report."""
        session = Measuring(
            open_header, lambda cell, scenario: 0.1, cost_s=lambda cell: 1.0, slower={NITRO: 1.25}
        )
        session.run_plan()
        assert session.progress.find_open()


def test_what_the_budget_does_not_pay_is_not_begun(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 9.0)
    session.run_plan()
    assert session.progress.plan_more(math.inf)
    assert session.progress.plan_more(1.0) == []


def test_cell_that_failed_is_given_up(header: BenchHeader) -> None:
    session = Measuring(header, shaky, cost_s=lambda cell: 1.0)
    for fork in plan_forks(header):
        if fork.kind == "timing":
            failed = fork.cell == NITRO and fork.block == 2
            session.run(fork, outcome="failed" if failed else "finished")
    (heat,) = session.progress.plan_more(math.inf)
    assert {fork.cell for fork in heat} == {LOCAL}


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
    assert progress.find_open() == []


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
