"""Simulated sessions with a known effect: how often does the benchmark call a difference?"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping

import msgspec

from harness.measure.statistics import Pairs, judge, pool_pairs

Noise = Callable[[random.Random], float]

ROWS = 21

#: Standard deviation of a fork in the median row, its variation between rows (both as logarithms),
#: and the noise that all rows of a fork share.
_SPREAD = 0.05
_SPREAD_OF_SPREADS = 0.5
_LUCK = 0.01


def draw_evenly(random_: random.Random) -> float:
    """Draw from a normal distribution."""
    return random_.gauss(0, 1)


def draw_with_outliers(random_: random.Random) -> float:
    """Draw a value; one in twelve is far too large, as with other load on the machine."""
    return random_.gauss(0, 1) + (random_.random() < 1 / 12) * random_.expovariate(1 / 6)


NOISES: Mapping[str, Noise] = {
    "even": draw_evenly,
    "one value in twelve far too large": draw_with_outliers,
}


class Tried(msgspec.Struct, frozen=True):
    """The results of many simulated sessions of one kind; all shares are 0..1."""

    noise: str
    blocks: int
    effect: float
    #: Share of all rows that were called.
    rows: float
    #: Share of all sessions that called any row, and share that called the mean of all rows.
    any_row: float
    mean: float


def make_up(
    random_: random.Random, *, blocks: int, effect: float = 0.0, noise: Noise = draw_evenly
) -> list[Pairs]:
    """Simulate the table of one session: rows differ in variance, forks have shared noise.

    Args:
        random_: The source of randomness.
        blocks: The number of blocks.
        effect: ln(after / before) of every row.
        noise: Draws the noise of one fork.
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
    """Judge simulated sessions of every kind."""
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
