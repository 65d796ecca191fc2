"""Which contender is the fastest is asked only where cells differ in nothing else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import get_args

from harness.descriptions import Cell, Mode
from harness.measure.questions import Question, list_questions
from harness.results.records import BenchHeader

LINES = ("v4", "v5")
FRAMEWORKS = ("express", "hono")
WORLDS = ("local", "postgres")
MODES = get_args(Mode)


def ask(make_header: Callable[..., BenchHeader], *cells: Cell) -> tuple[Question, ...]:
    return list_questions(make_header(cells=cells))


def test_cells_of_different_modes_never_compete(
    make_header: Callable[..., BenchHeader],
) -> None:
    cells = [Cell(*parts) for parts in product(LINES, FRAMEWORKS, WORLDS, MODES)]
    questions = ask(make_header, *cells)
    assert questions
    for question in questions:
        assert {cell.mode for cell in question.cells} == {question.mode}
    assert {(question.part, question.mode) for question in questions} == {
        *product(("line", "framework", "world"), MODES)
    }


def test_two_modes_of_one_app_raise_no_question(make_header: Callable[..., BenchHeader]) -> None:
    assert not ask(make_header, *(Cell("v5", "express", "local", mode) for mode in MODES))


def test_frameworks_of_one_mode_are_contenders(make_header: Callable[..., BenchHeader]) -> None:
    cells = [Cell("v5", name, "local", "development") for name in FRAMEWORKS]
    (question,) = ask(make_header, *cells, Cell("v5", "nitro", "local"))
    assert (question.part, question.mode) == ("framework", "development")
    assert question.contenders == FRAMEWORKS
