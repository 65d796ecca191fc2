"""What is left is told in time, and never below zero."""

from __future__ import annotations

import pytest

from harness.measure.progress import TimeLeft


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def take(left: TimeLeft, clock: Clock, samples: int, each_s: float) -> None:
    for _ in range(samples):
        clock.now += each_s
        left.count()


def test_nothing_is_told_before_the_first_sample(clock: Clock) -> None:
    left = TimeLeft(clock)
    left.plan(10, None)
    assert left.describe() == ""


def test_the_rest_takes_as_long_as_what_was_done(clock: Clock) -> None:
    left = TimeLeft(clock)
    left.plan(100, None)
    take(left, clock, 20, 3.0)
    assert left.describe() == "about 4 min left"
    take(left, clock, 70, 3.0)
    assert left.describe() == "about 30 s left"


def test_nothing_is_told_after_the_last(clock: Clock) -> None:
    left = TimeLeft(clock)
    left.plan(2, None)
    take(left, clock, 3, 1.0)
    assert left.describe() == ""


def test_what_is_added_counts(clock: Clock) -> None:
    left = TimeLeft(clock)
    left.plan(10, None)
    take(left, clock, 9, 1.0)
    left.add(20)
    assert left.describe() == "about 21 s left"


def test_as_long_as_the_budget_lasts_blocks_may_be_added(clock: Clock) -> None:
    left = TimeLeft(clock)
    left.plan(10, 480.0)
    take(left, clock, 9, 10.0)
    assert left.describe() == "about 6 min left"
