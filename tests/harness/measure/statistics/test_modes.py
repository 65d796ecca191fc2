"""Two peaks are named; one peak, however wide or crooked, is not split."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from harness.measure.statistics import find_modes

Draw = Callable[[random.Random], float]


def draw(number: int, peak: Draw, *, seed: int = 1) -> list[float]:
    random_ = random.Random(seed)
    return [peak(random_) for _ in range(number)]


def narrow(random_: random.Random) -> float:
    return 100 * math.exp(random_.gauss(0, 0.03))


def crooked(random_: random.Random) -> float:
    return 100 * math.exp(random_.gauss(0, 0.1)) * (1 + (random_.random() < 0.1) * random_.random())


@pytest.mark.parametrize("number", [12, 40])
def test_both_peaks_are_named_with_their_share(number: int) -> None:
    half = number // 2
    slow = [5 * time for time in draw(half, narrow, seed=2)]
    first, second = find_modes([*draw(number - half, narrow), *slow])
    assert first.center == pytest.approx(100, rel=0.05)
    assert second.center == pytest.approx(500, rel=0.05)
    assert first.share == second.share == 0.5


@pytest.mark.parametrize(
    "peak",
    [narrow, crooked, lambda random_: random_.uniform(100, 200)],
    ids=["narrow", "crooked", "flat"],
)
@pytest.mark.parametrize("number", [9, 12, 40])
def test_one_peak_is_rarely_split(peak: Draw, number: int) -> None:
    split = [bool(find_modes(draw(number, peak, seed=seed))) for seed in range(100)]
    assert sum(split) <= 8


def test_readings_of_a_coarse_clock_are_no_peaks() -> None:
    readings = [round(time / 10) for time in draw(30, narrow)]
    assert len(set(readings)) < 4
    assert not find_modes(readings, resolution=1.0)


def test_peaks_of_a_coarse_clock_are_found_all_the_same() -> None:
    assert len(find_modes([10.0] * 8 + [11.0] * 2 + [50.0] * 9, resolution=1.0)) == 2


def test_a_few_outliers_are_no_peak() -> None:
    assert not find_modes([*draw(30, narrow), 900.0, 910.0])


def test_few_samples_are_not_split() -> None:
    assert not find_modes([10.0, 10.1, 10.2, 90.0, 90.1, 90.2])


def test_nothing_measured_has_no_peaks() -> None:
    assert not find_modes([])
    assert not find_modes([0.0] * 20)
