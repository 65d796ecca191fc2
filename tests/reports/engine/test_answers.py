"""What was measured is told once for all cells that say the same."""

from __future__ import annotations

import pytest

from harness.descriptions import Cell
from reports.engine.answers import describe_cells, render_answers
from tests.reports.checking import make_check
from tests.reports.factories import EXPRESS, EXPRESS_POSTGRES, EXPRESS_V4, HONO, HONO_POSTGRES
from tests.reports.reading import read_tables

ASKED = [EXPRESS, HONO, EXPRESS_POSTGRES, HONO_POSTGRES, EXPRESS_V4]


def test_without_answers_there_is_no_table() -> None:
    assert render_answers([]) == ""
    assert render_answers([make_check()]) == ""


def test_one_cell_needs_no_column_for_cells() -> None:
    check = make_check(answers={"invocations": "21", "bytes": "4 KiB"})
    (table,) = read_tables(render_answers([check]))
    assert table == [
        {"Clause": "`ENG-BODY-EXCLUSIVE`", "Question": "invocations", "Answer": "21"},
        {"Clause": "`ENG-BODY-EXCLUSIVE`", "Question": "bytes", "Answer": "4 KiB"},
    ]


def test_equal_answers_stand_in_one_row() -> None:
    given = {EXPRESS: "1", HONO: "1", EXPRESS_V4: "21"}
    checks = [make_check(cell=cell, answers={"invocations": n}) for cell, n in given.items()]
    (table,) = read_tables(render_answers(checks))
    assert [(row["Question"], row["Answer"], row["Cells"]) for row in table] == [
        ("invocations", "1", "v5 on express, hono with local"),
        ("", "21", "v4/express/local"),
    ]


def test_the_same_question_of_two_clauses_is_two_questions() -> None:
    checks = [make_check(clause=name, answers={"lost": "0"}) for name in ("ENG-A", "ENG-B")]
    (table,) = read_tables(render_answers(checks))
    assert [row["Clause"] for row in table] == ["`ENG-A`", "`ENG-B`"]


def test_two_checks_of_one_cell_can_give_two_answers() -> None:
    checks = [make_check(check=name, answers={"lost": name}) for name in ("a", "b", "a")]
    (table,) = read_tables(render_answers(checks))
    assert [row["Answer"] for row in table] == ["a", "b"]


def test_a_check_that_answers_nothing_still_counts_as_a_cell() -> None:
    checks = [make_check(answers={"lost": "0"}), make_check(cell=HONO)]
    assert read_tables(render_answers(checks))[0][0]["Cells"] == "v5/express/local"


def test_hostile_answers_stay_in_their_cells() -> None:
    check = make_check(answers={"a|b\n": "x" * 500 + "|", "<b>": "</details> @you"})
    (table,) = read_tables(render_answers([check]))
    assert len(table) == 2
    assert table[0]["Answer"].endswith("…")
    assert "<b>" not in table[1]["Question"]
    assert "@you" not in table[1]["Answer"]


@pytest.mark.parametrize(
    ("cells", "text"),
    [
        ([EXPRESS], "v5/express/local"),
        ([EXPRESS, EXPRESS], "v5/express/local"),
        (ASKED, "every cell"),
        ([EXPRESS, HONO], "v5 on express, hono with local"),
        ([EXPRESS, EXPRESS_POSTGRES], "v5 on express with local, postgres"),
        ([EXPRESS, EXPRESS_V4], "v5, v4 on express with local"),
        (ASKED[:4], "v5 on express, hono with local, postgres"),
        (
            [EXPRESS, HONO, EXPRESS_POSTGRES],
            "v5 on express, hono with local; v5 on express with postgres",
        ),
        ([HONO, HONO_POSTGRES, HONO], "v5 on hono with local, postgres"),
    ],
)
def test_cells_are_described_briefly(cells: list[Cell], text: str) -> None:
    assert describe_cells(cells, ASKED) == text


def test_only_cells_that_are_meant_are_described() -> None:
    """Whatever is merged stays exact: the product of each part is what was given."""
    for mask in range(1, 2 ** len(ASKED) - 1):
        cells = [cell for place, cell in enumerate(ASKED) if mask >> place & 1]
        if len(cells) == 1:
            continue
        told = set()
        for part in describe_cells(cells, ASKED).split("; "):
            lines, _, rest = part.partition(" on ")
            frameworks, _, worlds = rest.partition(" with ")
            told |= {
                Cell(line, framework, world)
                for line in lines.split(", ")
                for framework in frameworks.split(", ")
                for world in worlds.split(", ")
            }
        assert told == set(cells)
