"""The measures of latency scenarios: many values of each sample, computed from its raw times."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise
from statistics import fmean

import msgspec

from harness.measure.metrics import gaps
from harness.results.records import Sample, StreamTimes
from harness.scenarios import Scenario


class Measure(msgspec.Struct, frozen=True):
    """What is measured, from when to when, and its values in one sample, in ms."""

    title: str
    meaning: str
    find: Callable[[Sample, Scenario], list[float]]


def find_resumes(sample: Sample, scenario: Scenario) -> list[float]:
    """Return, of each resumed hook, the time until the next step's body was entered."""
    entries = sorted(step.entered_ms for step in sample.steps)
    followers = [(at, bisect_left(entries, at)) for at in sample.resumed_ms]
    return [entries[place] - at for at, place in followers if place < len(entries)]


def find_lateness(sample: Sample, scenario: Scenario) -> list[float]:
    """Return, of each sleep, the time between the steps around it beyond what was asked for."""
    return [gap.ms - scenario.asked_ms for gap in gaps(sample)]


def find_first_chunks(sample: Sample, scenario: Scenario) -> list[float]:
    """Return the round trip of each stream's first chunk."""
    return [trips[0] for stream in sample.streams if (trips := _list_trips(stream))]


def find_round_trips(sample: Sample, scenario: Scenario) -> list[float]:
    """Return the round trip of every chunk."""
    return [trip for stream in sample.streams for trip in _list_trips(stream)]


def find_jitter(sample: Sample, scenario: Scenario) -> list[float]:
    """Return the mean difference of successive round trips, without its sign, of each stream."""
    return [
        fmean(abs(after - before) for before, after in pairwise(trips))
        for stream in sample.streams
        if len(trips := _list_trips(stream)) > 1
    ]


def find_recoveries(sample: Sample, scenario: Scenario) -> list[float]:
    """Return the time from the restarted app's first healthy answer until all runs completed."""
    times = sample.recovery
    return [max(times.completed_ms) - times.healthy_ms] if times and times.completed_ms else []


def find_recoveries_from_kill(sample: Sample, scenario: Scenario) -> list[float]:
    """Return the time from the kill until all runs completed."""
    times = sample.recovery
    return [max(times.completed_ms)] if times and times.completed_ms else []


def _list_trips(stream: StreamTimes) -> list[float]:
    return [chunk.arrived_ms - chunk.written_ms for chunk in stream.chunks]


#: Name in the `measures` of a scenario -> measure.
MEASURES = {
    "resume": Measure(
        "Hook resume",
        "from calling `resumeHook` on a run that waits to entering the next step's body",
        find_resumes,
    ),
    "lateness": Measure(
        "Sleep lateness",
        "from leaving the body of the step before a sleep to entering that of the step after it, "
        "minus the time that was asked for",
        find_lateness,
    ),
    "first-chunk": Measure(
        "First chunk",
        "from writing the first chunk of a paced stream to its arrival at a reader in the same app",
        find_first_chunks,
    ),
    "round-trip": Measure("Chunk round trip", "the same of every chunk", find_round_trips),
    "jitter": Measure(
        "Jitter",
        "the mean difference between the round trips of successive chunks of one stream, "
        "without its sign",
        find_jitter,
    ),
    "recovery": Measure(
        "Recovery time",
        "from the first healthy answer of the app that was started again on the same storage, "
        "until all of the runs that were under way had completed; less than zero if they had "
        "before it answered",
        find_recoveries,
    ),
    "recovery-from-kill": Measure(
        "Recovery from kill",
        "the same from the SIGKILL, with the start of the app",
        find_recoveries_from_kill,
    ),
}
