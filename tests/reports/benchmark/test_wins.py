"""Wins are counted among cells that differ in one part only, and ties count for no cell."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

import pytest

from harness.descriptions import Cell, Scenario
from harness.measure.questions import Part
from harness.results.records import BenchResults
from reports.benchmark.findings import study
from reports.benchmark.wins import Contest, hold_contests, list_parts, render_summary
from reports.writing.text import NOTHING
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    EXPRESS_V4,
    FIFTY,
    HONO,
    HONO_POSTGRES,
    HONO_V4,
    NITRO,
    STREAM,
    TEN,
    Session,
    make_scenario,
    rearrange,
)
from tests.reports.reading import list_headings, pick, read_section, read_table

FRAMEWORKS = "### Fastest Framework by World"
WORLDS = "### Fastest World by Framework"
LINES = "### Fastest Line by Framework and World"


def measure(times: Mapping[Cell, Sequence[float]], **header: object) -> BenchResults:
    """Measure cells in as many scenarios as each has times."""
    scenarios = [make_scenario(size) for size in range(1, len(next(iter(times.values()))) + 1)]
    session = Session(list(times), scenarios, **header)
    for cell, of_scenario in times.items():
        for scenario, time in zip(scenarios, of_scenario, strict=True):
            session.measure(cell, scenario, time)
    return session.end()


def contests(results: BenchResults, part: Part) -> tuple[Contest, ...]:
    return hold_contests(study(results), part)


def test_most_wins_win() -> None:
    results = measure({EXPRESS: [100, 100, 200], HONO: [200, 200, 100]})
    (row,) = read_table(render_summary(study(results)), "## Summary", FRAMEWORKS)
    assert row == {
        "World": "Local",
        "🥇 Fastest Framework": "🥇 Express",
        "Wins": "Express 2, Hono 1",
        "Ties": "0 of 3",
    }


def test_tie_is_nobodys_win() -> None:
    (contest,) = contests(measure({EXPRESS: [100, 100], HONO: [101, 200]}), "framework")
    assert contest.wins == {"express": 1}
    assert contest.ties == 1


def test_equal_wins_are_a_tie() -> None:
    results = measure({EXPRESS: [100, 200], HONO: [200, 100], NITRO: [300, 300]})
    row = read_table(render_summary(study(results)), "## Summary", FRAMEWORKS)[0]
    assert row["🥇 Fastest Framework"] == "🤝 tie: Express, Hono"
    assert row["Wins"] == "Express 1, Hono 1"


def test_without_a_win_nobody_is_the_fastest() -> None:
    results = measure({EXPRESS: [100, 100], HONO: [100, 101]})
    row = read_table(render_summary(study(results)), "## Summary", FRAMEWORKS)[0]
    assert row["🥇 Fastest Framework"] == "no clear winner"
    assert (row["Wins"], row["Ties"]) == ("0", "2 of 2")


def test_who_ran_alone_wins_nothing() -> None:
    summary = render_summary(study(measure({EXPRESS: [100, 100]})))
    row = read_table(summary, "## Summary", FRAMEWORKS)[0]
    assert row["🥇 Fastest Framework"] == "no comparison (Express ran alone)"
    assert (row["Wins"], row["Ties"]) == (NOTHING, NOTHING)
    assert "Nothing was compared" in read_section(summary, FRAMEWORKS)


def test_who_is_left_when_the_others_fail_wins_nothing() -> None:
    session = Session([EXPRESS, HONO], [TEN])
    session.measure(EXPRESS, TEN, 100)
    session.spoil(HONO, TEN, "timeout", "slow")
    results = session.end()
    row = read_table(render_summary(study(results)), "## Summary", FRAMEWORKS)[0]
    assert row["🥇 Fastest Framework"] == "no comparison (fewer than two without a failure)"


def test_bad_sample_costs_the_win_of_its_own_scenario_only() -> None:
    session = Session([EXPRESS, HONO, NITRO], [TEN, FIFTY])
    for scenario in (TEN, FIFTY):
        for cell, time in ((EXPRESS, 100), (HONO, 200), (NITRO, 300)):
            session.measure(cell, scenario, time)
    session.spoil(EXPRESS, TEN, "incorrect", "wrong")
    (contest,) = contests(session.end(), "framework")
    assert contest.wins == {"express": 1, "hono": 1}


def test_frameworks_compete_within_their_world() -> None:
    results = measure(
        {EXPRESS: [100], HONO: [200], EXPRESS_POSTGRES: [40], HONO_POSTGRES: [20]},
    )
    found = {contest.place.world: contest.leaders for contest in contests(results, "framework")}
    assert found == {"local": ("express",), "postgres": ("hono",)}


def test_worlds_compete_within_their_framework() -> None:
    results = measure(
        {EXPRESS: [100], HONO: [20], EXPRESS_POSTGRES: [40], HONO_POSTGRES: [200]},
    )
    found = {contest.place.framework: contest.leaders for contest in contests(results, "world")}
    assert found == {"express": ("postgres",), "hono": ("local",)}
    rows = read_table(render_summary(study(results)), "## Summary", WORLDS)
    assert pick(rows, Framework="Express")["🥇 Fastest World"] == "🥇 Postgres"


def test_lines_compete_within_framework_and_world() -> None:
    results = measure({EXPRESS_V4: [200], HONO_V4: [50], EXPRESS: [100], HONO: [100]})
    rows = read_table(render_summary(study(results)), "## Summary", LINES)
    assert pick(rows, Framework="Express", World="Local")["🥇 Fastest Line"] == "🥇 v5"
    assert pick(rows, Framework="Hono", World="Local")["🥇 Fastest Line"] == "🥇 v4"


def test_frameworks_of_different_lines_never_compete() -> None:
    results = measure({EXPRESS_V4: [200], HONO_V4: [50], EXPRESS: [100], HONO: [100]})
    found = {contest.place.line: contest.leaders for contest in contests(results, "framework")}
    assert found == {"v4": ("hono",), "v5": ()}


def test_lines_have_a_table_only_where_there_are_several() -> None:
    one = study(measure({EXPRESS: [100]}))
    assert list_parts(one) == ("framework", "world")
    assert LINES not in list_headings(render_summary(one))


def test_world_whose_name_ends_like_another_is_not_that_other() -> None:
    redis, other = Cell("v5", "express", "redis"), Cell("v5", "express", "a-redis")
    (contest,) = contests(measure({redis: [100, 200, 200], other: [200, 100, 100]}), "world")
    assert contest.wins == {"redis": 1, "a-redis": 2}
    assert contest.leaders == ("a-redis",)


@pytest.mark.parametrize(("forks", "ties"), [(1, 1), (2, 1), (3, 0)])
def test_few_forks_give_no_win(forks: int, ties: int) -> None:
    (contest,) = contests(measure({EXPRESS: [100], HONO: [900]}, forks=forks), "framework")
    assert contest.ties == ties


def test_chance_is_told_beside_the_wins() -> None:
    told = read_section(
        render_summary(study(measure({EXPRESS: [100] * 5, HONO: [200] * 5}))), FRAMEWORKS
    )
    assert "A winner in 5 of 5 comparisons" in told
    assert "If nothing differed, about 1 table in 20 would show a winner by chance" in told


def test_more_comparisons_ask_for_more_of_each() -> None:
    """A lead that would win alone is no win among many comparisons without a difference."""
    alone = measure_unsteadily([1.04])
    among_many = measure_unsteadily([1.04, *[1.0] * 30])
    assert [contest.wins["express"] for contest in contests(alone, "framework")] == [1]
    assert [contest.wins["express"] for contest in contests(among_many, "framework")] == [0]


def measure_unsteadily(ratios: Sequence[float]) -> BenchResults:
    """Measure two cells whose ratio moves by a few percent from block to block."""
    random_ = random.Random(7)
    scenarios = [make_scenario(size) for size in range(1, len(ratios) + 1)]
    session = Session([EXPRESS, HONO], scenarios, forks=6)
    for scenario, ratio in zip(scenarios, ratios, strict=True):
        for block in range(1, 7):
            session.take(EXPRESS, scenario, 10_000, block=block)
            noise = math.exp(random_.gauss(0, 0.03))
            session.take(HONO, scenario, 10_000 * ratio * noise, block=block)
    return session.end()


@pytest.mark.parametrize("scenarios", [[], [STREAM]])
def test_nothing_measured_is_compared_with_nothing(scenarios: list[Scenario]) -> None:
    (contest,) = contests(Session([EXPRESS, HONO], scenarios).end(), "framework")
    assert contest.comparisons == ()
    assert contest.leaders == ()


def test_order_of_the_file_changes_no_win() -> None:
    results = measure({EXPRESS: [100, 200, 100], HONO: [100, 100, 200], NITRO: [150, 150, 150]})
    (before,), (after,) = contests(results, "framework"), contests(rearrange(results), "framework")
    assert after.wins == before.wins
    assert set(after.leaders) == set(before.leaders)
    assert set(after.comparisons) == set(before.comparisons)
