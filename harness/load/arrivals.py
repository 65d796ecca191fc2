"""When runs are to start: decided before the first one, whatever becomes of them."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import msgspec

from harness.errors import UsageError
from harness.results.records import Load, LoadStage

#: How long the app is warmed up at the first rate.
WARMUP_S = 5.0
#: How many rates a range is climbed in, from the first to the last.
STEPS = 6

_RATE = re.compile(r"(\d+(?:\.\d+)?)/s(?:\.\.(\d+(?:\.\d+)?)/s)?")
_BURST = re.compile(r"(\d+(?:\.\d+)?)x:(\d+(?:\.\d+)?)s@(\d+(?:\.\d+)?)s")


class Arrival(msgspec.Struct, frozen=True):
    """One start: its place among all, its stage, and when it is due, in ms from the beginning."""

    index: int
    stage: int
    due_ms: float


def read_stages(load: str, seconds: float, burst: str = "") -> tuple[LoadStage, ...]:
    """Read `50/s` or `10/s..200/s`, for so long, and `5x:10s@20s`.

    A range is climbed in :data:`STEPS` rates, each higher than the last by the same factor, each
    for `seconds`. A burst is so many times the rate, so long, from that second on.

    Raises:
        UsageError: it is not written so, or the burst does not fit.
    """
    found = _RATE.fullmatch(load.strip())
    if not found or not float(found[1]):
        raise UsageError(
            f"{load!r} is not a valid rate", remedy="write it like 50/s, or 10/s..200/s"
        )
    first, last = float(found[1]), float(found[2] or found[1])
    warmup = LoadStage(kind="warmup", rate=first, seconds=WARMUP_S)
    if last < first:
        raise UsageError(f"{load!r} does not climb", remedy="write the lower rate first")
    if last == first:
        return (warmup, *_lay_burst(first, seconds, burst))
    if burst:
        raise UsageError("a burst needs one rate", remedy="give either a range or a burst")
    factor = (last / first) ** (1 / (STEPS - 1))
    rates = [round(first * factor**step, 2) for step in range(STEPS)]
    return (warmup, *(LoadStage(kind="steady", rate=rate, seconds=seconds) for rate in rates))


def _lay_burst(rate: float, seconds: float, burst: str) -> tuple[LoadStage, ...]:
    steady = LoadStage(kind="steady", rate=rate, seconds=seconds)
    if not burst:
        return (steady,)
    found = _BURST.fullmatch(burst.strip())
    if not found:
        raise UsageError(
            f"{burst!r} is not a valid burst",
            remedy="write it like 5x:10s@20s: five times, for 10 s, at 20",
        )
    times, lasts, begins = (float(part) for part in found.groups())
    left = seconds - begins - lasts
    if not begins or not lasts or left <= 0:
        raise UsageError(
            f"the burst {burst} does not fit into {seconds:g} s",
            cause="how fast things are before it, and whether they recover, is seen beside it",
            remedy="begin it later than 0s, or give a longer --for",
        )
    return (
        LoadStage(kind="steady", rate=rate, seconds=begins),
        LoadStage(kind="burst", rate=rate * times, seconds=lasts),
        LoadStage(kind="after", rate=rate, seconds=left),
    )


def plan_arrivals(load: Load, seed: int) -> tuple[Arrival, ...]:
    """Return every start of a load, of all its generators.

    Poisson arrivals have independent, exponential gaps, as many users give them; constant ones have
    equal gaps. The seed makes both the same on every generator.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    arrivals: list[Arrival] = []
    begins_ms = 0.0
    for number, stage in enumerate(load.stages):
        ends_ms = begins_ms + stage.seconds * 1000
        due_ms = begins_ms
        while True:
            gap_s = chance.expovariate(stage.rate) if load.arrivals == "poisson" else 1 / stage.rate
            due_ms += gap_s * 1000
            if due_ms >= ends_ms - 1e-6:
                break
            arrivals.append(Arrival(len(arrivals), number, due_ms))
        begins_ms = ends_ms
    return tuple(arrivals)


def take_share(arrivals: Sequence[Arrival], load: Load) -> tuple[Arrival, ...]:
    """Return the starts that are one generator's: every n-th of the plan."""
    return tuple(
        arrival for arrival in arrivals if arrival.index % load.generators == load.generator - 1
    )
