"""Which category a cell is counted in, what its sign is, and how the verdict is worded."""

from __future__ import annotations

from typing import Any

import pytest

from harness.descriptions import Cell, World
from harness.engine.verdicts import OUTCOMES, CheckOutcome
from reports.engine.study import (
    CATEGORIES,
    CellRow,
    Kind,
    choose_outcome,
    describe_counts,
    describe_rate,
    find_gravest,
    is_reliable,
    state_verdict,
    study_checks,
    tally,
)
from tests.reports.checking import LOCAL, POSTGRES, make_check, make_results, on_windows
from tests.reports.factories import EXPRESS, EXPRESS_POSTGRES, HONO, make_world
from worlds import describe_worlds


def place(world: World | None, mode: Any = "production", *, windows: bool = False) -> Kind:
    """Return the category of a cell on that World, or on one that the file does not describe."""
    cell = Cell("v5", "express", world.id if world else "stranger")
    check = make_check(cell=cell, mode=mode)
    results = make_results([check], worlds=(LOCAL, POSTGRES, *([world] if world else [])))
    (row,) = study_checks(on_windows(results) if windows else results).rows
    return row.category


def say(*outcomes: CheckOutcome, cell: Cell = EXPRESS) -> str:
    return state_verdict(study_checks(make_results([make_check(one, cell) for one in outcomes])))[1]


class TestCategories:
    @pytest.mark.parametrize(
        ("name", "category"),
        [
            ("remote", "hosted"),
            ("local", "local"),
            ("postgres", "postgres"),
            ("python-local", "cross-language"),
            ("redis", "community"),
            ("redis-bullmq", "community"),
            ("mongodb", "community"),
            ("mysql", "community"),
            ("starter", "community"),
            ("reference", "other"),
        ],
    )
    def test_a_world_says_itself_where_it_is_counted(self, name: str, category: Kind) -> None:
        assert place(describe_worlds()[name]) == category

    @pytest.mark.parametrize("name", ["local", "sqlite", "postgres"])
    def test_on_a_line_of_another_language_it_is_another_thing(self, name: str) -> None:
        cell = Cell("py", "fastapi", name)
        results = make_results([make_check(cell=cell)], worlds=tuple(describe_worlds().values()))
        assert study_checks(results).rows[0].category == "cross-language"

    def test_a_world_that_says_nothing_is_a_community_world(self) -> None:
        assert place(make_world("anything")) == "community"

    @pytest.mark.parametrize("name", ["a-local", "local-", "LOCAL", "my-postgres", "postgres2"])
    def test_a_name_that_resembles_another_is_another(self, name: str) -> None:
        assert place(make_world(name)) == "community"

    def test_a_world_is_found_past_those_whose_names_hold_its_own(self) -> None:
        worlds = (make_world("a-local"), make_world("local-2"), LOCAL)
        results = make_results([make_check(cell=EXPRESS)], worlds=worlds)
        assert study_checks(results).rows[0].category == "local"

    def test_a_world_that_the_file_does_not_describe_is_another_thing(self) -> None:
        assert place(None) == "other"

    @pytest.mark.parametrize("world", [LOCAL, POSTGRES, make_world("redis")])
    def test_a_dev_server_is_local_development(self, world: World) -> None:
        assert place(world, "development") == "development"

    @pytest.mark.parametrize("mode", ["production", "development"])
    def test_windows_is_told_by_the_machine(self, mode: str) -> None:
        assert place(LOCAL, mode, windows=True) == "windows"

    def test_what_is_hosted_does_not_run_on_this_machine(self) -> None:
        hosted = make_world("remote", category="hosted")
        assert place(hosted, "development", windows=True) == "hosted"

    def test_titles_stand_in_the_order_that_people_know(self) -> None:
        assert list(CATEGORIES.values()) == [
            "▲ Vercel Production",
            "💻 Local Development",
            "📦 Local Production",
            "🐘 Local Postgres",
            "🪟 Windows",
            "🌐 Cross-language",
            "🌍 Community Worlds",
            "📋 Other",
        ]


class TestRows:
    def test_modes_of_one_cell_are_rows_of_their_own(self) -> None:
        checks = [make_check(), make_check("failed", mode="development")]
        rows = study_checks(make_results(checks)).rows
        assert [(row.label, row.sign) for row in rows] == [
            ("v5/express/local (development)", "❌"),
            ("v5/express/local", "✅"),
        ]

    def test_rows_stand_by_category_and_then_as_they_were_asked_for(self) -> None:
        cells = [EXPRESS_POSTGRES, HONO, EXPRESS]
        checks = [make_check(cell=cell) for cell in reversed(cells)]
        rows = study_checks(make_results(checks, cells=cells)).rows
        assert [row.cell for row in rows] == [HONO, EXPRESS, EXPRESS_POSTGRES]

    def test_an_absent_cell_is_a_row_that_says_so(self) -> None:
        tested = study_checks(make_results([make_check()], cells=[EXPRESS, HONO]))
        assert [(row.sign, row.remark) for row in tested.rows] == [
            ("✅", ""),
            ("❔", "no check ran"),
        ]

    def test_a_cell_that_was_cut_off_is_not_whole(self) -> None:
        tested = study_checks(make_results([make_check()], cells=[EXPRESS], ended=False))
        assert [(row.sign, row.remark) for row in tested.rows] == [
            ("❔", "not all of its checks ran")
        ]
        assert state_verdict(tested)[0] == "❔"
        assert "Not all checks ran on 1 cell." in state_verdict(tested)[1]

    def test_a_cell_that_nobody_asked_for_is_shown_all_the_same(self) -> None:
        rows = study_checks(make_results([make_check(cell=HONO)], cells=[])).rows
        assert [row.cell for row in rows] == [HONO]

    @pytest.mark.parametrize(
        ("outcomes", "sign"),
        [
            (["passed"], "✅"),
            (["passed", "not applicable"], "✅"),
            (["passed", "known"], "🟡"),
            (["passed", "flaky"], "🟡"),
            (["known", "inconclusive", "passed"], "❔"),
            (["failed", "inconclusive", "known"], "❌"),
            (["passed", "unexpected pass"], "❌"),
            (["not applicable"], "⚪"),
            (["not applicable", "inconclusive"], "❔"),
        ],
    )
    def test_sign_is_of_the_gravest(self, outcomes: list[CheckOutcome], sign: str) -> None:
        checks = tuple(make_check(outcome) for outcome in outcomes)
        row = CellRow(cell=EXPRESS, mode="production", category="local", checks=checks)
        assert row.sign == sign
        assert row.remark == ("nothing was tested" if sign == "⚪" else "")

    def test_a_label_is_one_line(self) -> None:
        cell = Cell("v5\x1b[31m", "ex\npress", "local")
        assert study_checks(make_results([make_check(cell=cell)])).rows[0].label == (
            "v5/ex press/local"
        )

    def test_sessions_are_studied_together(self) -> None:
        tested = study_checks(
            make_results([make_check("failed", EXPRESS_POSTGRES)]), make_results([make_check()])
        )
        assert [row.cell for row in tested.rows] == [EXPRESS, EXPRESS_POSTGRES]
        assert len(tested.checks) == 2
        assert tested.verdict.exit_code == 1


class TestVerdict:
    @pytest.mark.parametrize(
        ("outcomes", "sign"),
        [
            (["passed"], "✅"),
            (["passed", "known"], "🟡"),
            (["flaky"], "🟡"),
            (["inconclusive", "known"], "❔"),
            (["not applicable"], "❔"),
            (["failed", "inconclusive"], "❌"),
            (["unexpected pass"], "❌"),
        ],
    )
    def test_sign_follows_the_exit_code(self, outcomes: list[CheckOutcome], sign: str) -> None:
        tested = study_checks(make_results([make_check(outcome) for outcome in outcomes]))
        assert state_verdict(tested)[0] == sign

    def test_all_passed(self) -> None:
        assert say("passed", "passed", "not applicable") == (
            "All 2 checks that apply passed, on 1 cell."
        )

    def test_one_passed(self) -> None:
        assert say("passed") == "The one check passed, on 1 cell."

    def test_known_failures_and_flaky_checks_are_told_apart(self) -> None:
        assert say("passed", "known", "known", "flaky") == (
            "1 of 4 checks passed, on 1 cell. 2 known failures. 1 check known to be flaky."
        )

    def test_failures_come_first(self) -> None:
        assert say(*OUTCOMES) == (
            "1 of 6 checks failed, on 1 of 1 cell. "
            "1 check passed although it is listed as failing. "
            "1 known failure. 1 check known to be flaky. 1 check could not be decided."
        )

    def test_unexpected_passes_alone(self) -> None:
        assert say("unexpected pass", "unexpected pass") == (
            "2 checks passed although they are listed as failing."
        )

    def test_cells_that_say_nothing_are_counted(self) -> None:
        checks = [make_check(), make_check("not applicable", EXPRESS_POSTGRES)]
        tested = study_checks(make_results(checks, cells=[EXPRESS, EXPRESS_POSTGRES, HONO]))
        assert state_verdict(tested) == (
            "❔",
            "The one check passed, on 1 cell. Nothing was tested on 1 cell. "
            "No check ran on 1 cell.",
        )

    def test_nothing_at_all(self) -> None:
        assert state_verdict(study_checks()) == ("❔", "Nothing was tested.")

    def test_a_cell_that_could_not_be_prepared(self) -> None:
        assert say("inconclusive") == "1 check could not be decided."


class TestCounts:
    def test_only_what_there_is_is_named(self) -> None:
        assert describe_counts(tally([make_check(), make_check("known")])) == (
            "1 passed, 1 known failure"
        )

    def test_everything_is_named(self) -> None:
        checks = [make_check(outcome) for outcome in (*OUTCOMES, "known")]
        assert describe_counts(tally(checks)) == (
            "1 passed, 1 failed, 1 passed unexpectedly, 2 known failures, 1 flaky, "
            "1 inconclusive, 1 skipped"
        )

    def test_checks_of_an_outcome_keep_their_order(self) -> None:
        first, second = make_check("failed", check="b"), make_check("failed", check="a")
        assert choose_outcome([first, make_check(), second], "failed") == [first, second]

    @pytest.mark.parametrize("outcomes", [OUTCOMES, OUTCOMES[::-1], OUTCOMES[3:], OUTCOMES[5:]])
    def test_the_gravest_is_found_wherever_it_stands(
        self, outcomes: tuple[CheckOutcome, ...]
    ) -> None:
        gravest = next(outcome for outcome in OUTCOMES if outcome in outcomes)
        assert find_gravest(make_check(outcome) for outcome in outcomes) == gravest

    def test_nothing_is_graver_than_nothing(self) -> None:
        assert find_gravest([]) is None


class TestRates:
    @pytest.mark.parametrize(
        ("reproduced", "tried", "rate", "reliable"),
        [
            (10, 10, "10 of 10 tries", True),
            (9, 10, "9 of 10 tries", True),
            (8, 10, "only 8 of 10 tries", False),
            (0, 10, "only 0 of 10 tries", False),
            (1, 1, "1 of 1 try", True),
            (2, 3, "only 2 of 3 tries", False),
            (0, 0, "", False),
        ],
    )
    def test_below_nine_of_ten_it_is_labelled(
        self, reproduced: int, tried: int, rate: str, reliable: bool
    ) -> None:
        check = make_check("failed", reproduced=reproduced, tried=tried)
        assert describe_rate(check) == rate
        assert is_reliable(check) is reliable
