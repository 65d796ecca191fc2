"""Winners: all comparisons of a table, decided together."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from statistics import median
from typing import Generic, TypeVar

import msgspec
import numpy as np

from harness.measure.statistics.judging import BLOCKS_TO_CALL, correct_chances, weigh
from harness.measure.statistics.pairs import Pairs, Series, pair_blocks

Key = TypeVar("Key", bound=Hashable)


class Decision(msgspec.Struct, Generic[Key], frozen=True):
    """The fastest contender of a comparison, if there is a significant one."""

    #: The winner; `None` unless it differs significantly from every other contender.
    winner: Key | None
    #: The fastest and the contenders that do not differ significantly from it; empty if one won.
    tied: frozenset[Key]
    #: The probability of such a lead if all are equally fast, corrected for the whole table.
    chance: float = 1.0


class _Race(msgspec.Struct, Generic[Key], frozen=True):
    """The fastest of one comparison, against every other."""

    fastest: Key
    others: Mapping[Key, Pairs]


def decide(
    comparisons: Sequence[Mapping[Key, Series]],
    *,
    barred: Sequence[Collection[Key]] = (),
    resolution: float = 0.0,
    inflation: float = 1.0,
) -> tuple[Decision[Key], ...]:
    """Decide every comparison of a table. No other code names a winner.

    The fastest contender has the smallest center. It wins if it differs significantly from every
    other. Otherwise there is no winner, and it ties with those from which it does not differ. A
    contender that ran alone does not win. With fewer than :data:`BLOCKS_TO_CALL` common blocks no
    difference is called.

    A contender that is barred, because some of its answers were wrong, does not win. It also keeps
    no other from winning, unless only one other is left: then the two are compared.

    Args:
        comparisons: Contender -> block -> correct samples (ms).
        barred: The contenders of each comparison that cannot win; empty if all can.
        resolution: The clock's, in ms.
        inflation: How much wider a subject spreads against itself than its standard error.
    """
    unfit = [frozenset(keys) for keys in barred] or [frozenset[Key]()] * len(comparisons)
    races = [
        _pair_with_fastest(_leave_barred_out(contenders, keys), resolution)
        for contenders, keys in zip(comparisons, unfit, strict=True)
    ]
    rows = [row for race in races if race for row in race.others.values()]
    weights = iter(weigh(rows, inflation=inflation))
    chances: list[dict[Key, float]] = [
        {
            key: weight.chance if weight.center > row.resolution else 1.0
            for (key, row), weight in zip(race.others.items(), weights, strict=False)
        }
        if race
        else {}
        for race in races
    ]
    held = [place for place, race in enumerate(races) if race]
    # The fastest must differ from all others, so its least significant lead decides.
    corrected, level = correct_chances(np.array([max(chances[place].values()) for place in held]))
    decisions: list[Decision[Key]] = [Decision(None, frozenset()) for _ in races]
    for place, chance in zip(held, corrected, strict=True):
        race = races[place]
        if race:
            alike = {key for key, value in chances[place].items() if value > level}
            won = not alike and race.fastest not in unfit[place]
            decisions[place] = (
                Decision(race.fastest, frozenset(), float(chance))
                if won
                else Decision(None, frozenset({race.fastest, *alike}), float(chance))
            )
    return tuple(decisions)


def _leave_barred_out(
    contenders: Mapping[Key, Series], barred: Collection[Key]
) -> Mapping[Key, Series]:
    free = {key: series for key, series in contenders.items() if key not in barred}
    return free if len(free) > 1 else contenders


def _pair_with_fastest(contenders: Mapping[Key, Series], resolution: float) -> _Race[Key] | None:
    """Pair the fastest with every other; `None` if there is nothing to compare."""
    centers = {key: find_center(series) for key, series in contenders.items()}
    if len(centers) < 2:
        return None
    # Among equal centers the choice does not matter.
    fastest = min(centers, key=lambda key: (centers[key], str(key)))
    others = {
        key: pair_blocks(contenders[fastest], series, resolution=resolution)
        for key, series in contenders.items()
        if key != fastest
    }
    return _Race(fastest, others)


def find_center(series: Series) -> float:
    """Return the median of the forks' medians."""
    medians = [median(samples) for samples in series.values() if len(samples)]
    return float(median(medians)) if medians else float("inf")


__all__ = ["BLOCKS_TO_CALL", "Decision", "decide", "find_center"]
