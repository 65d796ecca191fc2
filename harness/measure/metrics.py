"""The metrics of a sample. They are computed from its raw marks and never stored."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import msgspec

from harness.results.records import Sample, StepTimes

#: Metric -> resolution of its clock. The times of a run record are whole milliseconds.
RESOLUTION_MS = {"workflow": 1.0, "overhead": 1.0, "wo": 1.0}


#: The least number of steps of a run whose beginning and end are compared: a tenth has ten.
LEAST_STEPS = 100


class Pace(msgspec.Struct, frozen=True):
    """What a step takes at the beginning and at the end of one run: ms from entry to entry."""

    steps: int
    first_ms: float
    last_ms: float

    @property
    def ratio(self) -> float:
        """How many times as long a step takes in the last tenth as in the first."""
        return self.last_ms / self.first_ms


class Gap(msgspec.Struct, frozen=True):
    """Step-to-step overhead: time from the end of one body to the start of the next."""

    ms: float
    #: Whether both bodies ran in one invocation; if not, a queue message was between them.
    inline: bool


def workflow_ms(sample: Sample) -> float | None:
    """The run's completedAt - createdAt (resolution: 1 ms)."""
    if sample.completed_ms is None or sample.created_ms is None:
        return None
    return sample.completed_ms - sample.created_ms


def wall_ms(sample: Sample) -> float | None:
    """A client's waiting time: from calling `start()` to having the answer and the last byte."""
    return sample.answered_ms


def overhead_ms(sample: Sample) -> float | None:
    """Wall time minus workflow time."""
    wall, workflow = wall_ms(sample), workflow_ms(sample)
    return None if wall is None or workflow is None else wall - workflow


def ttfb_ms(sample: Sample) -> float | None:
    """Time from calling `start()` to the first byte of any stream."""
    first = [stream.first_byte_ms for stream in sample.streams if stream.first_byte_ms is not None]
    return min(first, default=None)


def slurp_ms(sample: Sample) -> float | None:
    """Time from the first byte to the end of the last stream."""
    first = ttfb_ms(sample)
    return None if first is None else max(stream.ended_ms for stream in sample.streams) - first


def ttfs_ms(sample: Sample) -> float | None:
    """Time from calling `start()` to entering the first step's body."""
    return min((step.entered_ms for step in sample.steps), default=None)


def ttls_ms(sample: Sample) -> float | None:
    """Time from calling `start()` to entering the last step's body: of a fan-out, its last branch.

    Unknown if other processes ran some of the steps.
    """
    if sample.partial:
        return None
    return max((step.entered_ms for step in sample.steps), default=None)


def find_pace(sample: Sample) -> Pace | None:
    """Compare the first and the last tenth of a run's steps, which come one after the other.

    A tenth takes from the entry of its first body to the entry that follows its last, so that it
    contains everything that happens between steps, replays included. Unknown of runs of fewer than
    :data:`LEAST_STEPS`, and if other processes ran some of the steps.
    """
    entries = sorted(step.entered_ms for step in sample.steps)
    if len(entries) < LEAST_STEPS or sample.partial:
        return None
    tenth = len(entries) // 10
    first = (entries[tenth] - entries[0]) / tenth
    last = (entries[-1] - entries[-1 - tenth]) / tenth
    return Pace(len(entries), first, last) if first > 0 else None


def gaps(sample: Sample) -> tuple[Gap, ...]:
    """Every step-to-step overhead of bodies that did not overlap, in run order."""
    ordered = sorted(sample.steps, key=lambda step: step.entered_ms)
    found = []
    for before, after in pairwise(ordered):
        if before.left_ms is not None and before.left_ms <= after.entered_ms:
            same = before.invocation is not None and before.invocation == after.invocation
            found.append(Gap(after.entered_ms - before.left_ms, same))
    return tuple(found)


def workflow_overhead_ms(sample: Sample) -> float | None:
    """WO: workflow time outside step bodies."""
    workflow = workflow_ms(sample)
    if workflow is None or sample.partial:
        return None
    return workflow - _covered_ms(sample.steps)


def _covered_ms(steps: Iterable[StepTimes]) -> float:
    """Length of the union of the bodies' intervals."""
    covered = 0.0
    reached = float("-inf")
    for step in sorted(steps, key=lambda step: step.entered_ms):
        if step.left_ms is None:
            continue
        covered += max(0.0, step.left_ms - max(step.entered_ms, reached))
        reached = max(reached, step.left_ms)
    return covered
