"""What checks of runs and steps share: who won a race, what a log holds, what a step became."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from suites.conformance.answers import describe, field, maybe, shorten, types_of
from suites.conformance.arena import Arena
from suites.conformance.calls import PAYLOAD
from suites.conformance.violations import violate

T = TypeVar("T")

#: The two ways in which a step is over.
OUTCOMES = ("step_completed", "step_failed")
#: Status of an entity by the event that ended it.
STATUS_AFTER = {
    "run_completed": "completed",
    "run_failed": "failed",
    "run_cancelled": "cancelled",
    "step_completed": "completed",
    "step_failed": "failed",
}


def rotate(items: Sequence[T], by: int) -> list[T]:
    """Return the same items beginning with another one, so that each comes first at some time."""
    start = by % len(items) if items else 0
    return [*items[start:], *items[:start]]


def payload(number: int) -> bytes:
    """Return a payload that tells one caller from another."""
    return b"payload of caller %d" % number


def sent(reply: Reply, name: str) -> Any:
    """Return a part of the data of the event that a call sent."""
    return maybe(reply.call.args, 1, "eventData", name)


def expect_kept(stored: Any, winner: Reply, replies: Sequence[Reply], name: str, what: str) -> None:
    """See that something stored holds what the accepted call sent, and not what a refused one did.

    Args:
        stored: The payload as it is read now.
        winner: The call that was accepted.
        replies: All calls that raced.
        name: The payload's name in the event's data.
        what: What holds it, for the message.
    """
    others = [sent(reply, name) for reply in replies if reply is not winner]
    if stored != sent(winner, name) and stored in others:
        violate(f"{what} holds the {name} of a call that was refused: {shorten(stored)}")


def own_types(log: Sequence[Any]) -> list[str]:
    """Return the types of events in list order, without what the World itself puts in between."""
    return [kind for kind in types_of(log) if kind != "noop"]


def expect_count(log: Sequence[Any], kinds: Sequence[str], count: int, what: str) -> None:
    """See that the log holds so many events of some types."""
    found = [kind for kind in own_types(log) if kind in kinds]
    if len(found) != count:
        wanted = " or ".join(kinds)
        violate(f"{what}, but the log has {len(found)} {wanted} events instead of {count}")


def expect_status(entity: Any, status: str, what: str) -> None:
    """See that a run or step has a status."""
    told = field(entity, "status")
    if told != status:
        violate(f"{what} must be {status}, but is {told}")


def expect_logged(arena: Arena, run_id: str, before: Sequence[Any], what: str) -> None:
    """See that a log is as it was."""
    after = arena.log(run_id)
    if after == list(before):
        return
    if len(after) > len(before):
        added = ", ".join(own_types(after[len(before) :])) or "noop"
        violate(f"{what} must leave the log as it was, but it grew by {added}")
    violate(f"{what} must leave the log as it was, but events in it changed")


def end_step(arena: Arena, run_id: str, step_id: str, how: str, content: bytes = PAYLOAD) -> Call:
    """Make the call that ends a step in one of the `OUTCOMES`."""
    if how == "step_completed":
        return arena.events.step_completed(run_id, step_id, content)
    return arena.events.step_failed(run_id, step_id, content)


def retry_at(arena: Arena, run_id: str, step_id: str, in_s: float) -> tuple[Call, datetime]:
    """Make the call that has a step wait for so long; also return until when (whole ms)."""
    at = datetime.now(UTC) + timedelta(seconds=in_s)
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    data = {"error": PAYLOAD, "retryAfter": at}
    return arena.events.create(run_id, "step_retrying", step_id, data), at


def sleep_until(at: datetime, *, and_ms: float = 0) -> None:
    """Wait until a time of the wall clock, and a little longer."""
    time.sleep(max(0.0, at.timestamp() + and_ms / 1000 - time.time()))


def has_attributes(arena: Arena) -> bool:
    """Tell whether the World's runs have attributes."""
    return arena.spec_version >= 4


def has_lazy_start(arena: Arena) -> bool:
    """Tell whether `step_started` may create the step on this line."""
    return arena.line.startswith("v5")


def reader_of(arena: Arena) -> WorldClient:
    """Return the process that looks at the end: another than the first, where there are several."""
    return arena.worlds[-1]


def tell_accepted(replies: Sequence[tuple[str, Reply]]) -> str:
    """Name the calls that were not refused, and how they ended when that is worth a word."""
    return ", ".join(
        name if reply.succeeded else f"{name} ({describe(reply)})" for name, reply in replies
    )
