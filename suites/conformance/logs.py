"""Writing histories, watching a log while it grows, and comparing what was seen of it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from harness.adapters.protocol import Call
from harness.adapters.world import CALL_LIMIT_S, Reply, WorldClient, value_of
from harness.contract.model.ids import read_slot
from suites.conformance.answers import expect_success, field, maybe, shorten, types_of
from suites.conformance.arena import Arena, name_of, page_of
from suites.conformance.calls import PAYLOAD, fresh_id, fresh_token
from suites.conformance.violations import Violation, violate

#: How far ahead processes that are to begin together are told to, in ms.
_AHEAD_MS = 25.0


class History(msgspec.Struct, frozen=True):
    """A run with an event of every type that its line knows, in order."""

    run_id: str
    step_id: str
    failed_step_id: str
    hook_id: str
    token: str
    wait_id: str
    calls: tuple[Call, ...]


def plan_history(arena: Arena, *, ends: bool = True, disposes: bool = True) -> History:
    """Plan a run with every kind of event.

    Args:
        arena: The World under test.
        ends: Whether the run is completed at the end.
        disposes: Whether its hook is disposed of.
    """
    events = arena.events
    run_id, token = fresh_id("wrun"), fresh_token()
    step_id, failed_id = fresh_id("step"), fresh_id("step")
    hook_id, wait_id = fresh_id("hook"), fresh_id("wait")
    calls = [
        events.run_created(run_id),
        events.run_started(run_id),
        events.step_created(run_id, step_id),
        events.step_started(run_id, step_id),
        events.step_retrying(run_id, step_id),
        events.step_started(run_id, step_id),
        events.step_completed(run_id, step_id),
        events.step_created(run_id, failed_id),
        events.step_started(run_id, failed_id),
        events.step_failed(run_id, failed_id),
        events.hook_created(run_id, hook_id, token, metadata=PAYLOAD),
        events.hook_created(run_id, fresh_id("hook"), token),
        events.hook_received(run_id, hook_id),
        events.wait_created(run_id, wait_id),
        events.wait_completed(run_id, wait_id),
    ]
    if arena.line != "v4" and arena.spec_version >= 4:
        calls.append(events.attr_set(run_id, fresh_id("attr"), color="blue"))
    if disposes:
        calls.append(events.hook_disposed(run_id, hook_id))
    if ends:
        calls.append(events.run_completed(run_id))
    return History(run_id, step_id, failed_id, hook_id, token, wait_id, tuple(calls))


def write_in_order(
    arena: Arena, calls: Sequence[Call], world: WorldClient | None = None, *, in_flight: int = 1
) -> list[Any]:
    """Make calls that must all succeed, one after the other, and return their values."""
    replies = (world or arena.world).together(*calls, in_flight=in_flight)
    return [expect_success(reply, name_of(reply.call)) for reply in replies]


def create_steps(
    arena: Arena, run_id: str, count: int, *, world: WorldClient | None = None, in_flight: int = 8
) -> list[Any]:
    """Append so many events to a run, as fast as they go; return the answers."""
    calls = [arena.events.step_created(run_id, fresh_id("step")) for _ in range(count)]
    return write_in_order(arena, calls, world, in_flight=in_flight)


def list_call(
    run_id: str,
    limit: int | None = 1000,
    cursor: str | None = None,
    order: str = "asc",
    *,
    resolve: str = "all",
    shape: str = "",
) -> Call:
    """Make the call that lists a run's events."""
    pagination = {} if shape == "py" else page_of(limit or 0, cursor, order)
    if limit is None:
        del pagination["limit"]
    return Call(
        "events.list", ({"runId": run_id, "pagination": pagination, "resolveData": resolve},)
    )


def walk(
    world: WorldClient, run_id: str, limit: int, order: str = "asc", *, most: int = 5000
) -> Iterator[list[Any]]:
    """Yield the pages of a log, each asked for when it is wanted.

    Args:
        world: Who is asked.
        run_id: Whose log.
        limit: How many events a page may have.
        order: `asc` or `desc`.
        most: After so many pages, the walk is taken to go around in circles.
    """
    cursor: str | None = None
    for _ in range(most):
        page = value_of(world.attempt(list_call(run_id, limit, cursor, order)))
        data = field(page, "data")
        if len(data) > limit:
            violate(f"a page that was to have at most {limit} events has {len(data)}")
        yield data
        cursor = maybe(page, "cursor")
        if not maybe(page, "hasMore"):
            return
        if cursor is None:
            violate("a page says that there are more events, but has no cursor to get them with")
    violate(f"a walk with limit {limit} did not end after {most} pages")


def ids_of(events: Sequence[Any]) -> list[str]:
    """Return the ids of events."""
    return [str(field(event, "eventId")) for event in events]


def watch(
    arena: Arena,
    run_id: str,
    writes: Sequence[Call],
    *,
    looks: int,
    resolve: str = "all",
    reads_first: bool = False,
) -> tuple[list[Reply], list[list[Any]]]:
    """Append events at once in all processes, and list the log again and again meanwhile.

    Args:
        arena: The World under test.
        run_id: Whose log.
        writes: What is appended, dealt out over the processes.
        looks: How often the first process lists the log.
        resolve: Whether the lists hold payloads.
        reads_first: Whether the first process begins with its lists.

    Returns:
        How the writes ended, and what each list showed, in the order of the lists.
    """
    read = list_call(run_id, resolve=resolve, shape=arena.world.opened.shape)
    written, looked = read_while_writing(arena, writes, [read] * looks, reads_first=reads_first)
    what = "a list of the log while others append"
    return written, [field(expect_success(reply, what), "data") for reply in looked]


def read_while_writing(
    arena: Arena, writes: Sequence[Call], reads: Sequence[Call], *, reads_first: bool
) -> tuple[list[Reply], list[Reply]]:
    """Make calls at once in all processes, and others one by one in the first process meanwhile.

    Args:
        arena: The World under test.
        writes: What is done at once, dealt out over the processes from the last to the first.
        reads: What the first process does, one after the other.
        reads_first: Whether the first process begins with these.
    """
    worlds = arena.worlds
    dealt = list(enumerate(reversed(worlds)))
    shares = [(world, list(writes[index :: len(worlds)]), None) for index, world in dealt]
    looking = (worlds[0], list(reads), 1)
    batches = [looking, *shares] if reads_first else [*shares, looking]
    at = _now_ms() + _AHEAD_MS if len(worlds) > 1 else None
    pendings = [
        world.send_batch(calls, at=at, in_flight=in_flight) for world, calls, in_flight in batches
    ]
    finished = [
        world.finish_batch(calls, pending.wait(CALL_LIMIT_S))
        for (world, calls, _), pending in zip(batches, pendings, strict=True)
    ]
    looked = finished.pop(0 if reads_first else -1)
    return [reply for replies in finished for reply in replies], looked


def _now_ms() -> float:

    return time.time() * 1000


def expect_prefix(earlier: Sequence[Any], later: Sequence[Any]) -> None:
    """See that a later list of a log begins with an earlier one, event by event."""
    if list(later[: len(earlier)]) == list(earlier):
        return
    expect_kept(earlier, later)
    before = set(ids_of(earlier))
    for place, event in enumerate(later):
        if event["eventId"] not in before:
            behind = earlier[place]
            violate(
                f"a {event['eventType']} became visible at place {place + 1} of the log, in front "
                f"of a {behind['eventType']} that could be seen there before"
            )
    violate("events of the log changed places between two lists")


def expect_kept(earlier: Sequence[Any], later: Sequence[Any]) -> None:
    """See that what was listed once is still in the log, in the same order and unchanged."""
    now = {field(event, "eventId"): event for event in later}
    for place, event in enumerate(earlier, start=1):
        known = now.get(event["eventId"])
        if known is None:
            violate(
                f"a {event['eventType']} that a list showed at place {place} "
                f"of {len(earlier)} is missing from a later list of {len(later)}"
            )
        if known != event:
            violate(f"a listed {event['eventType']} changed: {name_differences(event, known)}")
    order = {event["eventId"]: place for place, event in enumerate(later)}
    places = [order[event["eventId"]] for event in earlier]
    if places != sorted(places):
        violate("events that were listed in one order came in another in a later list")


def name_differences(one: Any, other: Any, where: str = "") -> str:
    """Say in which fields two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        told = [
            name_differences(one.get(key), other.get(key), f"{where}.{key}" if where else key)
            for key in sorted({*one, *other})
            if one.get(key) != other.get(key)
        ]
        if told:
            return "; ".join(told)
    return f"{where or 'it'} was {shorten(one, 60)} and is {shorten(other, 60)}"


def expect_dense(events: Sequence[Any]) -> None:
    """See that the ids of a log are its slots, counted from 1 without a gap."""
    for place, event in enumerate(events, start=1):
        event_id = field(event, "eventId")
        slot = read_slot(str(event_id))
        if slot is None:
            violate(f"the id of event {place} is no slot: {event_id}")
        if slot != place:
            nearby = ", ".join(types_of(events[max(0, place - 3) : place]))
            violate(
                f"slot {place} is missing from the log: the {event['eventType']} behind the first "
                f"{place - 1} events has slot {slot} (… {nearby})"
            )


def expect_causal(replies: Sequence[Reply], log: Sequence[Any]) -> None:
    """See that in the log nothing stands in front of what had been answered before it was sent."""
    places = {event_id: place for place, event_id in enumerate(ids_of(log))}
    made = [
        (reply, places[event_id])
        for reply in replies
        if reply.succeeded and (event_id := str(field(reply.value, "event", "eventId"))) in places
    ]
    by_end = sorted(made, key=lambda item: item[0].end)
    answered = 0
    latest: tuple[Reply, int] | None = None
    for reply, place in sorted(made, key=lambda item: item[0].start):
        while by_end[answered][0].end < reply.start:
            if latest is None or by_end[answered][1] > latest[1]:
                latest = by_end[answered]
            answered += 1
        if latest is not None and place < latest[1]:
            _violate_order(latest, (reply, place))


def _violate_order(first: tuple[Reply, int], second: tuple[Reply, int]) -> None:
    violation = Violation(
        f"a {name_of(first[0].call)} had been answered before a {name_of(second[0].call)} was "
        f"sent, but stands at place {first[1] + 1} of the log, behind it at {second[1] + 1}"
    )
    violation.witness = (first[0], second[0])
    raise violation


def shuffle(calls: Sequence[Call], seed: int) -> list[Call]:
    """Return calls in another order, the same for the same seed."""
    mixed = list(calls)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - variety, not secrecy
    return mixed
