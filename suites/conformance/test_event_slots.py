"""Events: slots are ids without a gap, whatever was refused, raced or killed."""

from __future__ import annotations

from functools import partial

from harness.adapters.protocol import Call
from harness.adapters.world import WorldClient
from harness.contract.model.ids import read_slot
from suites.conformance.answers import maybe, types_of
from suites.conformance.arena import Arena
from suites.conformance.calls import fresh_id, fresh_token
from suites.conformance.crashing import call_until_killed
from suites.conformance.forms import CRASH, RACING, decides
from suites.conformance.logs import (
    History,
    expect_dense,
    expect_kept,
    expect_prefix,
    ids_of,
    plan_history,
    read_while_writing,
    shuffle,
    write_in_order,
)
from suites.conformance.racing import Race, Round
from suites.conformance.violations import NotApplicable, violate

#: The first spec version whose event ids are slots.
_SLOTS_FROM = 6


def _refusable(arena: Arena, history: History) -> list[Call]:
    """Return calls that a World refuses, or may, once a history was written."""
    events, run_id = arena.events, history.run_id
    return [
        events.run_created(run_id),
        events.step_created(run_id, history.step_id),
        events.step_started(run_id, history.step_id),
        events.step_completed(run_id, history.step_id),
        events.step_started(run_id, fresh_id("step")),
        events.step_completed(run_id, fresh_id("step")),
        events.hook_created(run_id, history.hook_id, history.token),
        events.hook_received(run_id, history.hook_id),
        events.hook_received(run_id, fresh_id("hook")),
        events.hook_disposed(run_id, history.hook_id),
        events.wait_created(run_id, history.wait_id),
        events.wait_completed(run_id, history.wait_id),
        events.create(run_id, "attr_set", fresh_id("attr"), _attributes("")),
        events.step_created(run_id, ""),
    ]


def _attributes(key: str) -> dict[str, object]:
    return {"changes": [{"key": key, "value": "x"}], "writer": {"type": "workflow"}}


def _require_slots(arena: Arena) -> None:
    """End the check as not applicable where event ids are no slots and need not be."""
    if arena.spec_version >= _SLOTS_FROM:
        return
    run_id = arena.new_run()
    if read_slot(ids_of(arena.log(run_id))[0]) is None:
        raise NotApplicable(
            f"its spec version is {arena.spec_version}, and the ids of its events are no slots"
        )


@decides("EVT-SLOT-DENSE")
def test_refused_calls_leave_no_hole(arena: Arena) -> None:
    _require_slots(arena)
    history = plan_history(arena, ends=False)
    write_in_order(arena, history.calls)
    for call in _refusable(arena, history):
        arena.try_(call)
        arena.do(arena.events.step_created(history.run_id, fresh_id("step")))
    expect_dense(arena.log(history.run_id))
    arena.do(arena.events.run_completed(history.run_id))
    for call in _refusable(arena, history):
        arena.try_(call)
    arena.try_(arena.events.run_failed(history.run_id))
    expect_dense(arena.log(history.run_id))


@decides("EVT-SLOT-DENSE")
def test_a_count_that_is_too_large_leaves_no_hole(arena: Arena) -> None:
    _require_slots(arena)
    run_id = arena.running_run()
    for ahead in (1, 5, 100):
        count = len(arena.log(run_id)) + ahead
        data = {"stepName": "step//./flows//work", "input": b"ahead"}
        arena.do(
            arena.events.create(run_id, "step_created", fresh_id("step"), data, eventCount=count)
        )
        arena.do(arena.events.step_created(run_id, fresh_id("step")))
    expect_dense(arena.log(run_id))


@decides("EVT-SLOT-DENSE")
def test_a_batch_leaves_no_hole(arena: Arena) -> None:
    arena.require("events.createBatch")
    run_id = arena.running_run()
    step_id = arena.new_step(run_id)
    items = [
        {"event": arena.events.step_created(run_id, name).args[1]}
        for name in (fresh_id("step"), step_id, fresh_id("step"))
    ]
    arena.do(Call("events.createBatch", (run_id, items)))
    arena.do(arena.events.step_created(run_id, fresh_id("step")))
    expect_dense(arena.log(run_id))


@decides("EVT-SLOT-DENSE", *RACING)
def test_writers_at_once_leave_no_hole(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena, events = round_.arena, round_.arena.events
        run_id, token = arena.running_run(), fresh_token()
        step_id = arena.running_step(run_id)
        hook_id = arena.new_hook(run_id, token)
        old_hook_id = arena.new_hook(run_id, fresh_token())
        arena.do(events.hook_disposed(run_id, old_hook_id))
        makers = (
            lambda: events.step_created(run_id, fresh_id("step")),
            lambda: events.hook_received(run_id, old_hook_id),
            lambda: events.step_completed(run_id, step_id),
            lambda: events.hook_received(run_id, hook_id),
            lambda: events.hook_created(run_id, fresh_id("hook"), token),
            lambda: events.step_created(run_id, step_id),
        )
        calls = [makers[index % len(makers)]() for index in range(round_.width)]
        if round_.number % 2:
            calls.append(events.hook_disposed(run_id, hook_id))
        replies = round_.together(*shuffle(calls, round_.number))
        log = arena.log(run_id)
        expect_dense(log)
        written = {reply.value["event"]["eventId"] for reply in replies if _wrote(reply.value)}
        missing = written - {event["eventId"] for event in log}
        if missing:
            violate(f"{len(missing)} of {len(written)} events that were accepted are not listed")

    _require_slots(race.arena)
    race(one_round)


@decides("EVT-SLOT-DENSE", *RACING)
def test_resumes_that_race_the_end_of_their_run_leave_no_hole(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena, events = round_.arena, round_.arena.events
        run_id = arena.running_run()
        hook_id = arena.new_hook(run_id, fresh_token())
        resumes = [events.hook_received(run_id, hook_id) for _ in range(round_.width)]
        # The more comes in front of the end, the more resumes are under way when it comes.
        steps = [events.step_created(run_id, fresh_id("step")) for _ in range(round_.number % 8)]
        end = [*steps, events.run_completed(run_id)]
        read_while_writing(arena, resumes, end, reads_first=round_.number % 2 == 0)
        arena.try_(events.hook_received(run_id, hook_id))
        expect_dense(arena.log(run_id))

    _require_slots(race.arena)
    race(one_round)


def _wrote(answer: object) -> bool:
    return maybe(answer, "event", "eventId") is not None


@decides("EVT-SLOT-DENSE", CRASH, cost=12)
def test_a_writer_killed_amid_resumes_leaves_no_hole(arena: Arena) -> None:
    _require_slots(arena)
    site = arena.fresh_site()
    survivor = site.open()
    for _ in range(arena.effort.kills):
        run_id = arena.running_run(survivor)
        hook_id = arena.new_hook(run_id, fresh_token(), survivor)
        resume = partial(arena.events.hook_received, run_id, hook_id)
        call_until_killed(site.open(), resume)
        # What was half done keeps its place only as long as nobody else takes it: resume first.
        for _ in range(2):
            arena.do(resume(), survivor)
        expect_dense(arena.log(run_id, survivor))


@decides("EVT-NOOP-SEAL", CRASH, cost=12)
def test_a_killed_writer_leaves_no_hole(arena: Arena) -> None:
    site = arena.fresh_site()
    survivor = site.open()
    noops = 0
    for _ in range(arena.effort.kills):
        run_id = arena.running_run(survivor)
        create = partial(_create_step, arena, run_id)
        victim = site.open()
        arena.do(create(), victim)
        others = [create() for _ in range(32)]
        beside = survivor.send_batch(others, in_flight=2)
        call_until_killed(victim, create)
        survivor.finish_batch(others, beside.wait(15))
        noops += _look_after(arena, survivor, run_id)
    arena.record("noops-after-crash", "yes" if noops else "none seen")


def _create_step(arena: Arena, run_id: str) -> Call:
    return arena.events.step_created(run_id, fresh_id("step"))


def _look_after(arena: Arena, survivor: WorldClient, run_id: str) -> int:
    """See that the log is whole after a kill and goes on; return how many slots were sealed."""
    found = arena.log(run_id, survivor)
    expect_dense(found)
    arena.do(arena.events.attr_set(run_id, fresh_id("attr"), after="crash"), survivor)
    later = arena.log(run_id, survivor)
    expect_dense(later)
    expect_kept(found, later)
    expect_prefix(found, later)
    run = arena.get_run(run_id, survivor)
    if maybe(run, "status") != "running":
        violate(f"after a writer was killed, its running run is {maybe(run, 'status')}")
    return types_of(later).count("noop")
