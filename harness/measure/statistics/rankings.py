"""Rankings: which contender is fastest, by how much, with all the evidence for the question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from harness.measure.statistics.contrasts import (
    Contrast,
    MeanContrast,
    average_contrasts,
    compare_partners,
    find_interactions,
)
from harness.measure.statistics.judging import FALSE_SHARE, ComparedRow, Judgment, judge
from harness.measure.statistics.pairs import Series

#: Contender -> partner -> block -> samples (ms).
Contenders: TypeAlias = Mapping[str, Mapping[str, Series]]

Evidence = TypeVar("Evidence", bound=ComparedRow)


class Ranking(msgspec.Struct, frozen=True):
    """The contenders of one question, the fastest first."""

    order: tuple[str, ...] = ()
    #: Every other contender -> its time divided by the fastest's, as logarithms.
    behind: dict[str, Judgment] = {}
    #: Every other contender -> partner -> the same with this partner alone.
    with_partner: dict[str, dict[str, float]] = {}
    #: Those whose distance from the fastest depends on the partner.
    interacting: frozenset[str] = frozenset()

    @property
    def slower(self) -> tuple[str, ...]:
        """Those that are significantly slower than the fastest."""
        return tuple(name for name in self.order[1:] if self.behind[name].called)

    @property
    def level(self) -> tuple[str, ...]:
        """The fastest, and those that do not differ significantly from it."""
        return tuple(name for name in self.order if name not in self.slower)

    @property
    def winner(self) -> str | None:
        """The fastest, if every other is significantly slower."""
        return self.order[0] if len(self.level) == 1 and len(self.order) > 1 else None


def rank_scenarios(
    questions: Sequence[Contenders], *, resolution: float = 0.0, inflation: float = 1.0
) -> tuple[Ranking, ...]:
    """Rank the contenders of each scenario; all scenarios are one family of comparisons.

    Args:
        questions: For each scenario, its contenders.
        resolution: The clock's, in ms.
        inflation: How much wider a subject spreads against itself than its standard error.
    """
    races = [
        _race(question, lambda before, after: _compare(before, after, resolution))
        for question in questions
    ]
    rows = [row for race in races for row in race.values()]
    judged = iter(_judge(rows, max(map(len, questions), default=0), inflation))
    found = iter(find_interactions(rows, inflation=inflation))
    rankings = []
    for question, race in zip(questions, races, strict=True):
        behind = {name: next(judged) for name in race}
        apart = frozenset(name for name in race if next(found))
        rankings.append(
            Ranking(
                order=_order(question, behind),
                behind=behind,
                with_partner={name: row.centers for name, row in race.items()},
                interacting=apart,
            )
        )
    return tuple(rankings)


def rank_whole(
    scenarios: Mapping[str, Contenders], *, resolution: float = 0.0, inflation: float = 1.0
) -> Ranking:
    """Rank contenders by the mean over all scenarios that all of them have.

    Args:
        scenarios: Scenario -> its contenders.
        resolution: The clock's, in ms.
        inflation: How much wider such a mean spreads between a subject and itself.
    """
    names = sorted({name for question in scenarios.values() for name in question})
    shared = [question for question in scenarios.values() if set(question) == set(names)]
    if len(names) < 2 or not shared:
        return Ranking()

    def compare(before: str, after: str) -> MeanContrast:
        return average_contrasts(
            [_compare(item[before], item[after], resolution) for item in shared]
        )

    fastest = _find_fastest(names, compare)
    race = {name: compare(fastest, name) for name in names if name != fastest}
    behind = dict(zip(race, _judge([*race.values()], len(names), inflation), strict=True))
    return Ranking(order=_order(names, behind), behind=behind)


def _compare(
    before: Mapping[str, Series], after: Mapping[str, Series], resolution: float
) -> Contrast:
    return compare_partners(before, after, resolution=resolution)


def _race(
    question: Contenders,
    compare: Callable[[Mapping[str, Series], Mapping[str, Series]], Contrast],
) -> dict[str, Contrast]:
    """Compare every contender with the fastest; empty with fewer than two."""
    names = sorted(question)
    if len(names) < 2:
        return {}

    def between(before: str, after: str) -> Contrast:
        return compare(question[before], question[after])

    fastest = _find_fastest(names, between)
    return {name: between(fastest, name) for name in names if name != fastest}


def _find_fastest(names: Sequence[str], compare: Callable[[str, str], ComparedRow]) -> str:
    """Return the contender with the smallest time, measured against the first."""
    first = names[0]
    behind = {name: compare(first, name).center if name != first else 0.0 for name in names}
    return min(names, key=lambda name: (behind[name], name))


def _judge(rows: Sequence[ComparedRow], contenders: int, inflation: float) -> tuple[Judgment, ...]:
    """Judge rows against the fastest of several, which is chosen after the fact.

    Among k contenders there are k(k-1)/2 pairs, and k-1 of them are judged: each row's chance
    counts for the other pairs as well.
    """
    return judge(rows, inflation=inflation, room=FALSE_SHARE / max(1.0, contenders / 2))


def _order(names: Sequence[str] | Contenders, behind: Mapping[str, Judgment]) -> tuple[str, ...]:
    """Return the fastest, and then the others by their distance."""
    if not behind:
        return ()
    (fastest,) = set(names) - set(behind)
    return (fastest, *sorted(behind, key=lambda name: (behind[name].center, name)))
