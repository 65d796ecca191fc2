"""What grows faster than the number of steps is named, and what does not is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.descriptions import Cell
from harness.results.records import Match
from reports.benchmark.findings import study
from reports.benchmark.scaling import (
    SUPERLINEAR,
    describe_superlinear,
    list_count_growth,
    render_scaling,
)
from tests.reports.factories import EXPRESS, HONO, Session, make_scenario
from tests.reports.reading import pick, read_tables

FAMILY = [make_scenario(size) for size in (1, 10, 25, 50)]


def count(calls: Callable[[int], int], flow: Callable[[int], int] = lambda size: 1) -> Session:
    session = Session([EXPRESS], FAMILY)
    for scenario in FAMILY:
        made = {"events.create(step_started)": calls(scenario.size)}
        session.count(EXPRESS, scenario, flow(scenario.size), calls=made)
    return session


def test_square_is_named_with_world_and_line() -> None:
    findings = study(count(lambda size: size * size).end())
    assert describe_superlinear(findings) == (
        "Grows faster than N: world calls, events on Local (v5)"
    )


@pytest.mark.parametrize("calls", [lambda n: 2 * n + 8, lambda n: 3 * n - 2, lambda n: 7])
def test_straight_line_is_not_named_whatever_its_constant(calls: Callable[[int], int]) -> None:
    """`3N - 2` has a fitted exponent above 1, and is linear all the same."""
    assert describe_superlinear(study(count(calls).end())) == ""


def test_table_says_the_law_or_the_power() -> None:
    findings = study(count(lambda size: size * size, lambda size: size + 1).end())
    (rows,) = read_tables(render_scaling(findings))
    assert pick(rows, Quantity="invocations")["sequential"] == "N + 1"
    assert pick(rows, Quantity="world calls")["sequential"] == "N^2.00 🔺"


def test_power_of_a_count_has_no_interval() -> None:
    """It comes of one fork: an interval of no width would look infinitely precise."""
    growth = list(list_count_growth(study(count(lambda size: size * size).end())))
    assert growth
    assert {(item.exponent.low, item.exponent.high) for item in growth} == {(None, None)}


def test_count_is_named_only_where_every_choice_of_runs_says_so() -> None:
    """Which of racing calls a run makes, is luck: 36 or 31 of ten steps, and 197 of fifty."""
    session = Session([EXPRESS, HONO], FAMILY)
    for cell, made in ((EXPRESS, (5, 31, 97, 197)), (HONO, (5, 36, 97, 197))):
        for scenario, calls in zip(FAMILY, made, strict=True):
            session.count(cell, scenario, 1, calls={"events.create(step_started)": calls})
    findings = study(session.end())
    exponents = {
        item.cell: item.exponent.center
        for item in list_count_growth(findings)
        if item.quantity == "events"
    }
    assert exponents[HONO] < SUPERLINEAR < exponents[EXPRESS]
    assert describe_superlinear(findings) == ""


def test_time_is_named_only_beyond_its_interval() -> None:
    def measure(spread: float) -> str:
        session = Session([EXPRESS], FAMILY)
        for place, scenario in enumerate(FAMILY):
            for block in (1, 2, 3):
                aside = spread * ((place * block) % 3 - 1)
                session.take(EXPRESS, scenario, 10 * scenario.size ** (1.15 + aside), block=block)
        return describe_superlinear(study(session.end()))

    assert measure(0.001) == "Grows faster than N: workflow time on Local (v5)"
    assert measure(0.4) == ""


def test_who_was_only_compared_with_is_not_named() -> None:
    twin = Cell("v5", "express", "local-twin")
    matches = (Match(before=EXPRESS, after=twin, kind="twin"),)
    session = Session([EXPRESS], FAMILY, matches=matches)
    for cell, power in ((EXPRESS, 1), (twin, 2)):
        for scenario in FAMILY:
            for block in (1, 2, 3):
                session.take(cell, scenario, 10.0 * scenario.size**power, block=block)
    assert describe_superlinear(study(session.end())) == ""


def test_nothing_counted_is_no_table() -> None:
    assert render_scaling(study(Session([EXPRESS], FAMILY).end())) == ""
