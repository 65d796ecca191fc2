"""What checks measured or saw beside their verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.descriptions import Cell
from harness.results.records import Check
from reports.writing.tables import render_table
from reports.writing.text import escape, flatten, quote_code, shorten

_LONGEST = 300

#: One value of lines, of frameworks or of Worlds, and what goes with it.
_Group = tuple[tuple[str, ...], ...]


def render_answers(checks: Iterable[Check]) -> str:
    """Render every answer, equal ones of several cells once; empty without any.

    The cells are named where there are several.
    """
    checks = tuple(checks)
    asked = list(dict.fromkeys(check.cell for check in checks))
    rows = []
    for (clause, question), given in _collect(checks).items():
        told = ("", "")
        for answer, cells in given.items():
            key = (quote_code(clause), escape(question))
            row = dict(zip(("Clause", "Question"), ("", "") if key == told else key, strict=True))
            row["Answer"] = escape(shorten(flatten(answer), _LONGEST))
            if len(asked) > 1:
                row["Cells"] = escape(describe_cells(cells, asked))
            rows.append(row)
            told = key
    return render_table(rows) if rows else ""


def describe_cells(cells: Sequence[Cell], everyone: Sequence[Cell]) -> str:
    """Describe cells briefly: `v4, v5 on express, next with local`, or `every cell`."""
    if len(set(cells)) == 1:
        return cells[0].id
    if set(cells) == set(everyone):
        return "every cell"
    groups: list[_Group] = [((cell.line,), (cell.framework,), (cell.world,)) for cell in cells]
    for place in (1, 2, 0):
        groups = _merge(groups, place)
    return "; ".join(
        f"{', '.join(lines)} on {', '.join(frameworks)} with {', '.join(worlds)}"
        for lines, frameworks, worlds in groups
    )


def _merge(groups: Sequence[_Group], place: int) -> list[_Group]:
    """Merge groups that differ in one place only."""
    merged: dict[_Group, list[str]] = {}
    for group in groups:
        others = (*group[:place], *group[place + 1 :])
        merged.setdefault(others, []).extend(group[place])
    return [
        (*others[:place], tuple(dict.fromkeys(values)), *others[place:])
        for others, values in merged.items()
    ]


def _collect(checks: Iterable[Check]) -> dict[tuple[str, str], dict[str, list[Cell]]]:
    """Return (clause, question) -> answer -> the cells that gave it."""
    given: dict[tuple[str, str], dict[str, list[Cell]]] = {}
    for check in checks:
        for question, answer in check.answers.items():
            answers = given.setdefault((check.clause, question), {})
            cells = answers.setdefault(answer, [])
            if check.cell not in cells:
                cells.append(check.cell)
    return given
