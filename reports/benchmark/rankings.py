"""Which World, framework or line is faster, by how much: every question with all its evidence."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from harness.descriptions import Cell, Scenario
from harness.measure.metrics import RESOLUTION_MS
from harness.measure.questions import Question, list_questions
from harness.measure.statistics import Ranking, Series, rank_scenarios, rank_whole
from reports.benchmark.findings import Findings

#: The order in which answers are read: most readers choose a World.
_ORDER = ("world", "framework", "line")


class Answer(msgspec.Struct, frozen=True):
    """The answer to one question."""

    question: Question
    #: By the mean over all scenarios that every contender has.
    whole: Ranking
    #: The number of scenarios in that mean.
    pooled: int
    #: Scenario id -> its own ranking; of scenarios with at least two contenders.
    scenarios: dict[str, Ranking]


def answer_questions(findings: Findings) -> tuple[Answer, ...]:
    """Answer every question of a session that has something to compare."""
    questions = sorted(
        list_questions(findings.results.header), key=lambda item: _ORDER.index(item.part)
    )
    answers = [_answer(findings, question) for question in questions]
    return tuple(answer for answer in answers if answer.scenarios)


def _answer(findings: Findings, question: Question) -> Answer:
    asked = {
        scenario.id: question.gather(_find_times(findings, scenario))
        for scenario in findings.results.header.scenarios
    }
    compared = {name: contenders for name, contenders in asked.items() if len(contenders) > 1}
    barred = {name: _find_barred(findings, question, name) for name in compared}
    rankings = rank_scenarios(
        [*compared.values()],
        barred=[*barred.values()],
        resolution=RESOLUTION_MS["workflow"],
        inflation=findings.inflation or 1.0,
    )
    everybody = {name for contenders in compared.values() for name in contenders}
    shared = {name: item for name, item in compared.items() if set(item) == everybody}
    return Answer(
        question=question,
        whole=rank_whole(
            shared,
            # A fault in one scenario is not one of all.
            barred=everybody.intersection(*(barred[name] for name in shared)) if shared else (),
            resolution=RESOLUTION_MS["workflow"],
            inflation=findings.whole_inflation or 1.0,
        ),
        pooled=len(shared),
        scenarios={
            name: ranking
            for name, ranking in zip(compared, rankings, strict=True)
            if len(ranking.order) > 1
        },
    )


def _find_barred(findings: Findings, question: Question, scenario: str) -> frozenset[str]:
    """Return the contenders that are compared in spite of a bad sample."""
    entries = [findings.entries[cell, scenario] for cell in question.cells]
    return frozenset(
        getattr(entry.cell, question.part)
        for entry in entries
        if entry.competes and not entry.may_win
    )


def _find_times(findings: Findings, scenario: Scenario) -> Callable[[Cell], Series]:
    def find(cell: Cell) -> Series:
        entry = findings.entries[cell, scenario.id]
        return entry.series if entry.competes else {}

    return find
