"""Who wins: every comparison of a table, decided together."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from statistics import median
from typing import Generic, TypeVar

import msgspec
import numpy as np

from harness.measure.statistics.judging import BLOCKS_TO_CALL, correct_chances, weigh
from harness.measure.statistics.pairs import Pairs, Series, pair_blocks

Key = TypeVar("Key", bound=Hashable)


class Decision(msgspec.Struct, Generic[Key], frozen=True):
    """Who is the fastest of a comparison, if that can be told."""

    #: `None`, unless it differs significantly from every other.
    winner: Key | None
    #: Those that do not differ significantly from the fastest, itself included; empty if one won.
    tied: frozenset[Key]
    #: How probable such a lead is where all are equally fast, corrected for the whole table.
    chance: float = 1.0


class _Race(msgspec.Struct, Generic[Key], frozen=True):
    """The fastest of one comparison, against every other."""

    fastest: Key
    others: Mapping[Key, Pairs]


def decide(
    comparisons: Sequence[Mapping[Key, Series]],
    *,
    resolution: float = 0.0,
    inflation: float = 1.0,
) -> tuple[Decision[Key], ...]:
    """Decide every comparison of a table: the one place where anybody wins.

    The fastest has the smallest center. It wins if it differs significantly from every other;
    otherwise it is tied with those that it does not differ from, and there is no winner. One that
    ran alone wins nothing, and with fewer than :data:`BLOCKS_TO_CALL` blocks in common, no
    difference is called.

    Args:
        comparisons: Contender -> block -> samples (ms), of those whose every answer was correct.
        resolution: The clock's, in ms.
        inflation: How much wider than its standard error a subject spreads against itself.
    """
    races = [_hold_race(contenders, resolution) for contenders in comparisons]
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
    # The fastest must differ from all: the least certain of its leads decides.
    corrected, level = correct_chances(np.array([max(chances[place].values()) for place in held]))
    decisions: list[Decision[Key]] = [Decision(None, frozenset()) for _ in races]
    for place, chance in zip(held, corrected, strict=True):
        race = races[place]
        if race:
            alike = {key for key, value in chances[place].items() if value > level}
            decisions[place] = (
                Decision(None, frozenset({race.fastest, *alike}), float(chance))
                if alike
                else Decision(race.fastest, frozenset(), float(chance))
            )
    return tuple(decisions)


def _hold_race(contenders: Mapping[Key, Series], resolution: float) -> _Race[Key] | None:
    """Pair the fastest with every other; `None` where there is nothing to compare."""
    centers = {key: find_center(series) for key, series in contenders.items()}
    if len(centers) < 2:
        return None
    # Of equal centers any may stand for all: they do not differ.
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
