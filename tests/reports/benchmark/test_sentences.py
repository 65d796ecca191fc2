"""Answers say who is faster, by how much, and where not; and no more than the blocks show."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest

from harness.descriptions import Cell, Scenario
from reports.benchmark.findings import study
from reports.benchmark.rankings import answer_questions
from reports.benchmark.sentences import state_answer
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    EXPRESS_V4,
    HONO,
    HONO_POSTGRES,
    NITRO,
    STREAM,
    Session,
    make_scenario,
)

SCENARIOS = [make_scenario(size) for size in (10, 20, 30, 40, 50, 60)]
FOUR = [EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES]

Factors = Mapping[tuple[Cell, str], float]


def measure(
    cells: Sequence[Cell],
    factors: Factors = MappingProxyType({}),
    *,
    scenarios: Sequence[Scenario] = SCENARIOS,
    noise: float = 0.01,
    blocks: int = 4,
) -> dict[str, str]:
    """Measure cells that take 1 s, times a factor; return subject -> what is stated."""
    random_ = random.Random(3)
    session = Session([*cells], [*scenarios], forks=blocks)
    for block in range(1, blocks + 1):
        for scenario in scenarios:
            for cell in cells:
                factor = factors.get((cell, scenario.id), factors.get((cell, "*"), 1.0))
                time = 1000 * factor * math.exp(random_.gauss(0, noise))
                session.take(cell, scenario, time, block=block)
    findings = study(session.end())
    stated = [state_answer(findings, answer) for answer in answer_questions(findings)]
    return {subject: text for subject, _, text in (line.partition(": ") for line in stated)}


def slow(*cells: Cell, by: float, scenario: str = "*") -> dict[tuple[Cell, str], float]:
    return {(cell, scenario): by for cell in cells}


def test_two_worlds_are_compared_in_one_sentence() -> None:
    text = measure(FOUR, slow(EXPRESS, HONO, by=1.35))["Fastest World"]
    assert text.startswith("Postgres is 1.35x faster than Local over all 6 scenarios [1.3")
    assert text.endswith("]: faster in 6, slower in 0, no clear difference in 0.")


def test_where_the_fastest_is_slower_is_named() -> None:
    factors = slow(EXPRESS, HONO, by=1.35) | slow(
        EXPRESS_POSTGRES, HONO_POSTGRES, by=2.0, scenario="sequential-20"
    )
    factors |= slow(EXPRESS, HONO, by=1.0, scenario="sequential-20")
    text = measure(FOUR, factors)["Fastest World"]
    assert "faster in 5, slower in 1 (sequential-20), no clear difference in 0." in text


def test_all_streams_are_one_word() -> None:
    streams = [STREAM, make_scenario(9, "stream-pipeline", kind="streams", streams=1)]
    factors = slow(EXPRESS, HONO, by=1.35)
    for scenario in streams:
        factors |= slow(EXPRESS, HONO, by=0.7, scenario=scenario.id)
    text = measure(FOUR, factors, scenarios=[*SCENARIOS, *streams])["Fastest World"]
    assert "slower in 2 (streams)" in text


def test_those_that_are_alike_are_told_with_how_far_they_are() -> None:
    text = measure(FOUR)["Fastest World"]
    assert "are equally fast within 1% over all 6 scenarios." in text


def test_two_alike_and_one_slower() -> None:
    cells = [EXPRESS, HONO, NITRO]
    text = measure(cells, slow(NITRO, by=1.1))["Fastest Framework"]
    assert text.startswith(
        ("Express and Hono are equally fast", "Hono and Express are equally fast")
    )
    assert "; Nitro is 1.10x slower [1.0" in text
    assert "Scenario by scenario, Nitro is slower in 6" in text


def test_three_of_which_one_is_fastest() -> None:
    cells = [EXPRESS, HONO, NITRO]
    factors = slow(NITRO, by=1.5) | slow(HONO, by=1.2)
    text = measure(cells, factors)["Fastest Framework"]
    assert text.startswith("Express is the fastest over all 6 scenarios; Hono is 1.20x slower [")
    assert "; Nitro is 1.50x slower [" in text
    assert text.endswith(
        ("Nitro in 6; no clear difference in 0.", "Hono in 6; no clear difference in 0.")
    )


def test_no_clear_winner_names_the_smallest_difference_that_would_have_been_seen() -> None:
    text = measure(FOUR, noise=0.4)["Fastest World"]
    assert text.startswith("No clear difference between ")
    assert "x would have been seen)" in text
    assert "(in half of them, " in text


@pytest.mark.parametrize("blocks", [1, 2])
def test_too_few_blocks_say_so(blocks: int) -> None:
    text = measure(FOUR, slow(EXPRESS, HONO, by=9.0), blocks=blocks)["Fastest World"]
    assert text.startswith("Too few blocks to compare ")
    assert "faster" not in text


def test_a_scenario_whose_answer_depends_on_the_partner_is_told() -> None:
    factors = slow(EXPRESS, HONO, by=1.5) | slow(EXPRESS, by=0.9, scenario="sequential-30")
    factors |= slow(HONO, by=2.5, scenario="sequential-30")
    text = measure(FOUR, factors)["Fastest World"]
    assert "In sequential-30, Postgres is faster than Local except on Express." in text


def test_lines_are_compared_where_there_are_several() -> None:
    text = measure([EXPRESS_V4, EXPRESS], slow(EXPRESS_V4, by=2.0))["Fastest Line"]
    assert text.startswith("v5 is 2.00x faster than v4 over all 6 scenarios [")


def test_one_scenario_is_no_mean_of_all() -> None:
    text = measure(FOUR, slow(EXPRESS, HONO, by=1.35), scenarios=SCENARIOS[:1])["Fastest World"]
    assert text.startswith("Postgres is 1.3")
    assert "over the one scenario [" in text


def test_cells_that_ran_alone_have_no_answer() -> None:
    assert measure([EXPRESS, HONO_POSTGRES]) == {}
