"""Made-up sessions, whose truth is known: how often the judgment calls what."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping

import msgspec

from harness.measure.statistics import Pairs, judge, pool_pairs

Noise = Callable[[random.Random], float]

ROWS = 21

#: Standard deviation of a fork in the middle of the rows, how much that differs between rows (both
#: as logarithms), and the luck that all of a fork's rows share.
_SPREAD = 0.05
_SPREAD_OF_SPREADS = 0.5
_LUCK = 0.01


def draw_evenly(random_: random.Random) -> float:
    """Draw from a normal distribution."""
    return random_.gauss(0, 1)


def draw_with_outliers(random_: random.Random) -> float:
    """Draw a value that one time in twelve is far too large: a neighbor on the machine."""
    return random_.gauss(0, 1) + (random_.random() < 1 / 12) * random_.expovariate(1 / 6)


NOISES: Mapping[str, Noise] = {
    "even": draw_evenly,
    "one value in twelve far too large": draw_with_outliers,
}


class Tried(msgspec.Struct, frozen=True):
    """What became of many made-up sessions of one kind; all shares are 0..1."""

    noise: str
    blocks: int
    effect: float
    #: Of all rows, those that were called.
    rows: float
    #: Of all sessions, those that called any row, and those that called the mean of all rows.
    any_row: float
    mean: float


def make_up(
    random_: random.Random, *, blocks: int, effect: float = 0.0, noise: Noise = draw_evenly
) -> list[Pairs]:
    """Make up the table of one session: rows vary differently, and forks share their luck.

    Args:
        random_: Where it comes from.
        blocks: How many.
        effect: ln(after / before) of every row.
        noise: Of one fork.
    """
    spreads = [_SPREAD * math.exp(random_.gauss(0, _SPREAD_OF_SPREADS)) for _ in range(ROWS)]
    luck = [random_.gauss(0, _LUCK) - random_.gauss(0, _LUCK) for _ in range(blocks)]
    return [
        Pairs(
            tuple(effect + shared + spread * (noise(random_) - noise(random_)) for shared in luck)
        )
        for spread in spreads
    ]


def try_made_up(sessions: int, seed: int) -> Iterator[Tried]:
    """Judge made-up sessions of every kind."""
    for name, noise in NOISES.items():
        for blocks in (3, 5, 8, 12):
            for effect in (0.0, 0.05, 0.10):
                random_ = random.Random(f"{seed}/{name}/{blocks}/{effect}")  # noqa: S311
                rows = called = mean = 0
                for _ in range(sessions):
                    table = make_up(random_, blocks=blocks, effect=math.log1p(effect), noise=noise)
                    found = [judgment.called for judgment in judge(table, [pool_pairs(table)])]
                    rows += sum(found[:-1])
                    called += any(found[:-1])
                    mean += found[-1]
                yield Tried(
                    name,
                    blocks,
                    effect,
                    rows / sessions / ROWS,
                    called / sessions,
                    mean / sessions,
                )
