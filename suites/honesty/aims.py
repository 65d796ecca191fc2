"""Targets for the reliability of verdicts, checked with a recording."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import msgspec

from harness.errors import UsageError
from harness.results.records import BenchResults
from suites.honesty.tries import (
    Rate,
    count_called,
    count_found,
    draw_tries,
    find_whole_blocks,
)

#: Duration of a quick run in seconds, for two versions and a twin.
QUICK_S = 600.0
_VERSIONS = 3

#: How many sessions to draw from a recording.
TRIES = 40

_MOST_CALLED = 0.02
#: Percentage by which a World is slower -> share of tries that must detect it.
_LEAST_FOUND = {"5": 15 / 20, "10": 19 / 20}
LARGEST_SPREAD = 0.03


class AimRow(msgspec.Struct, frozen=True):
    """One target, what was measured, and whether the target is reached."""

    aim: str
    wanted: str
    measured: str
    reached: bool


def evaluate(results: BenchResults, *, tries: int, seed: int, budget_s: float) -> Iterator[AimRow]:
    """Evaluate every match of a recorded session."""
    blocks = count_blocks(results, budget_s)
    whole = len(find_whole_blocks(results))
    if not 0 < blocks < whole:
        raise UsageError(
            f"a try needs {blocks} blocks, but the recording has {whole} complete blocks",
            cause="each try draws different blocks, so it must use at least one and fewer than all",
            remedy="record more blocks, or pass a different number with --minutes",
        )
    for match in results.header.matches:
        if match.kind == "twin":
            continue
        drawn = list(draw_tries(results, match.after, blocks=blocks, tries=tries, seed=seed))
        _, _, slower = match.after.world.rpartition("-slower-")
        if slower in _LEAST_FOUND:
            rate, least = count_found(drawn), _LEAST_FOUND[slower]
            yield AimRow(
                f"every call of the World takes {slower}% longer: found, {blocks} blocks a try",
                f"at least {least:.0%} of tries",
                describe_rate(rate),
                rate.share >= least,
            )
        else:
            rate = count_called(drawn)
            yield AimRow(
                f"the same again: rows called a difference, {blocks} blocks a try",
                f"at most {_MOST_CALLED:.0%}",
                describe_rate(rate),
                rate.share <= _MOST_CALLED,
            )


def count_blocks(results: BenchResults, budget_s: float) -> int:
    """Return how many blocks a session of two versions and a twin can run in the budget."""
    spent: dict[str, float] = {}
    for sample in results.samples:
        if sample.kind == "timing":
            spent[sample.fork] = spent.get(sample.fork, 0.0) + sample.request_ms / 1000
    starting = median(end.startup_ms or 0.0 for end in results.forks) / 1000
    return int(budget_s / (_VERSIONS * (median(spent.values()) + starting)))


def describe_rate(rate: Rate) -> str:
    """Describe a share with its 95% interval and its counts."""
    low, high = rate.bound()
    return f"{rate.share:.1%} [{low:.1%}, {high:.1%}] ({rate.times:,} of {rate.of:,})"
