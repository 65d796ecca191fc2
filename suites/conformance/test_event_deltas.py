"""Events: what an answer tells its writer about the events of others."""

from __future__ import annotations

from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import value_of
from harness.contract.model.ids import read_slot
from suites.conformance.answers import expect_success, field, maybe, types_of
from suites.conformance.arena import Arena
from suites.conformance.calls import fresh_id, fresh_token
from suites.conformance.forms import RACING, decides
from suites.conformance.logs import create_steps, ids_of, list_call, name_differences
from suites.conformance.racing import Race, Round
from suites.conformance.violations import NotApplicable, violate

_STEP = {"stepName": "step//./flows//work", "input": b"counted"}


def _counted(arena: Arena, run_id: str, count: int) -> Call:
    return arena.events.create(
        run_id, "step_created", fresh_id("step"), _STEP, eventCount=count, resolveData="all"
    )


def _expect_report(answer: Any, log: list[Any], count: int) -> None:
    """See that an answer names its slot, and the events that its writer had not counted."""
    event_id = str(field(answer, "event", "eventId"))
    if event_id not in ids_of(log):
        violate(f"a create with eventCount {count} was accepted, but its event is not in the log")
    place = ids_of(log).index(event_id)
    if read_slot(event_id) != place + 1:
        violate(f"event {place + 1} of the log has the id {event_id}")
    told = maybe(answer, "events") or []
    missed = log[min(count, place) : place]
    # Past the first page of what it missed, the writer reads on by itself.
    wanted = missed[: len(told)] if maybe(answer, "hasMore") and told else missed
    if ids_of(told) != ids_of(wanted):
        violate(
            f"a create with eventCount {count} took slot {place + 1}, so its writer missed "
            f"{len(missed)} events, but the answer tells {len(told)}: {', '.join(types_of(told))}"
        )
    for one, other in zip(told, wanted, strict=True):
        if one != other:
            violate(f"a reported event is not as it is listed: {name_differences(other, one)}")


@decides("EVT-BUMP-REPORT")
def test_a_writer_that_counts_too_few_events_is_told_the_others(arena: Arena) -> None:
    run_id = arena.running_run()
    create_steps(arena, run_id, 4)
    for behind in (0, 1, 2, 5):
        count = len(arena.log(run_id)) - behind
        reply = arena.try_(_counted(arena, run_id, count))
        answer = expect_success(reply, f"a create that is {behind} events behind")
        log = arena.log(run_id)
        if field(answer, "event", "eventId") != log[-1]["eventId"]:
            violate("a create with eventCount does not stand at the end of the log")
        _expect_report(answer, log, count)


@decides("EVT-BUMP-REPORT")
def test_a_writer_that_counts_too_many_events_takes_the_next_slot(arena: Arena) -> None:
    run_id = arena.running_run()
    for ahead in (1, 5, 1000):
        before = arena.log(run_id)
        reply = arena.try_(_counted(arena, run_id, len(before) + ahead))
        answer = expect_success(reply, f"a create whose eventCount is {ahead} too large")
        slot = read_slot(str(field(answer, "event", "eventId")))
        if slot != len(before) + 1:
            violate(
                f"with {len(before)} events in the log, a create whose eventCount is {ahead} too "
                f"large takes slot {slot}"
            )


@decides("EVT-BUMP-REPORT", *RACING)
def test_of_writers_with_one_count_each_is_told_what_came_in_between(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        count = len(arena.log(run_id))
        calls = [_counted(arena, run_id, count - index % 2) for index in range(round_.width)]
        replies = round_.together(*calls)
        log = arena.log(run_id)
        for index, reply in enumerate(replies):
            answer = expect_success(reply, "a create that others were faster than")
            _expect_report(answer, log, count - index % 2)
        if len(log) != count + round_.width:
            violate(f"{round_.width} creates were accepted, the log has {len(log) - count} more")

    race(one_round)


@decides("EVT-SINCE-CURSOR")
def test_a_writer_with_a_cursor_is_told_everything_since(arena: Arena) -> None:
    run_id = arena.running_run()
    step_ids = [arena.running_step(run_id) for _ in range(3)]
    cursor = _last_cursor(arena, run_id)
    for others, step_id in zip((0, 3, 1), step_ids, strict=True):
        create_steps(arena, run_id, others, in_flight=1)
        data = {"result": b"done"}
        answer = arena.do(
            arena.events.create(
                run_id, "step_completed", step_id, data, sinceCursor=cursor, resolveData="all"
            )
        )
        cursor = _expect_delta(arena, run_id, answer, cursor)


@decides("EVT-SINCE-CURSOR")
def test_a_hook_s_writer_is_told_everything_since_also_of_a_conflict(arena: Arena) -> None:
    run_id, token = arena.running_run(), fresh_token()
    cursor = _last_cursor(arena, run_id)
    create_steps(arena, run_id, 2, in_flight=1)
    for wanted in ("hook_created", "hook_conflict"):
        answer = arena.do(
            arena.events.create(
                run_id,
                "hook_created",
                fresh_id("hook"),
                {"token": token},
                sinceCursor=cursor,
                resolveData="all",
            )
        )
        told = field(answer, "event", "eventType")
        if told != wanted:
            violate(f"a hook_created that must end as {wanted} was answered with {told}")
        if wanted == "hook_conflict" and maybe(answer, "events") is None:
            violate("a hook_created with sinceCursor is told what is new, a hook_conflict is not")
        cursor = _expect_delta(arena, run_id, answer, cursor)


def _last_cursor(arena: Arena, run_id: str) -> str:
    return str(field(value_of(arena.try_(list_call(run_id))), "cursor"))


def _expect_delta(arena: Arena, run_id: str, answer: Any, cursor: str) -> str:
    """See that an answer has what a list from the cursor has; return the next cursor."""
    told = maybe(answer, "events")
    if told is None:
        raise NotApplicable("this World ignores sinceCursor, which it may: runtimes then list")
    wanted = field(value_of(arena.try_(list_call(run_id, 1000, cursor))), "data")
    more = bool(maybe(answer, "hasMore"))
    if more and told:
        wanted = wanted[: len(told)]
    kind = field(answer, "event", "eventType")
    if ids_of(told) != ids_of(wanted):
        violate(
            f"the answer to {kind} with sinceCursor has {len(told)} events, "
            f"a list from there {len(wanted)}"
        )
    for one, other in zip(told, wanted, strict=True):
        if one != other:
            violate(f"an event in the answer to {kind} differs: {name_differences(other, one)}")
    after = maybe(answer, "cursor")
    if after is None:
        violate(f"the answer to {kind} with sinceCursor has events, but no cursor for the next")
    rest = field(value_of(arena.try_(list_call(run_id, 1000, after))), "data")
    if rest and not more:
        violate(f"a list from the cursor in the answer to {kind} has {len(rest)} events again")
    return str(after) if not more else _last_cursor(arena, run_id)


@decides("EVT-RUN-STARTED-PRELOAD")
def test_the_answer_to_run_started_has_the_events_so_far(arena: Arena) -> None:
    run_id = arena.new_run()
    answer = arena.do(arena.events.run_started(run_id, resolveData="all"))
    page = value_of(arena.try_(list_call(run_id)))
    if maybe(answer, "events") is None:
        violate("run_started answers without the run's events")
    if maybe(answer, "hasMore"):
        violate("run_started answers with a part of two events, and says that there are more")
    if answer["events"] != page["data"]:
        violate(
            f"run_started answers with {len(answer['events'])} events, a list "
            f"has {len(page['data'])}: {name_differences(page['data'], answer['events'])}"
        )
    cursor = maybe(answer, "cursor")
    if cursor is None:
        violate("run_started answers with events, but without a cursor to go on from")
    new = field(create_steps(arena, run_id, 1)[0], "event", "eventId")
    found = ids_of(field(value_of(arena.try_(list_call(run_id, 1000, cursor))), "data"))
    if found != [new]:
        violate(f"from the cursor that run_started answers with, a list has {len(found)} events")
    again = arena.try_(arena.events.run_started(run_id, resolveData="all"))
    arena.record("preload-when-running", "yes" if maybe(again.value, "events") else "no")


@decides("EVT-RUN-STARTED-PRELOAD")
def test_skip_preload_leaves_the_events_out(arena: Arena) -> None:
    if arena.line == "v4":
        raise NotApplicable("this line has no skipPreload")
    run_id = arena.new_run()
    answer = arena.do(arena.events.run_started(run_id, skipPreload=True))
    if maybe(answer, "events") is not None:
        violate("run_started answers with the run's events in spite of skipPreload")
    if maybe(answer, "run", "status") != "running":
        violate("run_started with skipPreload does not answer with the running run")
