"""The section "E2E Test Results": counts a reader can trust, in a document nothing can break."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.descriptions import Cell
from harness.engine.verdicts import OUTCOMES, CheckOutcome
from harness.results.records import Check
from reports.engine.section import describe_share, render_e2e
from reports.engine.study import study_checks
from reports.forms.markdown import render_markdown
from reports.forms.studies import study_session
from reports.writing.text import NOTHING
from tests.reports.checking import LOCAL, POSTGRES, make_check, make_results
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    HONO,
    TEN,
    Session,
    make_framework,
    make_world,
)
from tests.reports.reading import list_headings, pick, read_section, read_table, read_tables

markdown_it: Any = pytest.importorskip("markdown_it")

HOSTILE = "a|b\\|c\n`tick` ``` <b>*x*</b> </details> @someone \x1b[31m\u202e"
COLUMNS = ["Passed", "Failed", "Known failures", "Flaky", "Inconclusive", "Skipped"]


def render(*checks: Check, **header: Any) -> str:
    return render_e2e(study_checks(make_results(checks, **header)))


def every_outcome(cell: Cell = EXPRESS) -> list[Check]:
    return [make_check(outcome, cell, check=f"test_{outcome}") for outcome in OUTCOMES]


class TestSummary:
    def test_counts_every_outcome_in_its_column(self) -> None:
        row = read_table(render(*every_outcome()), "### Summary")[0]
        assert row == {
            "": "📦 Local Production",
            "Passed": "1",
            # What passed unexpectedly fails the session as well.
            "Failed": "2",
            "Known failures": "1",
            "Flaky": "1",
            "Inconclusive": "1",
            "Skipped": "1",
            "Total": "7",
        }

    def test_columns_add_up_to_the_total(self) -> None:
        checks = [*every_outcome(), *every_outcome(EXPRESS_POSTGRES), make_check()]
        rows = read_table(render(*checks), "### Summary")
        for row in rows:
            assert sum(int(row[column]) for column in COLUMNS) == int(row["Total"])
        *categories, total = rows
        assert total[""] == "**Total**"
        for column in [*COLUMNS, "Total"]:
            assert sum(int(row[column]) for row in categories) == int(total[column])

    def test_the_verdict_stands_above_all_counts(self) -> None:
        text = render(make_check(), make_check("failed"))
        heading, verdict, *_ = text.split("\n\n")
        assert heading == "## 🧪 E2E Test Results"
        assert verdict == "**❌ 1 of 2 checks failed, on 1 of 1 cell.**"

    def test_a_flaky_check_that_passed_is_shown_apart(self) -> None:
        check = make_check(verdict="passed", state="flaky", reason="depends on the clock")
        row = read_table(render(check), "### Summary")[0]
        assert (row["Passed"], row["Flaky"]) == ("0", "1")


class TestCategories:
    def test_only_those_that_have_cells_are_shown_in_their_order(self) -> None:
        worlds = (
            POSTGRES,
            make_world("redis"),
            make_world("remote", category="hosted"),
            LOCAL,
        )
        cells = [Cell("v5", "express", name) for name in ("redis", "postgres", "local", "remote")]
        checks = [*(make_check(cell=cell) for cell in cells), make_check(mode="development")]
        text = render(*checks, worlds=worlds)
        titles = [
            "▲ Vercel Production",
            "💻 Local Development",
            "📦 Local Production",
            "🐘 Local Postgres",
            "🌍 Community Worlds",
        ]
        assert [line for line in list_headings(text) if line.startswith("#### ")] == [
            f"#### {title}" for title in titles
        ]
        assert [row[""] for row in read_table(text, "### Summary")] == [*titles, "**Total**"]

    def test_a_world_is_not_counted_as_another_whose_name_its_own_holds(self) -> None:
        worlds = (make_world("redis"), make_world("a-redis"))
        checks = [
            make_check("failed", Cell("v5", "express", "a-redis")),
            make_check("passed", Cell("v5", "express", "redis")),
        ]
        rows = read_table(render(*checks, worlds=worlds), "#### 🌍 Community Worlds")
        assert [(row["Cell"], row["Passed"], row["Failed"]) for row in rows] == [
            ("❌ `v5/express/a-redis`", "0", "1"),
            ("✅ `v5/express/redis`", "1", "0"),
        ]

    def test_a_cell_whose_checks_were_all_skipped_does_not_pass(self) -> None:
        checks = [make_check("not applicable")] * 3
        text = render(*checks)
        (row,) = read_table(text, "#### 📦 Local Production")
        assert row["Cell"] == "⚪ `v5/express/local`: nothing was tested"
        assert (row["Passed"], row["Skipped"]) == ("0", "3")
        assert "✅ `" not in text
        assert text.split("\n\n")[1] == "**❔ Nothing was tested on 1 cell.**"

    def test_an_absent_cell_is_a_row(self) -> None:
        text = render(make_check(), cells=[EXPRESS, HONO])
        row = pick(read_table(text, "#### 📦 Local Production"), Cell="hono")
        assert row["Cell"] == "❔ `v5/hono/local`: no check ran"

    def test_each_suite_has_its_share_on_each_cell(self) -> None:
        checks = [
            make_check(suite="dedupe"),
            make_check("failed", suite="dedupe"),
            make_check(suite="liveness", cell=HONO),
        ]
        section = read_section(render(*checks), "#### 📦 Local Production")
        assert read_tables(section)[1] == [
            {"Suite": "dedupe", "`v5/express/local`": "❌ 1 of 2", "`v5/hono/local`": NOTHING},
            {"Suite": "liveness", "`v5/express/local`": NOTHING, "`v5/hono/local`": "✅ 1"},
        ]

    @pytest.mark.parametrize(
        ("outcomes", "share"),
        [
            (["passed"] * 12, "✅ 12"),
            (["passed", "not applicable"], "✅ 1"),
            (["passed", "failed", "unexpected pass"], "❌ 2 of 3"),
            (["known", "flaky", "passed"], "🟡 2 of 3"),
            (["failed", "known", "inconclusive"], "❌ 1, 🟡 1, ❔ 1 of 3"),
            (["not applicable"], NOTHING),
            ([], NOTHING),
        ],
    )
    def test_share(self, outcomes: list[CheckOutcome], share: str) -> None:
        assert describe_share(make_check(outcome) for outcome in outcomes) == share


class TestMeasured:
    def test_each_cell_has_a_table_of_its_answers(self) -> None:
        checks = [
            make_check(answers={"invocations": "1"}),
            make_check(cell=EXPRESS_POSTGRES, answers={"invocations": "21"}),
        ]
        text = read_section(render(*checks), "### What was measured")
        assert read_table(text, "#### `v5/express/local`")[0]["Answer"] == "1"
        assert read_table(text, "#### `v5/express/postgres`")[0]["Answer"] == "21"

    def test_without_answers_there_is_no_part_for_them(self) -> None:
        assert "What was measured" not in render(make_check())


class TestDocument:
    def test_a_file_of_tests_alone_has_no_benchmark_parts(self) -> None:
        results = make_results([make_check(), make_check("failed", EXPRESS_POSTGRES)])
        text = render_markdown(study_session(results), source="results/e2e.jsonl")
        assert [line for line in list_headings(text) if line.startswith("## ")] == [
            "## 🧪 E2E Test Results",
            "## Worlds:",
            "## Provenance",
        ]
        for word in ("Benchmark", "Wins", "Fastest", "Workflow Time", "sample", "fork"):
            assert word not in text
        assert all(read_tables(text))

    def test_a_file_of_tests_alone_says_where_it_comes_from(self) -> None:
        results = make_results([make_check()], started_at="2026-01-02T03:04:05+00:00")
        text = read_section(
            render_markdown(study_session(results), source="results/e2e.jsonl"), "## Provenance"
        )
        for fact in (
            "- **Harness**: 0.1.0, commit `abc1234`",
            "- **Cells**: 1",
            "- **Seed**: 7",
            "- **Machine**: A Processor, 2 cores, 24 GiB, Linux 6.1, Python 3.11.7, Node v24.1.0",
            "- **Session**: began 2026-01-02T03:04:05+00:00\n",
            "- **Raw data**: `results/e2e.jsonl`",
            "Reproduce:\n\n```sh\nworld-harness e2e --seed 7\n```",
            "| v5     | `workflow` | 5.0.0-beta.35 |",
        ):
            assert fact in text

    def test_a_session_that_ended_says_how_long_it_took(self) -> None:
        session = Session([EXPRESS], [])
        footer = session.end().footer
        results = msgspec.structs.replace(make_results([make_check()]), footer=footer)
        assert "took 10 min 0 s\n" in render_markdown(study_session(results), source="x")

    def test_a_file_of_tests_in_which_none_ran_shows_the_cells(self) -> None:
        text = render_markdown(study_session(make_results([], cells=[EXPRESS])), source="x")
        assert text.startswith("## 🧪 E2E Test Results\n\n**❔ No check ran on 1 cell.**")
        assert "Benchmark" not in text

    def test_a_benchmark_without_tests_does_not_mention_them(self) -> None:
        session = Session([EXPRESS], [TEN])
        session.measure(EXPRESS, TEN, 100)
        assert "E2E" not in render_markdown(study_session(session.end()), source="x")

    @pytest.mark.parametrize("outcome", OUTCOMES)
    def test_no_text_from_outside_breaks_the_document(self, outcome: CheckOutcome) -> None:
        cell = Cell(HOSTILE, HOSTILE, HOSTILE)
        check = make_check(
            outcome,
            cell,
            suite=HOSTILE,
            clause=HOSTILE,
            check=HOSTILE,
            message=HOSTILE,
            witness=(HOSTILE, "```", "</details>"),
            reproduce=HOSTILE,
            reason=HOSTILE,
            answers={HOSTILE: HOSTILE},
        )
        twin = msgspec.structs.replace(check, cell=Cell(HOSTILE, HOSTILE, f"{HOSTILE} "))
        results = make_results(
            [check, check, twin],
            worlds=(make_world(HOSTILE, title=HOSTILE, description=HOSTILE),),
            frameworks=(make_framework("express", title=HOSTILE),),
            pins={HOSTILE: {HOSTILE: HOSTILE}},
            command=HOSTILE,
        )
        text = render_markdown(study_session(results), source=HOSTILE)
        tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
        blocks = [token.content for token in tokens if token.type == "html_block"]
        opened = sum(block.count("<details>") for block in blocks)
        assert opened == sum(block.count("</details>") for block in blocks)
        # The versions, and each witness that is shown or each list of equal ones.
        assert opened == {"passed": 1, "not applicable": 1}.get(outcome, 4)
        assert sum(token.type == "table_open" for token in tokens) == len(read_tables(text))
        assert "\x1b" not in text
        inline = [child for token in tokens for child in token.children or ()]
        assert {child.content for child in inline if child.type == "html_inline"} <= {"<!-- -->"}

    def test_two_cells_that_read_alike_keep_a_column_each(self) -> None:
        cells = [Cell("v5", "express", name) for name in ("one\n", "one", "one ")]
        checks = [make_check(cell=cell) for cell in cells]
        section = read_section(render(*checks), "#### 📋 Other")
        shares = section.split("\n\n")[-1].splitlines()
        assert all(line.count("|") == 5 for line in shares)

    def test_order_of_the_file_does_not_change_the_counts(self) -> None:
        checks = [*every_outcome(), *every_outcome(EXPRESS_POSTGRES)]
        cells = [EXPRESS, EXPRESS_POSTGRES]
        texts = {
            read_section(render(*order, cells=cells), "### Summary")
            for order in (checks, checks[::-1])
        }
        assert len(texts) == 1
