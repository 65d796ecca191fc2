"""The planned start of every run. The plan is made in advance and does not depend on answers."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

import msgspec

from harness.errors import UsageError
from harness.results.records import Load, LoadStage

#: How long the app is warmed up at the first rate.
WARMUP_S = 5.0
#: How many rates a range is divided into, including the first and the last.
STEPS = 6

_RATE = re.compile(r"(\d+(?:\.\d+)?)/s(?:\.\.(\d+(?:\.\d+)?)/s)?")
_BURST = re.compile(r"(\d+(?:\.\d+)?)x:(\d+(?:\.\d+)?)s@(\d+(?:\.\d+)?)s")


class Arrival(msgspec.Struct, frozen=True):
    """One planned start: index in the plan, stage, and time in ms from the beginning."""

    index: int
    stage: int
    due_ms: float


def read_stages(load: str, seconds: float, burst: str = "") -> tuple[LoadStage, ...]:
    """Read a load (`50/s` or `10/s..200/s`), its duration, and a burst (`5x:10s@20s`).

    A range has :data:`STEPS` rates, each higher than the last by the same factor, each for
    `seconds`. The burst `5x:10s@20s` is 5 times the rate, for 10 s, beginning at 20 s.

    Raises:
        UsageError: the load or the burst is not valid, or the burst does not fit.
    """
    found = _RATE.fullmatch(load.strip())
    if not found or not float(found[1]):
        raise UsageError(
            f"{load!r} is not a valid rate",
            remedy="write a rate, `50/s`, or a range, `10/s..200/s`",
        )
    first, last = float(found[1]), float(found[2] or found[1])
    warmup = LoadStage(kind="warmup", rate=first, seconds=WARMUP_S)
    if last < first:
        raise UsageError(f"the range {load!r} does not rise", remedy="write the lower rate first")
    if last == first:
        return (warmup, *_plan_burst(first, seconds, burst))
    if burst:
        raise UsageError("a burst needs a single rate", remedy="give either a range or a burst")
    factor = (last / first) ** (1 / (STEPS - 1))
    rates = [round(first * factor**step, 2) for step in range(STEPS)]
    return (warmup, *(LoadStage(kind="steady", rate=rate, seconds=seconds) for rate in rates))


def _plan_burst(rate: float, seconds: float, burst: str) -> tuple[LoadStage, ...]:
    steady = LoadStage(kind="steady", rate=rate, seconds=seconds)
    if not burst:
        return (steady,)
    found = _BURST.fullmatch(burst.strip())
    if not found:
        raise UsageError(
            f"{burst!r} is not a valid burst",
            remedy="write FACTORx:DURATION@START, for example `5x:10s@20s`",
        )
    times, lasts, begins = (float(part) for part in found.groups())
    left = seconds - begins - lasts
    if not begins or not lasts or left <= 0:
        raise UsageError(
            f"the burst {burst} does not fit into {seconds:g} s",
            cause="the latency before the burst and the recovery after it are measured too",
            remedy="start the burst later than 0s, or pass a longer --for",
        )
    return (
        LoadStage(kind="steady", rate=rate, seconds=begins),
        LoadStage(kind="burst", rate=rate * times, seconds=lasts),
        LoadStage(kind="after", rate=rate, seconds=left),
    )


def plan_arrivals(load: Load, seed: int) -> tuple[Arrival, ...]:
    """Return every start of a load, for all its generators.

    Poisson arrivals have independent, exponential gaps, like requests of many users; constant
    arrivals have equal gaps. With the same seed, every generator makes the same plan.
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
    """Return the starts of one generator: every n-th of the plan."""
    return tuple(
        arrival for arrival in arrivals if arrival.index % load.generators == load.generator - 1
    )
