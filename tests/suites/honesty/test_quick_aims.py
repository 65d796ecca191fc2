"""Quick sessions are drawn as they would have gone, and judged by twins and known effects."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from harness.descriptions import Cell
from harness.errors import UsageError
from harness.results.records import BenchResults, Match
from suites.honesty.aims import AimRow
from suites.honesty.quick_aims import evaluate_quick
from suites.honesty.sessions import Recording
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    HONO,
    HONO_POSTGRES,
    Session,
    make_scenario,
)

CELLS = [EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES]
TWINS = {cell: Cell(cell.line, cell.framework, f"{cell.world}-twin") for cell in CELLS}
SCENARIOS = [make_scenario(size) for size in (10, 20, 30)]
Factors = Mapping[Cell, float]


def record(
    factors: Factors = MappingProxyType({}), *, blocks: int = 14, noise: float = 0.02
) -> BenchResults:
    """Measure cells beside their twins; Local takes 1.6 times as long as Postgres."""
    matches = tuple(Match(before=cell, after=twin, kind="twin") for cell, twin in TWINS.items())
    session = Session(CELLS, SCENARIOS, matches=matches, forks=blocks)
    random_ = random.Random(4)
    for block in range(1, blocks + 1):
        for cell in (*CELLS, *TWINS.values()):
            usual = 1000 * (1.6 if cell.world.startswith("local") else 1.0)
            for scenario in SCENARIOS:
                time = usual * factors.get(cell, 1.0) * math.exp(random_.gauss(0, noise))
                session.take(cell, scenario, time, block=block, request_ms=1000.0)
    return session.end()


def judge(results: BenchResults, *, budget_s: float = 90.0) -> dict[str, AimRow]:
    found = evaluate_quick(Recording(results), tries=8, seed=1, budget_s=budget_s)
    return {row.aim.partition(":")[0]: row for row in found}


def test_even_noise_reaches_every_aim() -> None:
    rows = judge(record())
    assert len(rows) == 7
    assert [aim for aim, row in rows.items() if not row.reached] == []


def test_twins_that_differ_are_headlines_that_are_called() -> None:
    slower = dict.fromkeys(TWINS.values(), 1.1)
    rows = judge(record(slower))
    assert not rows["a World or framework and its twins"].reached


def test_too_much_noise_finds_no_small_effect() -> None:
    rows = judge(record(noise=0.5))
    assert not rows["a World 1.05x slower in all scenarios"].reached


def test_a_budget_ends_a_session() -> None:
    recording = Recording(record(noise=0.5))
    short, long = (
        recording.draw(random.Random(1), budget_s).results.header.forks
        for budget_s in (45.0, 200.0)
    )
    assert short == 3
    assert long > 6


def test_a_session_ends_when_nothing_is_open() -> None:
    session = Recording(record(noise=0.001)).draw(random.Random(1), 1e6)
    assert session.results.header.forks == 3


def test_blocks_are_drawn_once_and_in_random_order() -> None:
    session = Recording(record(noise=0.5)).draw(random.Random(1), 1e6)
    assert session.results.header.forks == 14
    assert max(len(series) for series in session.series.values()) == 14


def test_a_recording_that_is_too_short_is_refused() -> None:
    with pytest.raises(UsageError, match="5 complete blocks"):
        judge(record(blocks=5))
