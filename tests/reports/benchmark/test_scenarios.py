"""A table names its fastest row, and leaves out no row."""

from __future__ import annotations

import pytest

from harness.descriptions import Cell, Scenario
from harness.results.records import BenchResults
from reports.benchmark.findings import study
from reports.benchmark.scenarios import decide_sections, render_scenario
from reports.writing.text import NOTHING
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    EXPRESS_V4,
    HONO,
    NITRO,
    STREAM,
    TEN,
    Session,
    make_world,
    rearrange,
)
from tests.reports.reading import Row, list_headings, pick, read_table, read_tables

LOCAL = "#### 📦 Local Production"
POSTGRES = "#### 🐘 Postgres"


def rows(results: BenchResults, heading: str = LOCAL) -> list[Row]:
    scenario = results.header.scenarios[0]
    return read_table(render(results, scenario), heading)


def render(results: BenchResults, scenario: Scenario) -> str:
    findings = study(results)
    return render_scenario(findings, scenario, decide_sections(findings))


def compare(times: dict[Cell, float], *, forks: int = 3) -> BenchResults:
    session = Session(list(times), [TEN], forks=forks)
    for cell, time in times.items():
        session.measure(cell, TEN, time)
    return session.end()


def names(found: list[Row]) -> list[str]:
    return [row["Framework"] for row in found]


def test_fastest_wins_and_stands_first() -> None:
    found = rows(compare({HONO: 200, EXPRESS: 100}))
    assert names(found) == ["🥇 Express", "Hono"]
    assert [row["vs Fastest"] for row in found] == ["1.00x", "2.00x"]


def test_columns_are_those_that_people_know() -> None:
    assert list(rows(compare({EXPRESS: 100}))[0]) == [
        *("World", "Framework", "Workflow Time", "Wall Time", "Overhead", "Samples", "vs Fastest")
    ]


def test_streams_have_their_first_byte_and_slurp_too() -> None:
    session = Session([EXPRESS], [STREAM])
    session.measure(EXPRESS, STREAM, 400)
    (row,) = rows(session.end())
    assert list(row) == [
        *("World", "Framework", "Workflow Time", "Wall Time", "Overhead"),
        *("TTFB", "Slurp", "Samples", "vs Fastest"),
    ]
    assert row["TTFB"].startswith("100 ms [")
    assert row["Slurp"].startswith("300 ms [")


def test_time_comes_with_its_interval() -> None:
    (row,) = rows(compare({EXPRESS: 100}))
    assert row["Workflow Time"] == "100 ms [97, 103]"
    assert row["Overhead"] == "5 ms"


def test_overlap_is_marked_as_tied_and_nobody_wins() -> None:
    found = rows(compare({EXPRESS: 100, HONO: 101, NITRO: 300}))
    assert names(found) == ["Express", "Hono", "Nitro"]
    assert [row["vs Fastest"] for row in found] == ["1.00x 🤝 tied", "1.01x 🤝 tied", "3.00x"]


def test_who_ran_alone_wins_nothing() -> None:
    (row,) = rows(compare({EXPRESS: 100}))
    assert row["Framework"] == "Express"
    assert row["vs Fastest"] == "1.00x"


def test_single_fork_has_no_interval_and_no_winner() -> None:
    found = rows(compare({EXPRESS: 100, HONO: 900}, forks=1))
    assert found[0]["Workflow Time"] == "100 ms [?]"
    assert not any("🥇" in row["Framework"] for row in found)
    assert all("🤝 tied" in row["vs Fastest"] for row in found)


def test_worlds_of_different_sections_do_not_compete_in_a_table() -> None:
    results = compare({EXPRESS: 100, HONO: 200, EXPRESS_POSTGRES: 10})
    assert pick(rows(results), Framework="Express")["Framework"] == "🥇 Express"
    assert rows(results, POSTGRES)[0]["Framework"] == "Express"


def test_sections_stand_in_the_order_of_the_cells() -> None:
    results = compare({EXPRESS: 100, EXPRESS_POSTGRES: 10})
    found = list_headings(render(results, TEN))
    assert found == [f"### {TEN.title}", LOCAL, POSTGRES]
    assert len(read_tables(render(results, TEN))) == 2


def test_several_lines_have_a_column_and_compete() -> None:
    found = rows(compare({EXPRESS_V4: 200, EXPRESS: 100}))
    assert next(iter(found[0])) == "Line"
    assert [(row["Line"], row["Framework"]) for row in found] == [
        ("v5", "🥇 Express"),
        ("v4", "Express"),
    ]


@pytest.mark.parametrize(
    ("outcome", "sign", "words"),
    [
        ("incorrect", "❌ incorrect", "❌ 1 incorrect answer: `the reason`"),
        ("failed", "❌ failed", "❌ 1 failed run: `the reason`"),
        ("timeout", "❌ timed out", "❌ 1 timeout: `the reason`"),
    ],
)
def test_cell_with_only_bad_samples_is_a_row_that_says_why(
    outcome: str, sign: str, words: str
) -> None:
    session = Session([EXPRESS, HONO, NITRO], [TEN])
    session.take(EXPRESS, TEN, outcome=outcome, error="the reason")
    session.measure(HONO, TEN, 100)
    session.measure(NITRO, TEN, 200)
    found = rows(session.end())
    assert names(found) == ["🥇 Hono", "Nitro", "Express"]
    assert found[2]["Workflow Time"] == sign
    assert found[2]["Wall Time"] == NOTHING
    assert found[2]["Samples"] == "0 of 1"
    assert found[2]["vs Fastest"] == words


def test_faster_cell_with_one_bad_sample_neither_wins_nor_sets_the_pace() -> None:
    session = Session([EXPRESS, HONO, NITRO], [TEN])
    session.measure(EXPRESS, TEN, 10)
    session.spoil(EXPRESS, TEN, "incorrect", "wrong")
    session.measure(HONO, TEN, 100)
    session.measure(NITRO, TEN, 200)
    found = rows(session.end())
    assert names(found) == ["🥇 Hono", "Nitro", "Express"]
    assert [row["vs Fastest"] for row in found[:2]] == ["1.00x", "2.00x"]
    assert found[2]["Workflow Time"].startswith("10 ms [")
    assert found[2]["Samples"] == "6 of 7"
    assert found[2]["vs Fastest"] == "0.10x ⚠ 1 of 7 wrong, not known: `wrong`"


def test_who_is_left_when_the_others_fail_wins_nothing() -> None:
    session = Session([EXPRESS, HONO], [TEN])
    session.measure(EXPRESS, TEN, 100)
    session.spoil(HONO, TEN, "failed", "crashed")
    assert names(rows(session.end())) == ["Express", "Hono"]


def test_missing_cell_is_a_row() -> None:
    session = Session([EXPRESS, HONO], [TEN])
    session.measure(EXPRESS, TEN, 100)
    row = pick(rows(session.end()), Framework="Hono")
    assert row["Workflow Time"] == "❌ missing"
    assert row["Samples"] == NOTHING
    assert "no sample of it was taken" in row["vs Fastest"]


def test_failed_fork_shows_its_reason() -> None:
    session = Session([EXPRESS], [TEN])
    session.measure(EXPRESS, TEN, 100)
    session.fail_fork(EXPRESS, "the server died\n  because: no memory")
    (row,) = rows(session.end())
    assert row["vs Fastest"] == "❌ 1 failed fork: `the server died because: no memory`"
    assert row["Samples"] == "4 of 6 in 2 forks"


def test_long_reason_is_shortened() -> None:
    session = Session([EXPRESS], [TEN])
    session.spoil(EXPRESS, TEN, "failed", "long " * 100)
    (row,) = rows(session.end())
    assert len(row["vs Fastest"]) < 120
    assert row["vs Fastest"].endswith("…`")


def test_several_flaws_are_counted_and_the_gravest_explained() -> None:
    session = Session([EXPRESS], [TEN])
    session.spoil(EXPRESS, TEN, "timeout", "slow")
    session.spoil(EXPRESS, TEN, "timeout", "slower")
    session.spoil(EXPRESS, TEN, "incorrect", "wrong")
    (row,) = rows(session.end())
    assert row["vs Fastest"] == "❌ 1 incorrect answer, 2 timeouts: `wrong`"


def test_polled_samples_are_named() -> None:
    session = Session([EXPRESS], [TEN])
    for block in (1, 2, 3):
        session.take(EXPRESS, TEN, block=block, woken_by="poll")
    assert rows(session.end())[0]["Samples"] == "3, 3 polled"


def test_time_of_zero_has_no_ratio() -> None:
    found = rows(compare({EXPRESS: 0, HONO: 100}))
    assert [row["vs Fastest"] for row in found] == [NOTHING, NOTHING]
    assert names(found) == ["🥇 Express", "Hono"]


def test_worlds_that_share_a_title_are_told_apart() -> None:
    cells = [Cell("v5", "express", "redis"), Cell("v5", "express", "a-redis")]
    worlds = tuple(make_world(cell.world, title="Redis", section="🌐 Redis") for cell in cells)
    session = Session(cells, [TEN], worlds=worlds)
    found = rows(session.end(), "#### 🌐 Redis")
    assert [row["World"] for row in found] == ["Redis (redis)", "Redis (a-redis)"]


def test_order_of_cells_changes_no_mark() -> None:
    results = compare({EXPRESS: 100, HONO: 100, NITRO: 150})
    marks = {row["Framework"]: row["vs Fastest"] for row in rows(results)}
    assert {row["Framework"]: row["vs Fastest"] for row in rows(rearrange(results))} == marks
