"""The plan of a load: made before anything starts, the same on every generator."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.load.arrivals import STEPS, WARMUP_S, plan_arrivals, read_stages, take_share
from harness.results.records import Load, LoadStage

stages = st.lists(
    st.builds(
        LoadStage,
        kind=st.just("steady"),
        rate=st.floats(0.5, 200),
        seconds=st.floats(0.1, 20),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
loads = st.builds(Load, stages=stages, arrivals=st.sampled_from(["poisson", "constant"]))


@given(loads, st.integers())
def test_starts_are_in_order_and_in_their_stages(load: Load, seed: int) -> None:
    arrivals = plan_arrivals(load, seed)
    assert [arrival.index for arrival in arrivals] == list(range(len(arrivals)))
    assert all(one.due_ms <= other.due_ms for one, other in pairwise(arrivals))
    for arrival in arrivals:
        begins = sum(stage.seconds for stage in load.stages[: arrival.stage]) * 1000
        ends = begins + load.stages[arrival.stage].seconds * 1000
        assert begins <= arrival.due_ms <= ends


@given(loads, st.integers(), st.integers(1, 5))
def test_generators_share_every_start_once(load: Load, seed: int, count: int) -> None:
    shared = [
        Load(stages=load.stages, arrivals=load.arrivals, generator=number, generators=count)
        for number in range(1, count + 1)
    ]
    taken = [take_share(plan_arrivals(each, seed), each) for each in shared]
    together = sorted(
        (arrival for share in taken for arrival in share), key=lambda arrival: arrival.index
    )
    assert tuple(together) == plan_arrivals(load, seed)
    assert max(map(len, taken)) - min(map(len, taken)) <= 1


def test_poisson_arrivals_have_the_rate_and_independent_gaps() -> None:
    stage = LoadStage(kind="steady", rate=100, seconds=100)
    due = [item.due_ms for item in plan_arrivals(Load(stages=(stage,), arrivals="poisson"), 1)]
    gaps = [after - before for before, after in pairwise(due)]
    mean = sum(gaps) / len(gaps)
    spread = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert len(due) == pytest.approx(10_000, rel=0.05)
    # Of an exponential distribution, the standard deviation is the mean.
    assert spread == pytest.approx(mean, rel=0.05)


def test_constant_arrivals_have_equal_gaps() -> None:
    stage = LoadStage(kind="steady", rate=4, seconds=2)
    due = [item.due_ms for item in plan_arrivals(Load(stages=(stage,), arrivals="constant"), 1)]
    assert due == pytest.approx([250 * place for place in range(1, 8)])


class TestReading:
    def test_one_rate(self) -> None:
        warmup, steady = read_stages("50/s", 60)
        assert (warmup.kind, warmup.rate, warmup.seconds) == ("warmup", 50, WARMUP_S)
        assert (steady.kind, steady.rate, steady.seconds) == ("steady", 50, 60)

    def test_a_range_is_climbed_by_equal_factors(self) -> None:
        _, *steps = read_stages("10/s..320/s", 5)
        assert len(steps) == STEPS
        assert [step.rate for step in steps] == [10, 20, 40, 80, 160, 320]
        assert {step.seconds for step in steps} == {5}

    def test_a_burst_lies_inside(self) -> None:
        _, *parts = read_stages("10/s", 60, "5x:10s@20s")
        assert [(part.kind, part.rate, part.seconds) for part in parts] == [
            ("steady", 10, 20),
            ("burst", 50, 10),
            ("after", 10, 30),
        ]

    @pytest.mark.parametrize(
        ("load", "burst"),
        [
            ("50", ""),
            ("0/s", ""),
            ("fast", ""),
            ("50/s..10/s", ""),
            ("10/s..50/s", "5x:10s@20s"),
            ("10/s", "5x"),
            ("10/s", "5x:10s@0s"),
            ("10/s", "5x:50s@20s"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, load: str, burst: str) -> None:
        with pytest.raises(UsageError) as caught:
            read_stages(load, 60, burst)
        assert caught.value.remedy
