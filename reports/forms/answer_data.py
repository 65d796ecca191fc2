"""Answers as data for other programs: part of the form of `reports.forms.data`."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec

from harness.descriptions import Mode
from harness.measure.questions import Part
from harness.measure.statistics import Ranking
from reports.benchmark.findings import Findings
from reports.benchmark.rankings import answer_questions
from reports.benchmark.sentences import state_answer


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """The time of a contender, divided by that of the fastest."""

    contender: str
    ratio: float
    #: Its 95% interval; null where there are too few blocks.
    low: float | None
    high: float | None
    #: Whether it is called slower, after the correction for all comparisons of the question.
    slower: bool
    #: Partner -> the ratio with this partner alone; empty over all scenarios.
    by_partner: dict[str, float]
    depends_on_partner: bool


class RankingRow(msgspec.Struct, frozen=True, kw_only=True):
    """The contenders in one scenario, or over all."""

    #: Null unless every other is called slower.
    winner: str | None
    fastest: str | None
    behind: tuple[Behind, ...]


class AnswerRow(msgspec.Struct, frozen=True, kw_only=True):
    """Which World, framework or line is faster."""

    sentence: str
    part: Part
    #: Empty where lines are compared.
    line: str
    #: In which all were run.
    mode: Mode = "production"
    contenders: tuple[str, ...]
    #: Over all scenarios that every contender has.
    whole: RankingRow
    #: Scenario -> its ranking.
    scenarios: dict[str, RankingRow]


def list_answers(findings: Findings) -> Iterator[AnswerRow]:
    """Yield the answers of a session, in the order of the report."""
    for answer in answer_questions(findings):
        yield AnswerRow(
            sentence=state_answer(findings, answer),
            part=answer.question.part,
            line=answer.question.line,
            mode=answer.question.mode,
            contenders=answer.question.contenders,
            whole=_make_ranking(answer.whole),
            scenarios={name: _make_ranking(item) for name, item in answer.scenarios.items()},
        )


def _make_ranking(ranking: Ranking) -> RankingRow:
    return RankingRow(
        winner=ranking.winner,
        fastest=ranking.order[0] if ranking.order else None,
        behind=tuple(
            Behind(
                contender=name,
                ratio=math.exp(ranking.behind[name].center),
                low=_exponentiate(ranking.behind[name].low),
                high=_exponentiate(ranking.behind[name].high),
                slower=ranking.behind[name].called,
                by_partner={
                    partner: math.exp(value)
                    for partner, value in ranking.with_partner.get(name, {}).items()
                },
                depends_on_partner=name in ranking.interacting,
            )
            for name in ranking.order[1:]
        ),
    )


def _exponentiate(value: float | None) -> float | None:
    return None if value is None else math.exp(value)
