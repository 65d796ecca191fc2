"""Rankings: which contender is fastest, by how much, with all the evidence for the question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
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
    #: Those that cannot win, because some of their answers were wrong. They may be faster than the
    #: first, which is the fastest of the others, where there are at least two.
    barred: frozenset[str] = frozenset()

    @property
    def slower(self) -> tuple[str, ...]:
        """Those that are significantly slower than the fastest."""
        judged = ((name, self.behind[name]) for name in self.order[1:])
        return tuple(name for name, item in judged if item.called and item.center > 0)

    @property
    def level(self) -> tuple[str, ...]:
        """The fastest, and those that do not differ significantly from it."""
        return (
            *self.order[:1],
            *(name for name in self.order[1:] if not self.behind[name].called),
        )

    @property
    def winner(self) -> str | None:
        """The fastest, if every other is significantly slower; those that are barred do not count.

        If only one is not barred, it wins if all that are barred are slower.
        """
        rivals = {*self.order[1:]} - self.barred or {*self.order[1:]}
        won = rivals and self.order[0] not in self.barred and rivals <= {*self.slower}
        return self.order[0] if won else None


def rank_scenarios(
    questions: Sequence[Contenders],
    *,
    barred: Sequence[Collection[str]] = (),
    resolution: float = 0.0,
    inflation: float = 1.0,
) -> tuple[Ranking, ...]:
    """Rank the contenders of each scenario; all scenarios are one family of comparisons.

    Args:
        questions: For each scenario, its contenders.
        barred: For each scenario, the contenders that cannot win it; empty if all can.
        resolution: The clock's, in ms.
        inflation: How much wider a subject spreads against itself than its standard error.
    """
    races = [
        _race(question, unfit, lambda before, after: _compare(before, after, resolution))
        for question, unfit in zip(questions, barred or [()] * len(questions), strict=True)
    ]
    rows = [row for race in races for row in race.values()]
    judged = iter(_judge(rows, max(map(len, questions), default=0), inflation))
    found = iter(find_interactions(rows, inflation=inflation))
    rankings = []
    for place, (question, race) in enumerate(zip(questions, races, strict=True)):
        behind = {name: next(judged) for name in race}
        apart = frozenset(name for name in race if next(found))
        rankings.append(
            Ranking(
                order=_order(question, behind),
                behind=behind,
                with_partner={name: row.centers for name, row in race.items()},
                interacting=apart,
                barred=frozenset(barred[place] if barred else ()),
            )
        )
    return tuple(rankings)


def rank_whole(
    scenarios: Mapping[str, Contenders],
    *,
    barred: Collection[str] = (),
    resolution: float = 0.0,
    inflation: float = 1.0,
) -> Ranking:
    """Rank contenders by the mean over all scenarios that all of them have.

    Args:
        scenarios: Scenario -> its contenders.
        barred: The contenders that cannot win.
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

    fastest = _find_fastest(_list_free(names, barred), compare)
    race = {name: compare(fastest, name) for name in names if name != fastest}
    behind = dict(zip(race, _judge([*race.values()], len(names), inflation), strict=True))
    return Ranking(order=_order(names, behind), behind=behind, barred=frozenset(barred))


def _compare(
    before: Mapping[str, Series], after: Mapping[str, Series], resolution: float
) -> Contrast:
    return compare_partners(before, after, resolution=resolution)


def _race(
    question: Contenders,
    barred: Collection[str],
    compare: Callable[[Mapping[str, Series], Mapping[str, Series]], Contrast],
) -> dict[str, Contrast]:
    """Compare every contender with the fastest; empty with fewer than two.

    The fastest is one that can win, where at least two can.
    """
    names = sorted(question)
    if len(names) < 2:
        return {}

    def between(before: str, after: str) -> Contrast:
        return compare(question[before], question[after])

    fastest = _find_fastest(_list_free(names, barred), between)
    return {name: between(fastest, name) for name in names if name != fastest}


def _list_free(names: Sequence[str], barred: Collection[str]) -> Sequence[str]:
    """Return those that can win, where at least two can; otherwise all."""
    free = [name for name in names if name not in barred]
    return free if len(free) > 1 else names


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
