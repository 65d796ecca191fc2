"""Several sessions side by side: who keeps which promise, and every finding once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from harness.descriptions import Cell
from harness.engine.clauses import EngineClause
from harness.engine.verdicts import CheckOutcome
from harness.errors import ResultsError
from harness.results.records import Check
from reports.documents.engine_matrix import describe_levels, render_engine, sign_clause
from reports.engine.study import study_checks
from reports.writing.text import NOTHING
from tests.reports.checking import LOCAL, POSTGRES, make_check, make_clause, make_results
from tests.reports.factories import EXPRESS, EXPRESS_POSTGRES, EXPRESS_V4, HONO
from tests.reports.reading import list_headings, read_section, read_table, read_tables

markdown_it: Any = pytest.importorskip("markdown_it")

HOSTILE = "a|b\\|c\n`tick` ``` <b>*x*</b> </details> @someone \x1b[31m"
EXCLUSIVE = make_clause()
GUARD = make_clause("ENG-INFLATION-GUARD", suite="retry-inflation", levels={"v5": "MUST"})
ASKED = make_clause("ENG-INVOCATIONS", suite="costs", levels={"v5": "INFORMATIVE"})


def render(*checks: Check, clauses: Sequence[EngineClause] = (EXCLUSIVE,), **header: Any) -> str:
    """Render the document from a session a cell, as they are committed."""
    cells = dict.fromkeys(check.cell for check in checks)
    sessions = [
        make_results([check for check in checks if check.cell == cell], **header) for cell in cells
    ]
    return render_engine(sessions, {clause.id: clause for clause in clauses})


def find_finding(text: str, name: str = "ENG-BODY-EXCLUSIVE", sign: str = "❌") -> str:
    return read_section(text, f"### {sign} `{name}`")


def sign(*checks: Check, clause: EngineClause = EXCLUSIVE) -> str:
    (row,) = study_checks(make_results(checks, cells=[EXPRESS])).rows
    return sign_clause(clause, row)


def test_parts_stand_in_the_order_of_reading() -> None:
    checks = [make_check("failed", answers={"lost": "0"}), make_check("inconclusive")]
    assert [line for line in list_headings(render(*checks)) if line.startswith("## ")] == [
        "## 🧪 E2E Test Results",
        "## Which cell keeps which promise",
        "## Findings",
        "## Not decided",
        "## What was measured",
        "## Provenance",
    ]


def test_counts_are_of_all_sessions() -> None:
    checks = [make_check(), make_check("failed", EXPRESS_POSTGRES), make_check(cell=HONO)]
    rows = read_table(render(*checks), "## 🧪 E2E Test Results", "### Summary")
    assert [(row["Passed"], row["Failed"], row["Total"]) for row in rows] == [
        ("2", "0", "2"),
        ("0", "1", "1"),
        ("2", "1", "3"),
    ]


def test_a_cell_in_two_sessions_is_refused() -> None:
    sessions = [make_results([make_check()]), make_results([make_check("failed")])]
    with pytest.raises(ResultsError, match="v5/express/local was tested in two sessions"):
        render_engine(sessions, {})


def test_a_cell_may_be_there_as_a_build_and_as_a_dev_server() -> None:
    sessions = [make_results([make_check()]), make_results([make_check(mode="development")])]
    text = render_engine(sessions, {EXCLUSIVE.id: EXCLUSIVE})
    assert "v5<br>express<br>local<br>(development)" in text


def test_before_anything_was_run_there_is_a_document() -> None:
    text = render_engine([], {EXCLUSIVE.id: EXCLUSIVE})
    assert "**❔ Nothing was tested.**" in text
    assert read_table(text, "### Single executor") == [{"Clause": "`ENG-BODY-EXCLUSIVE`"}]
    assert "None:" not in text


class TestMatrix:
    def test_has_a_table_a_suite_with_a_column_a_cell(self) -> None:
        checks = [make_check(), make_check("failed", EXPRESS_POSTGRES)]
        text = render(*checks, clauses=(EXCLUSIVE, GUARD))
        assert read_table(text, "### Single executor") == [
            {
                "Clause": "`ENG-BODY-EXCLUSIVE`",
                "v5<br>express<br>local": "✅",
                "v5<br>express<br>postgres": "❌",
            }
        ]
        (row,) = read_table(text, "### Retry inflation")
        assert set(row.values()) == {"`ENG-INFLATION-GUARD`", "not run"}

    @pytest.mark.parametrize(
        ("outcomes", "expected"),
        [
            (["passed"], "✅"),
            (["passed", "failed", "known"], "❌"),
            (["passed", "unexpected pass", "known"], "❗"),
            (["known", "flaky", "inconclusive"], "🟡"),
            (["flaky", "inconclusive", "passed"], "🎲"),
            (["inconclusive", "passed"], "❔"),
            (["passed", "not applicable"], "✅"),
            (["not applicable"], NOTHING),
            ([], "not run"),
        ],
    )
    def test_the_gravest_check_decides(self, outcomes: list[CheckOutcome], expected: str) -> None:
        assert sign(*(make_check(outcome) for outcome in outcomes)) == expected

    def test_two_cells_that_read_alike_keep_a_column_each(self) -> None:
        checks = [make_check(cell=Cell("v5", "express", name)) for name in ("one\n", "one", "one ")]
        section = read_section(render(*checks), "### Single executor")
        rows = [line for line in section.splitlines() if line.startswith("|")]
        assert [line.count("|") for line in rows] == [5, 5, 5]

    def test_checks_of_other_clauses_do_not_count(self) -> None:
        assert sign(make_check(), make_check("failed", clause="ENG-OTHER")) == "✅"

    def test_a_question_is_not_kept_but_answered(self) -> None:
        assert sign(make_check(clause=ASKED.id), clause=ASKED) == "📝"
        assert sign(make_check("inconclusive", clause=ASKED.id), clause=ASKED) == "❔"

    def test_clauses_are_explained_with_their_levels_and_sources(self) -> None:
        clause = make_clause(needs=("several processes",))
        text = read_section(render(make_check(), clauses=(clause,)), "### Single executor")
        assert (
            "- `ENG-BODY-EXCLUSIVE` (SHOULD on v4; MUST on v5): A body does not run twice at the "
            "same time. Needs: several processes. Sources: "
            "[vercel/workflow#1338](https://github.com/vercel/workflow/issues/1338), "
            "foundations/idempotency."
        ) in text

    def test_lines_of_one_level_are_named_together(self) -> None:
        clause = make_clause(levels={"v4": "MUST", "v5": "MUST", "v5-latest": "SHOULD"})
        assert describe_levels(clause) == "MUST on v4, v5; SHOULD on v5-latest"


class TestFindings:
    def test_none_is_said(self) -> None:
        section = read_section(render(make_check()), "## Findings")
        assert section.strip() == "None: every promise that was tested is kept."

    def test_a_clause_is_told_once_with_the_cells_that_show_it(self) -> None:
        cells = [EXPRESS, HONO, EXPRESS_POSTGRES]
        checks = [make_check("failed", cell, message="x" * n) for n, cell in enumerate(cells, 3)]
        text = render(*checks, make_check(cell=EXPRESS_V4))
        assert list_headings(text).count("### ❌ `ENG-BODY-EXCLUSIVE`") == 1
        (row,) = read_table(find_finding(text))
        assert row == {
            "Check": "`test_body_runs_once`",
            "": "❌ failed",
            "Cells": "v5 on express, hono with local; v5 on express with postgres",
            "What happened": "xxx",
            "How often": "The smallest case fails in 10 of 10 tries",
        }

    def test_checks_outcomes_and_rates_are_told_apart(self) -> None:
        checks = [
            make_check("failed", EXPRESS),
            make_check("failed", HONO, reproduced=5),
            make_check("known", EXPRESS_POSTGRES),
            make_check("failed", EXPRESS, check="test_other"),
            make_check("failed", EXPRESS, mode="development"),
        ]
        rows = read_table(find_finding(render(*checks)))
        assert [row["Cells"] for row in rows] == [
            # The category of dev servers stands first.
            "v5/express/local (development)",
            "v5/express/local",
            "v5/express/local",
            "v5/hono/local",
            "v5/express/postgres",
        ]
        assert [row["How often"][-22:] for row in rows][3] == "fails in only 5 of 10 tries"[-22:]

    def test_smallest_witness_comes_with_its_command(self) -> None:
        checks = [
            make_check("failed", EXPRESS, witness=("one", "two", "three")),
            make_check("failed", HONO, witness=("four", "five"), reproduce="pytest --line hono"),
        ]
        text = find_finding(render(*checks))
        assert "The smallest witness, from `v5/hono/local`: the body ran twice" in text
        assert "fails in 10 of 10 tries. Again:\n\n```sh\npytest --line hono\n```" in text
        assert "```text\nfour\nfive\n```" in text
        assert "three" not in text
        assert text.count("<details>") == 1

    def test_a_witness_that_can_be_relied_on_goes_before_a_smaller_one(self) -> None:
        checks = [
            make_check("failed", EXPRESS, witness=("one", "two", "three")),
            make_check("failed", HONO, witness=("four",), reproduced=2),
        ]
        assert "three" in find_finding(render(*checks))

    def test_a_failure_without_a_witness_is_still_told(self) -> None:
        text = find_finding(render(make_check("failed", witness=(), reproduce="")))
        assert "from `v5/express/local`: the body ran twice" in text
        assert "<details>" not in text
        assert "Again:" not in text

    def test_what_nobody_knew_comes_first_then_the_order_of_clauses(self) -> None:
        checks = [
            make_check("known", clause="ENG-BODY-EXCLUSIVE"),
            make_check("flaky", clause="ENG-INVOCATIONS"),
            make_check("failed", clause="ENG-INFLATION-GUARD"),
            make_check("failed", clause="ENG-GONE"),
        ]
        text = render(*checks, clauses=(ASKED, EXCLUSIVE, GUARD))
        assert list_headings(read_section(text, "## Findings")) == [
            "### ❌ `ENG-INFLATION-GUARD`",
            "### ❌ `ENG-GONE`",
            "### 🟡 `ENG-BODY-EXCLUSIVE`",
            "### 🎲 `ENG-INVOCATIONS`",
        ]

    def test_one_reason_needs_no_cells(self) -> None:
        checks = [make_check("known"), make_check("known", HONO)]
        text = find_finding(render(*checks), sign="🟡")
        assert text.count("\nKnown: starts are counted, not failures\n") == 1

    def test_several_reasons_name_theirs(self) -> None:
        checks = [
            make_check("known"),
            make_check("known", HONO),
            make_check("known", EXPRESS_POSTGRES, reason="no transaction"),
        ]
        text = find_finding(render(*checks), sign="🟡")
        assert "Known, v5 on express, hono with local: starts are counted" in text
        assert "Known, v5/express/postgres: no transaction" in text

    def test_an_unexpected_pass_is_a_finding(self) -> None:
        text = find_finding(render(make_check("unexpected pass")), sign="❗")
        (row,) = read_table(text)
        assert (row[""], row["How often"]) == ("❗ unexpected pass", "Passed this time")
        assert "The smallest witness" not in text


class TestRest:
    def test_what_was_not_decided_says_why(self) -> None:
        checks = [make_check("inconclusive"), make_check("inconclusive", HONO, clause="")]
        assert read_section(render(*checks), "## Not decided").strip() == (
            "- `ENG-BODY-EXCLUSIVE` on `v5/express/local`: no fault was applied\n"
            "- `test_body_runs_once` on `v5/hono/local`: no fault was applied"
        )

    def test_answers_of_all_cells_stand_in_one_table(self) -> None:
        checks = [
            make_check(cell=cell, answers={"invocations": "1"}) for cell in (EXPRESS, EXPRESS_V4)
        ]
        assert read_table(render(*checks), "## What was measured") == [
            {
                "Clause": "`ENG-BODY-EXCLUSIVE`",
                "Question": "invocations",
                "Answer": "1",
                "Cells": "every cell",
            }
        ]

    def test_provenance_has_a_row_a_session(self) -> None:
        text = read_section(render(make_check(), make_check(cell=HONO)), "## Provenance")
        assert read_tables(text)[0] == [
            {
                "Cells": f"`{cell.id}`",
                "Began": "2026-01-02T03:04:05+00:00",
                "Seed": "7",
                "Cases a check": "up to 6, 6 cases in all",
                "Harness": "0.1.0 abc1234",
            }
            for cell in (EXPRESS, HONO)
        ]
        assert text.count("- **Machine**: A Processor, 2 cores") == 1

    def test_versions_of_all_sessions_are_listed(self) -> None:
        sessions = [
            make_results([make_check()], pins={"v5": {"workflow": "1", "vite": "7"}}),
            make_results([make_check(cell=HONO)], pins={"v5": {"workflow": "2", "vite": "7"}}),
            make_results([make_check(cell=EXPRESS_V4)], pins={"v4": {"workflow": "3"}}),
        ]
        text = read_section(render_engine(sessions, {}), "## Provenance")
        assert [(row["Line"], row["Package"], row["Version"]) for row in read_tables(text)[1]] == [
            ("v5", "`vite`", "7"),
            ("v5", "`workflow`", "1, 2"),
            ("v4", "`workflow`", "3"),
        ]

    def test_a_session_without_cases_has_none(self) -> None:
        text = read_section(render(make_check(examples=0)), "## Provenance")
        assert read_tables(text)[0][0]["Cases a check"] == NOTHING


@pytest.mark.parametrize("outcome", ["failed", "known", "unexpected pass", "inconclusive"])
def test_no_text_from_outside_breaks_the_document(outcome: CheckOutcome) -> None:
    cells = [Cell(HOSTILE, HOSTILE, HOSTILE), Cell(HOSTILE, HOSTILE, f"{HOSTILE} ")]
    checks = [
        make_check(
            outcome,
            cell,
            suite=HOSTILE,
            check=HOSTILE,
            message=HOSTILE,
            witness=(HOSTILE, "```"),
            reproduce=HOSTILE,
            reason=HOSTILE,
            answers={HOSTILE: HOSTILE},
        )
        for cell in cells
    ]
    text = render(*checks, worlds=(LOCAL, POSTGRES), pins={HOSTILE: {HOSTILE: HOSTILE}})
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text)
    blocks = [token.content for token in tokens if token.type == "html_block"]
    opened = sum(block.count("<details>") for block in blocks)
    assert opened == sum(block.count("</details>") for block in blocks)
    assert opened == (3 if outcome in {"failed", "known"} else 2)
    assert sum(token.type == "table_open" for token in tokens) == len(read_tables(text))
    assert "\x1b" not in text
    inline = [child for token in tokens for child in token.children or ()]
    tags = {child.content for child in inline if child.type == "html_inline"}
    assert tags <= {"<!-- -->", "<br>"}
