"""What a run costs is counted, said as a law where it follows one, and never guessed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.descriptions import Cell
from harness.results.records import BenchResults, Counts
from reports.benchmark.costs import describe_invocations, render_costs
from reports.benchmark.findings import study
from reports.benchmark.growth import render_growth
from reports.benchmark.laws import describe_growth
from reports.writing.text import NOTHING
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    EXPRESS_V4,
    HONO,
    HONO_V4,
    NITRO,
    STREAM,
    TEN,
    Session,
    make_scenario,
)
from tests.reports.reading import Row, list_headings, pick, read_section, read_table, read_tables

SIZES = (1, 10, 25, 50)
SEQUENTIAL = [make_scenario(size) for size in SIZES]
CONCURRENT = [make_scenario(size, "concurrent") for size in SIZES[1:]]

COST = "## Cost of a Run"
INVOCATIONS = "### Invocations for N steps"
CALLS = "### World calls for N steps"
EACH = "### Each scenario"


def table(results: BenchResults, heading: str) -> list[Row]:
    return read_table(render_costs(study(results)), COST, heading)


def both_lines() -> Session:
    """Count N sequential steps on both lines: 2N + 1 invocations before, one since."""
    session = Session([EXPRESS_V4, HONO_V4, EXPRESS, HONO], [*SEQUENTIAL, *CONCURRENT])
    for scenario in SEQUENTIAL:
        for cell in (EXPRESS_V4, HONO_V4):
            session.count(cell, scenario, flow=scenario.size + 1, step=scenario.size)
        for cell in (EXPRESS, HONO):
            session.count(cell, scenario, flow=1)
    for scenario in CONCURRENT:
        for cell in session.header.cells:
            session.count(cell, scenario, flow=scenario.size - 2)
    return session


class TestLaws:
    @pytest.mark.parametrize(
        ("counts", "law"),
        [
            ({1: [3], 10: [21], 25: [51]}, "2N + 1"),
            ({0: [1], 1: [1], 10: [1]}, "1"),
            ({10: [8], 25: [23], 50: [48]}, "N - 2"),
            ({10: [10], 25: [25], 50: [50]}, "N"),
            ({10: [-10], 25: [-25], 50: [-50]}, "-N"),
            ({0: [9], 1: [3], 10: [21], 25: [51]}, "2N + 1"),
            ({1: [3, 3], 10: [21, 21], 25: [51]}, "2N + 1"),
        ],
    )
    def test_counts_on_a_line_are_said_as_that_line(
        self, counts: dict[int, Sequence[int]], law: str
    ) -> None:
        assert describe_growth(counts) == law

    @pytest.mark.parametrize(
        ("counts", "text"),
        [
            ({1: [3], 10: [21], 25: [52]}, "N=1: 3, N=10: 21, N=25: 52"),
            ({1: [1], 3: [2], 5: [3]}, "N=1: 1, N=3: 2, N=5: 3"),
            ({10: [21], 1: [3]}, "N=1: 3, N=10: 21"),
            ({1: [3], 10: [21, 23], 25: [51]}, f"N=1: 3, N=10: 21{NOTHING}23, N=25: 51"),
            ({}, NOTHING),
        ],
        ids=["not a line", "no whole slope", "two sizes", "runs differ", "nothing"],
    )
    def test_other_counts_are_said_as_they_are(
        self, counts: dict[int, Sequence[int]], text: str
    ) -> None:
        assert describe_growth(counts) == text


class TestInvocations:
    def test_headline_tells_the_lines_apart(self) -> None:
        told = describe_invocations(study(both_lines().end()))
        assert told == "Invocations for N sequential steps: 2N + 1 on v4; 1 on v5"

    def test_headline_names_every_law_of_a_line(self) -> None:
        session = Session([EXPRESS, EXPRESS_POSTGRES], SEQUENTIAL)
        for scenario in SEQUENTIAL:
            session.count(EXPRESS, scenario, flow=1)
            session.count(EXPRESS_POSTGRES, scenario, flow=scenario.size)
        assert describe_invocations(study(session.end())).endswith(": 1 or N on v5")

    def test_no_headline_without_counts(self) -> None:
        assert describe_invocations(study(Session([EXPRESS], SEQUENTIAL).end())) == ""

    def test_frameworks_that_agree_share_a_row(self) -> None:
        assert table(both_lines().end(), INVOCATIONS) == [
            {
                "Line": line,
                "World": "Local",
                "Framework": "all frameworks",
                "sequential": law,
                "concurrent": "N - 2",
            }
            for line, law in (("v4", "2N + 1"), ("v5", "1"))
        ]

    def test_frameworks_that_do_not_agree_have_a_row_each(self) -> None:
        session = both_lines()
        session.count(HONO, SEQUENTIAL[0], flow=7)
        rows = table(session.end(), INVOCATIONS)
        assert [row["Framework"] for row in rows] == ["all frameworks", "Express", "Hono"]
        assert rows[1]["sequential"] == "1"
        assert rows[2]["sequential"].startswith(f"N=1: 1{NOTHING}7")

    def test_only_framework_goes_by_its_name(self) -> None:
        session = Session([EXPRESS], SEQUENTIAL)
        session.count(EXPRESS, SEQUENTIAL[0], flow=1)
        assert [row["Framework"] for row in table(session.end(), INVOCATIONS)] == ["Express"]

    def test_framework_that_was_not_counted_agrees_with_nobody(self) -> None:
        session = Session([EXPRESS, HONO], [TEN])
        session.count(EXPRESS, TEN, flow=1)
        results = session.end()
        assert [row["Framework"] for row in table(results, INVOCATIONS)] == ["Express"]
        assert "Not counted: Local · Hono (1 of 1 scenarios)." in render_costs(study(results))

    def test_most_frameworks_are_not_all_frameworks(self) -> None:
        session = Session([EXPRESS, HONO, NITRO], [TEN])
        session.count(EXPRESS, TEN, flow=1)
        session.count(HONO, TEN, flow=1)
        rows = table(session.end(), INVOCATIONS)
        assert [row["Framework"] for row in rows] == ["Express", "Hono"]

    def test_world_calls_have_laws_of_their_own(self) -> None:
        rows = table(both_lines().end(), CALLS)
        assert [row["sequential"] for row in rows] == ["4N + 2", "2"]


class TestTotals:
    def test_each_scenario_has_its_totals(self) -> None:
        row = pick(table(both_lines().end(), EACH), Scenario="10 sequential", Line="v4")
        assert row == {
            "Scenario": "workflow with 10 sequential steps",
            "Line": "v4",
            "World": "Local",
            "Framework": "all frameworks",
            "Flow": "11",
            "Step": "10",
            "Invocations": "21",
            "World calls": "42",
            "Queue messages": "21",
            "Bytes": "20.5 KiB",
        }

    def test_bytes_that_differ_a_little_do_not_split_a_row(self) -> None:
        session = Session([EXPRESS, HONO], [TEN])
        for cell, size in ((EXPRESS, 1024), (HONO, 2048)):
            counts = Counts(invocations={"flow": 1}, bytes={"queue": size})
            session.take(cell, TEN, block=4, kind="counting", counts=counts)
        (row,) = table(session.end(), EACH)
        assert row["Framework"] == "all frameworks"
        assert row["Bytes"] == f"1 KiB{NOTHING}2 KiB"

    def test_methods_are_listed_most_used_first(self) -> None:
        session = Session([EXPRESS], [TEN])
        session.count(EXPRESS, TEN, flow=1, calls={"runs.get": 2, "events.create(a|b)": 30})
        methods = read_tables(render_costs(study(session.end())))[-1]
        assert methods[0]["World calls"] == r"`events.create(a\|b)` 30, `runs.get` 2"
        assert methods[0]["Queue messages"] == "`flow` 1, `step` 0"

    @pytest.mark.parametrize("outcome", ["incorrect", "failed", "timeout"])
    def test_bad_runs_are_not_counted(self, outcome: str) -> None:
        session = both_lines()
        before = render_costs(study(session.end()))
        counts = Counts(invocations={"flow": 999})
        session.take(EXPRESS, TEN, block=4, kind="counting", counts=counts, outcome=outcome)
        assert render_costs(study(session.end())) == before

    def test_timing_forks_are_not_counted_though_they_know_their_invocations(self) -> None:
        session = both_lines()
        before = render_costs(study(session.end()))
        session.take(EXPRESS, TEN, counts=Counts(invocations={"flow": 999}))
        assert render_costs(study(session.end())) == before

    def test_runs_of_a_fork_that_failed_are_not_counted(self) -> None:
        session = both_lines()
        session.fail_fork(EXPRESS, "died", block=4, kind="counting")
        results = session.end()
        assert "Not counted: v5 · Local · Express (7 of 7 scenarios)." in render_costs(
            study(results)
        )
        assert {row["Framework"] for row in table(results, EACH) if row["Line"] == "v5"} == {"Hono"}

    def test_streams_are_counted_without_a_law(self) -> None:
        session = Session([EXPRESS], [STREAM])
        session.count(EXPRESS, STREAM, flow=3)
        text = render_costs(study(session.end()))
        assert "No scenario with steps was counted." in read_section(text, INVOCATIONS)
        assert read_table(text, EACH)[0]["Flow"] == "3"

    def test_without_counts_it_says_so(self) -> None:
        text = render_costs(study(Session([EXPRESS], [TEN]).end()))
        assert "no counting fork finished" in text
        assert list_headings(text) == [COST]


class TestGrowth:
    def grow(self, exponents: dict[Cell, float]) -> str:
        session = Session(list(exponents), SEQUENTIAL)
        for cell, exponent in exponents.items():
            for scenario in SEQUENTIAL:
                session.measure(cell, scenario, 100 * scenario.size**exponent)
        return render_growth(study(session.end()))

    def test_exponent_of_each_cell_and_family(self) -> None:
        rows = read_table(self.grow({EXPRESS: 1, HONO: 2}), "### How workflow time grows with N")
        assert [row["sequential"].split()[0] for row in rows] == ["N^1.00", "N^2.00"]

    def test_families_of_fewer_than_three_sizes_have_none(self) -> None:
        session = Session([EXPRESS], SEQUENTIAL[:2])
        for scenario in SEQUENTIAL[:2]:
            session.measure(EXPRESS, scenario, 100)
        assert render_growth(study(session.end())) == ""

    def test_counting_forks_and_warm_ups_have_no_say(self) -> None:
        session = Session([EXPRESS], SEQUENTIAL)
        for scenario in SEQUENTIAL:
            session.measure(EXPRESS, scenario, 100 * scenario.size)
        before = render_growth(study(session.end()))
        for scenario in SEQUENTIAL:
            session.take(EXPRESS, scenario, 7, kind="counting", block=4)
            session.take(EXPRESS, scenario, 7, warmup=True)
        assert render_growth(study(session.end())) == before

    def test_cell_without_times_has_none(self) -> None:
        session = Session([EXPRESS, HONO], SEQUENTIAL)
        for scenario in SEQUENTIAL:
            session.measure(EXPRESS, scenario, 100 * scenario.size)
        rows = read_table(render_growth(study(session.end())), "### How workflow time grows with N")
        assert [row["sequential"] for row in rows][1] == NOTHING
