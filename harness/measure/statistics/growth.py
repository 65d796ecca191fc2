"""How a quantity grows with size: the exponent of a power law, with an interval over forks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.measure.statistics.estimates import RESAMPLES, Estimate, Floats, find_interval

SIZES_TO_FIT = 3


def fit_growth(sizes: Sequence[float], values: Sequence[float]) -> float | None:
    """Fit `value ~ size ** exponent` and return the exponent.

    Least squares of the logarithms. Sizes below one and values that are not positive are left
    out. With fewer than three sizes left, the result is `None`.
    """
    points = [
        (size, value) for size, value in zip(sizes, values, strict=True) if size >= 1 and value > 0
    ]
    if len({size for size, _ in points}) < SIZES_TO_FIT:
        return None
    logs = np.log(np.array(points, dtype=np.float64))
    return float(_slopes(logs[:, 0], logs[:, 1][None, :])[0])


def estimate_growth(
    series: Mapping[int, Mapping[str, Sequence[float]]], seed: int
) -> Estimate | None:
    """Estimate how a time grows with size, with an interval over forks.

    Args:
        series: Size -> fork -> samples. A fork counts if it has every fitted size.
        seed: Makes the interval reproducible.

    Returns:
        The exponent, or `None` if it cannot be fitted.
    """
    sizes = sorted(size for size in series if size >= 1 and any(series[size].values()))
    if len(sizes) < SIZES_TO_FIT:
        return None
    complete = [fork for fork in series[sizes[0]] if all(series[size].get(fork) for size in sizes)]
    medians = np.array(
        sorted([float(np.median(series[size][fork])) for size in sizes] for fork in complete)
    ).reshape(len(complete), len(sizes))
    exponent = fit_growth(sizes, np.median(medians, axis=0).tolist()) if complete else None
    if exponent is None:
        return None
    samples = sum(len(series[size][fork]) for size in sizes for fork in complete)
    if len(complete) == 1 or not (medians > 0).all():
        return Estimate(exponent, None, None, forks=len(complete), samples=samples)
    drawn = np.random.default_rng(seed).integers(len(complete), size=(RESAMPLES, len(complete)))
    resampled = np.log(np.median(medians[drawn], axis=1))
    low, high = find_interval(_slopes(np.log(np.array(sizes)), resampled))
    return Estimate(
        exponent, min(low, exponent), max(high, exponent), forks=len(complete), samples=samples
    )


def _slopes(log_sizes: Floats, log_values: Floats) -> Floats:
    """Return the least squares slope of each row of values."""
    centered = log_sizes - log_sizes.mean()
    slopes: Floats = log_values @ centered / (centered @ centered)
    return slopes
