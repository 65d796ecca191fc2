"""The overview: every scenario and contender in one table that fits on a screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from harness.measure.questions import Question
from harness.measure.statistics import Ranking
from reports.benchmark.findings import Findings
from reports.benchmark.flaws import FAULT
from reports.benchmark.rankings import Answer, answer_questions
from reports.benchmark.sentences import format_factor
from reports.writing.names import Names
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, escape

TITLE = "🏁 Overview"

LEGEND = (
    "Each number is a time divided by that of the fastest World, framework or line, averaged over "
    "the cells that they share. 🥇 significantly faster than every other; 🤝 no clear difference "
    "from the fastest; 🔀 the ratio depends on the cell; ⚠ some runs were wrong, so it cannot "
    "win. A number without 🤝 is significant."
)


class OverviewTable(msgspec.Struct, frozen=True):
    """The answers on one line of the SDK, or between lines, in one mode."""

    #: What distinguishes it from the other tables: `v5 · development`; empty if it is the only one.
    title: str
    #: Column -> text that is not escaped, one row per scenario; the first is about all of them.
    rows: tuple[dict[str, str], ...]


def list_overview(findings: Findings) -> tuple[OverviewTable, ...]:
    """List the tables: the Worlds and the frameworks of a line and mode stand in one."""
    groups: dict[str, list[Answer]] = {}
    for answer in answer_questions(findings):
        groups.setdefault(_title(findings.names, answer.question), []).append(answer)
    return tuple(
        OverviewTable(title, tuple(_list_rows(findings, answers)))
        for title, answers in groups.items()
    )


def _title(names: Names, question: Question) -> str:
    """Name the line and the mode of a question, where the session has several."""
    shown = names.keep_shown(("line", "mode"))
    return " · ".join(filter(None, (names.title(part, getattr(question, part)) for part in shown)))


def render_overview(findings: Findings) -> str:
    """Render the rankings of all questions; empty if there is nothing to compare."""
    parts = []
    for table in list_overview(findings):
        if table.title:
            parts.append(f"### {escape(table.title)}")
        parts.append(render_table([_escape_row(row) for row in table.rows]))
    return "\n\n".join([f"## {TITLE}", *parts, LEGEND]) if parts else ""


def _escape_row(row: Mapping[str, str]) -> dict[str, str]:
    return {escape(column): escape(text) for column, text in row.items()}


def _list_rows(findings: Findings, answers: Sequence[Answer]) -> Iterator[dict[str, str]]:
    yield {"Scenario": "all scenarios", **_make_cells(findings, answers, "")}
    for scenario in findings.results.header.scenarios:
        if scenario.decides:
            yield {"Scenario": scenario.id, **_make_cells(findings, answers, scenario.id)}


def _make_cells(findings: Findings, answers: Sequence[Answer], scenario: str) -> dict[str, str]:
    cells = {}
    for answer in answers:
        ranking = answer.scenarios.get(scenario) if scenario else answer.whole
        for name in answer.question.contenders:
            title = findings.names.title(answer.question.part, name)
            cells[title] = _show(ranking, name) if ranking else NOTHING
    return cells


def _show(ranking: Ranking, name: str) -> str:
    if name not in ranking.order:
        return NOTHING
    if name == ranking.winner:
        return "🥇"
    fault = f" {FAULT}" if name in ranking.barred else ""
    if name not in ranking.behind:
        return f"{'🤝' if len(ranking.level) > 1 else format_factor(0.0)}{fault}"
    judgment = ranking.behind[name]
    mark = f"{' 🔀' if name in ranking.interacting else ''}{fault}"
    return f"{format_factor(judgment.center)}{'' if judgment.called else ' 🤝'}{mark}"
