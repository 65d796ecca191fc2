"""Events: the log only grows, at its end, in the order of cause and effect."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from harness.adapters.world import value_of
from suites.conformance.answers import field
from suites.conformance.arena import Arena
from suites.conformance.calls import fresh_id
from suites.conformance.forms import PROCESSES, RACING, TOGETHER, decides
from suites.conformance.logs import (
    expect_causal,
    expect_kept,
    expect_prefix,
    ids_of,
    list_call,
    plan_history,
    shuffle,
    watch,
    write_in_order,
)
from suites.conformance.racing import Race, Round
from suites.conformance.violations import Inconclusive, violate

#: As JSON it is more than what runtimes write to a file at once: a reader can come in between.
_LARGE = bytes(450_000)


@decides("EVT-APPEND-ONLY")
def test_a_listed_event_stays_as_it_was(arena: Arena) -> None:
    history = plan_history(arena)
    listed: list[Any] = []
    for call in history.calls:
        arena.do(call)
        log = arena.log(history.run_id)
        expect_kept(listed, log)
        expect_prefix(listed, log)
        if len(log) <= len(listed):
            violate(f"{call.args[1]['eventType']} was accepted, but is not in the log")
        listed = log


@decides("EVT-APPEND-ONLY", *RACING, cost=3)
def test_a_list_is_whole_while_large_events_are_appended(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        data = {"stepName": "step//./flows//work", "input": _LARGE}
        writes = [
            arena.events.create(run_id, "step_created", fresh_id("step"), data, resolveData="none")
            for _ in range(round_.width)
        ]
        replies, snapshots = watch(arena, run_id, writes, looks=8, resolve="none")
        reader = arena.world
        last = list_call(run_id, resolve="none", shape=reader.opened.shape)
        log = field(value_of(reader.attempt(last)), "data")
        for snapshot in snapshots:
            expect_kept(snapshot, log)
        stored = set(ids_of(log))
        for reply in replies:
            if reply.succeeded and reply.value["event"]["eventId"] not in stored:
                violate("a large event was accepted, but is not in the log")

    race(one_round, width=3, rounds=4)


@decides("EVT-PREFIX", *RACING, cost=2)
def test_a_list_begins_with_every_earlier_list(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        hook_id = arena.new_hook(run_id, fresh_id("token"))
        writes = [
            arena.events.step_created(run_id, fresh_id("step"))
            if index % 3
            else arena.events.hook_received(run_id, hook_id)
            for index in range(round_.width)
        ]
        _, snapshots = watch(
            arena,
            run_id,
            shuffle(writes, round_.number),
            looks=8,
            reads_first=round_.number % 2 == 0,
        )
        snapshots.append(arena.log(run_id))
        for earlier, later in pairwise(snapshots):
            expect_prefix(earlier, later)

    race(one_round)


@decides("EVT-ORDER-CAUSAL")
def test_events_stand_in_the_order_of_their_calls(arena: Arena) -> None:
    run_id = arena.running_run()
    step_ids = [fresh_id("step") for _ in range(arena.effort.scaled(400))]
    write_in_order(arena, [arena.events.step_created(run_id, step_id) for step_id in step_ids])
    log = arena.log(run_id)
    listed = [event["correlationId"] for event in log if event["eventType"] == "step_created"]
    if len(listed) != len(step_ids):
        violate(f"{len(step_ids)} steps were created, but the log has {len(listed)}")
    for place, (wanted, found) in enumerate(zip(step_ids, listed, strict=True)):
        if wanted != found:
            violate(
                f"of {len(step_ids)} events appended one after the other, number {place + 1} is "
                f"listed at place {listed.index(wanted) + 1}"
            )


@decides("EVT-ORDER-CAUSAL", TOGETHER)
def test_an_event_stands_behind_those_that_were_answered_before_it(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        calls = [
            arena.events.step_created(run_id, fresh_id("step")) for _ in range(2 * round_.width)
        ]
        replies = arena.world.together(*calls, in_flight=2 + round_.number % 6)
        expect_causal(replies, arena.log(run_id))

    race(one_round)


@decides("EVT-ORDER-CAUSAL", PROCESSES)
def test_events_of_processes_that_take_turns_stand_in_their_turns(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        worlds = arena.worlds
        run_id = arena.running_run()
        replies = [
            worlds[index % len(worlds)].attempt(arena.events.step_created(run_id, fresh_id("step")))
            for index in range(round_.width)
        ]
        turns = [reply.value["event"]["eventId"] for reply in replies if reply.succeeded]
        if len(turns) < 2:
            raise Inconclusive("no two events could be appended")
        listed = [name for name in ids_of(arena.log(run_id)) if name in set(turns)]
        if listed != turns:
            place = next(i for i, (a, b) in enumerate(zip(turns, listed, strict=False)) if a != b)
            violate(
                f"of {len(turns)} events that {len(worlds)} processes appended in turns, each "
                f"after the answer to the one before, number {place + 1} is not in its place"
            )

    race(one_round, width=8)
