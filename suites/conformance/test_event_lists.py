"""Events: pages and cursors, and lists that leave nothing out."""

from __future__ import annotations

from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import CALL_LIMIT_S, Reply, WorldClient, value_of
from suites.conformance.answers import describe, expect_refused, field, maybe
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.forms import RACING, decides
from suites.conformance.logs import (
    create_steps,
    expect_prefix,
    ids_of,
    list_call,
    name_differences,
    plan_history,
    walk,
    write_in_order,
)
from suites.conformance.racing import Race, Round
from suites.conformance.violations import violate


def _page(arena: Arena, run_id: str, limit: int | None = 1000, cursor: str | None = None) -> Any:
    return value_of(arena.try_(list_call(run_id, limit, cursor)))


@decides("EVT-CURSOR-LAST")
def test_from_the_cursor_of_the_last_page_one_reads_what_was_appended_since(arena: Arena) -> None:
    run_id = arena.running_run()
    page = _page(arena, run_id)
    for more in (1, 3, 2):
        cursor = maybe(page, "cursor")
        if cursor is None:
            violate(
                f"the last page, with {len(page['data'])} events, has no cursor: what is appended "
                "later can be read only by reading everything again"
            )
        appended = [field(made, "event", "eventId") for made in create_steps(arena, run_id, more)]
        page = _page(arena, run_id, cursor=cursor)
        found = ids_of(field(page, "data"))
        if sorted(found) != sorted(appended):
            violate(
                f"after {more} more events were appended, a list from the last cursor has "
                f"{len(found)} events, {len(set(found) & set(appended))} of them the new ones"
            )
        if maybe(page, "hasMore"):
            violate("the last page says that there are more events")


@decides("EVT-CURSOR-LAST")
def test_a_last_page_that_is_exactly_full_has_a_cursor(arena: Arena) -> None:
    run_id = arena.running_run()
    create_steps(arena, run_id, 4)
    page = _page(arena, run_id, 3)
    page = _page(arena, run_id, 3, maybe(page, "cursor"))
    if maybe(page, "cursor") is None:
        violate("the last page has as many events as were asked for, but no cursor")
    appended = field(create_steps(arena, run_id, 1)[0], "event", "eventId")
    found = ids_of(field(_page(arena, run_id, 3, page["cursor"]), "data"))
    if found != [appended]:
        violate(f"a list from the cursor of a full last page has {len(found)} events, not the new")


@decides("EVT-CURSOR-LAST")
def test_what_cursors_nobody_needs_are_answered_with(arena: Arena) -> None:
    arena.only_records = True
    run_id = arena.running_run()
    cursor = maybe(_page(arena, run_id), "cursor")
    if cursor is not None:
        empty = maybe(_page(arena, run_id, cursor=cursor), "cursor")
        told = "another one"
        if empty in {None, cursor}:
            told = "none" if empty is None else "the one that was given"
        arena.record("cursor-of-empty-page", told)
    reply = arena.try_(list_call(run_id, 1000, "no-cursor-of-this-world"))
    arena.record("unknown-cursor", _describe_unknown(reply))


def _describe_unknown(reply: Reply) -> str:
    if not reply.succeeded:
        return f"refused with {describe(reply).partition(':')[0]}"
    return "lists from the beginning" if maybe(reply.value, "data") else "lists nothing"


@decides("EVT-CURSOR-STABLE", cost=2)
def test_pages_of_any_size_in_any_direction_have_each_event_once(arena: Arena) -> None:
    run_id = arena.running_run()
    create_steps(arena, run_id, arena.effort.scaled(150), in_flight=16)
    whole = ids_of(arena.log(run_id))
    for limit in (1, 7, len(whole) - 1, len(whole), 1000):
        for order in ("asc", "desc"):
            walked = [
                name for page in walk(arena.world, run_id, limit, order) for name in ids_of(page)
            ]
            _expect_same(walked, whole if order == "asc" else whole[::-1], limit, order)


def _expect_same(walked: list[str], wanted: list[str], limit: int, order: str) -> None:
    if walked == wanted:
        return
    way = f"walking {len(wanted)} events {order} with limit {limit}"
    if len(set(walked)) < len(walked):
        violate(f"{way} yields {len(walked) - len(set(walked))} events more than once")
    if set(walked) != set(wanted):
        violate(f"{way} yields {len(walked)}, {len(set(wanted) - set(walked))} are left out")
    violate(f"{way} yields them in another order than one page does")


@decides("EVT-CURSOR-STABLE", *RACING, cost=2)
def test_a_walk_while_others_append_has_each_event_once(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        worlds = arena.worlds
        run_id = arena.running_run()
        create_steps(arena, run_id, 10, in_flight=10)
        before = set(ids_of(arena.log(run_id)))
        shares = [_appends(arena, run_id, round_.width, world) for world in worlds]
        pendings = [world.send_batch(calls, in_flight=2) for world, calls in shares]
        walked = [
            name for page in walk(worlds[0], run_id, 1 + round_.number % 3) for name in ids_of(page)
        ]
        for (world, calls), pending in zip(shares, pendings, strict=True):
            world.finish_batch(calls, pending.wait(CALL_LIMIT_S))
        _expect_walked(walked, before, ids_of(arena.log(run_id)))

    race(one_round)


def _appends(
    arena: Arena, run_id: str, width: int, world: WorldClient
) -> tuple[WorldClient, list[Call]]:
    count = max(1, width // arena.processes)
    return world, [arena.events.step_created(run_id, fresh_id("step")) for _ in range(count)]


def _expect_walked(walked: list[str], before: set[str], whole: list[str]) -> None:
    """See that a walk has each event once, in order, and all that it could not miss."""
    if len(set(walked)) < len(walked):
        violate(f"a walk yields {len(walked) - len(set(walked))} events twice while others append")
    missing = before - set(walked)
    if missing:
        violate(f"a walk leaves out {len(missing)} of {len(before)} events that were there before")
    places = {name: place for place, name in enumerate(whole)}
    lost = [name for name in walked if name not in places]
    if lost:
        violate(f"a walk yields {len(lost)} events that a later list does not have")
    order = [places[name] for name in walked]
    if order != sorted(order):
        violate("a walk yields events in another order than a later list")


@decides("EVT-LIST-FULL", cost=3)
def test_a_list_without_a_limit_has_every_event(arena: Arena) -> None:
    arena.only_records = (arena.line, "INFORMATIVE") in arena.clause.levels.items()
    run_id = arena.running_run()
    count = arena.effort.scaled(1200) + 2
    create_steps(arena, run_id, count - 2, in_flight=16)
    page = _page(arena, run_id, None)
    found = len(field(page, "data"))
    arena.record("events-default-limit", "none" if found == count else found)
    if found != count and not arena.only_records:
        violate(f"a list without a limit has {found} of {count} events")
    if found < count and not maybe(page, "hasMore"):
        violate(f"a list has {found} of {count} events, and says that there are no more")


@decides("EVT-CORRELATION-SCOPED")
def test_events_of_one_correlation_id_are_those_of_the_run(arena: Arena) -> None:
    arena.require("events.listByCorrelationId")
    hook_id = fresh_id("hook")
    run_ids = [arena.running_run(), arena.running_run()]
    for run_id in run_ids:
        # Where one name serves one run only, the second run has no such hook, and lists nothing.
        arena.try_(arena.events.hook_created(run_id, hook_id, fresh_token()))
        arena.try_(arena.events.hook_received(run_id, hook_id))
        arena.new_step(run_id)
    for run_id in [*run_ids, arena.running_run()]:
        wanted = [event for event in arena.log(run_id) if event.get("correlationId") == hook_id]
        options = {"correlationId": hook_id, "runId": run_id, "pagination": {"limit": 100}, **ALL}
        found = field(arena.world.events.list_by_correlation_id(options), "data")
        foreign = [event for event in found if event["runId"] != run_id]
        if foreign:
            violate(
                f"listed by correlation id and run, {len(foreign)} of {len(found)} events belong "
                "to another run"
            )
        if ids_of(found) != ids_of(wanted):
            violate(
                f"listed by correlation id and run there are {len(found)} events, in the log "
                f"of the run {len(wanted)}"
            )


@decides("EVT-GET")
def test_an_event_is_got_as_it_is_listed(arena: Arena) -> None:
    arena.require("events.get")
    history = plan_history(arena)
    write_in_order(arena, history.calls)
    for event in arena.log(history.run_id):
        got = arena.world.events.get(history.run_id, event["eventId"], ALL)
        if got != event:
            violate(
                f"events.get shows a {event['eventType']} otherwise than the list: "
                f"{name_differences(event, got)}"
            )


@decides("EVT-GET")
def test_an_event_of_another_run_is_not_found(arena: Arena) -> None:
    arena.require("events.get")
    long_run, short_run = arena.running_run(), arena.running_run()
    create_steps(arena, long_run, 5)
    # Every run has its own slot 1: of the longer run, the last event has no namesake in the other.
    event_id = arena.log(long_run)[-1]["eventId"]
    reply = arena.try_(Call("events.get", (short_run, event_id, ALL)))
    expect_refused(reply, (), "events.get with the id of an event of another run")


@decides("EVT-TYPE-GUARD")
def test_events_that_no_client_may_write_are_refused_and_leave_no_trace(arena: Arena) -> None:
    accepted, traces = [], []
    for name, data in (
        ("foo_bar", {"token": "x"}),
        ("noop", None),
        ("hook_conflict", {"token": fresh_token()}),
    ):
        run_id = arena.running_run()
        before = arena.log(run_id)
        reply = arena.try_(arena.events.create(run_id, name, fresh_id("hook"), data))
        if reply.succeeded:
            accepted.append(name)
        trace = _find_trace(arena, run_id, before, name)
        if trace:
            traces.append(trace)
    arena.record("accepted-foreign-types", ", ".join(accepted) or "none")
    if accepted:
        violate(
            f"events of types that are not for clients are accepted: {', '.join(accepted)}"
            + (f"; {'; '.join(traces)}" if traces else "")
        )
    if traces:
        violate("; ".join(traces))


def _find_trace(arena: Arena, run_id: str, before: list[Any], name: str) -> str:
    """Say what an event that must be refused left behind; nothing, if all is well."""
    listed = arena.try_(list_call(run_id))
    if not listed.succeeded:
        return f"after {name}, the run's log can no longer be read ({describe(listed)[:80]})"
    made = arena.do(arena.events.step_created(run_id, fresh_id("step")))
    after = arena.log(run_id)
    if len(after) != len(before) + 1:
        return f"{name} is in the log"
    expect_prefix(before, after)
    slot = str(field(made, "event", "eventId"))
    if slot.startswith("evnt_0000000000") and int(slot[5:]) != len(after):
        return f"{name} used up an event id"
    return ""
