"""What was seen of one sample: its steps, streams, recovery and counts."""

from __future__ import annotations

import msgspec


class StepTimes(msgspec.Struct, frozen=True, array_like=True):
    """One execution of a step's body: ms since `start()` was called, and where it ran."""

    entered_ms: float
    left_ms: float | None
    #: The delivery that it ran in; two steps with one invocation ran without a queue hop between.
    invocation: str | None


class ChunkTimes(msgspec.Struct, frozen=True, array_like=True):
    """One chunk of a paced stream: ms since `start()`, when it was written and when it arrived."""

    written_ms: float
    arrived_ms: float


class StreamTimes(msgspec.Struct, frozen=True, kw_only=True):
    """One stream, read to its end: milliseconds since `start()` was called, and bytes."""

    first_byte_ms: float | None
    ended_ms: float
    bytes: int
    #: Of a paced stream.
    chunks: tuple[ChunkTimes, ...] = ()


class RecoveryTimes(msgspec.Struct, frozen=True, kw_only=True):
    """Runs that were under way when their app was killed: ms since the kill."""

    #: The first healthy answer of the app that was started on the same storage.
    healthy_ms: float
    #: When each run completed, by its record.
    completed_ms: tuple[float, ...]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What one run asked of its World."""

    #: Route (flow, step) -> deliveries of a queue message.
    invocations: dict[str, int]
    #: Method (with the event's type) -> calls; empty outside recording forks.
    world_calls: dict[str, int] = {}
    #: Route -> messages put on the queue; empty outside recording forks.
    queue_messages: dict[str, int] = {}
    #: Method -> bytes of what was handed over; empty outside recording forks.
    bytes: dict[str, int] = {}
