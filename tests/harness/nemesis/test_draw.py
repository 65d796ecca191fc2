"""One seed decides alike in both languages."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

from harness.inside.python.nemesis.world_harness_nemesis.faults import draw
from tests.harness.inside.nemesis.driving import drive

#: Seeds at the edges of what 32 bits, and a number of JavaScript, can hold.
EDGES = (0, 1, -1, 2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**32, 2**32 + 5, 2**53 - 1, -(2**53) + 1)
#: So that the numbers cannot change unnoticed, and old seeds with them.
KNOWN = {(0, 1): 0.7336879798676819, (7, 1): 0.07271881913766265, (7, 1, 2): 0.5426049456000328}


def make_table() -> list[list[int]]:
    source = random.Random(5)
    rows = [[seed, *places] for seed in EDGES for places in ([], [0], [1], [1, 2], [2**31, 3])]
    rows += [
        [source.randrange(2**53), *(source.randrange(5_000) for _ in range(source.randrange(4)))]
        for _ in range(3_000)
    ]
    return rows


def test_typescript_and_python_draw_the_same_numbers(tmp_path: Path) -> None:
    table = make_table()
    with drive("typescript", tmp_path) as driver:
        numbers = driver.ask("draw", table=table)
    different = [
        row for row, number in zip(table, numbers, strict=True) if draw(row[0], *row[1:]) != number
    ]
    assert not different


def test_the_numbers_are_these() -> None:
    assert {place: draw(*place) for place in KNOWN} == KNOWN


def test_they_are_spread_over_zero_to_one() -> None:
    numbers = [draw(3, index, part) for index in range(1_000) for part in (1, 2, 3)]
    assert all(0 <= number < 1 for number in numbers)
    tenths = Counter(int(10 * number) for number in numbers)
    assert set(tenths) == set(range(10))
    assert max(tenths.values()) < 1.4 * min(tenths.values())
