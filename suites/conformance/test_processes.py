"""Several processes on one store: what one of them wrote, all of them know."""

from __future__ import annotations

from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import WorldClient
from suites.conformance.answers import (
    CONFLICT,
    expect_one_success,
    expect_success,
    field,
    maybe,
    types_of,
)
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.forms import PROCESSES, decides
from suites.conformance.groundwork import expect_holder
from suites.conformance.racing import Race, Round
from suites.conformance.violations import violate


@decides("PROC-SHARED-LOG", PROCESSES)
def test_processes_count_the_starts_of_a_step_together(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        step_id = arena.new_step(run_id)
        replies = round_.together(*[arena.events.step_started(run_id, step_id)] * round_.width)
        attempts = sorted(
            field(expect_success(reply, "every start of a step"), "step", "attempt")
            for reply in replies
        )
        if attempts != list(range(1, round_.width + 1)):
            violate(
                f"{round_.width} starts in {len(arena.worlds)} processes must be answered with "
                f"attempts 1 to {round_.width}, but were with {attempts}"
            )
        final = field(arena.get_step(run_id, step_id, arena.worlds[-1]), "attempt")
        if final != round_.width:
            violate(f"after {round_.width} starts the step has attempt {final}")

    race(one_round)


@decides("PROC-SHARED-LOG", PROCESSES)
def test_processes_complete_a_step_once(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        step_id = arena.running_step(run_id)
        replies = round_.together(*[arena.events.step_completed(run_id, step_id)] * round_.width)
        expect_one_success(replies, CONFLICT, "completions of one step")
        logged = types_of(arena.log(run_id, arena.worlds[-1])).count("step_completed")
        if logged != 1:
            violate(f"one completion succeeded, but the log has {logged} step_completed")

    race(one_round)


@decides("PROC-SHARED-LOG", PROCESSES)
def test_processes_claim_a_step_and_a_wait_once(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        step_id, wait_id = fresh_id("step"), fresh_id("wait")
        each = max(2, round_.width // 2)
        claims = [
            *[arena.events.step_created(run_id, step_id)] * each,
            *[arena.events.wait_created(run_id, wait_id)] * each,
        ]
        replies = round_.together(*claims)
        expect_one_success(replies[:each], CONFLICT, "creations of one step")
        expect_one_success(replies[each:], CONFLICT, "creations of one wait")

    race(one_round)


@decides("PROC-SHARED-LOG", PROCESSES)
def test_events_stand_in_the_order_of_the_calls(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        step_ids = [fresh_id("step") for _ in range(2 * len(arena.worlds))]
        for place, step_id in enumerate(step_ids):
            # Each call begins when the one before it was answered in another process.
            world = arena.worlds[place % len(arena.worlds)]
            arena.do(arena.events.step_created(run_id, step_id), world)
        logged = [
            maybe(event, "correlationId")
            for event in arena.log(run_id)
            if maybe(event, "eventType") == "step_created"
        ]
        if logged != step_ids:
            moved = sum(1 for told, right in zip(logged, step_ids, strict=False) if told != right)
            violate(
                f"{len(step_ids)} events were written one after another by processes in turn, but "
                f"{moved} of {len(logged)} logged stand at another place"
            )

    race(one_round)


@decides("PROC-READ-YOUR-WRITE", PROCESSES)
def test_what_one_process_was_answered_every_other_reads_at_once(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        worlds = arena.worlds
        writer = worlds[round_.number % len(worlds)]
        readers = [world for world in worlds if world is not writer]
        if not readers:
            readers = [writer]
        reader = readers[round_.number % len(readers)]
        run_id = arena.new_run(writer)
        _expect_run(arena, reader, run_id, "pending", ["run_created"])
        arena.do(arena.events.run_started(run_id), writer)
        _expect_run(arena, reader, run_id, "running", ["run_created", "run_started"])
        _write_and_read_entities(arena, writer, reader, run_id)
        arena.do(arena.events.run_completed(run_id), writer)
        status = field(_read(reader, "runs.get", run_id), "status")
        if status != "completed":
            violate(f"a run completed in one process is {status} in another")

    race.arena.use_storage_apart()
    race(one_round)


def _write_and_read_entities(
    arena: Arena, writer: WorldClient, reader: WorldClient, run_id: str
) -> None:
    step_id = arena.running_step(run_id, writer)
    status = field(_read(reader, "steps.get", run_id, step_id), "status")
    if status != "running":
        violate(f"a step started in one process is {status} in another")
    token = fresh_token()
    hook_id = arena.new_hook(run_id, token, writer)
    expect_holder(token, run_id, hook_id, reader)
    kinds = ["run_created", "run_started", "step_created", "step_started", "hook_created"]
    _expect_log(arena, reader, run_id, kinds)


def _expect_run(
    arena: Arena, reader: WorldClient, run_id: str, status: str, kinds: list[str]
) -> None:
    told = field(_read(reader, "runs.get", run_id), "status")
    if told != status:
        violate(f"a run is {status} after the answer to one process, but {told} in another")
    _expect_log(arena, reader, run_id, kinds)


def _expect_log(arena: Arena, reader: WorldClient, run_id: str, kinds: list[str]) -> None:
    logged = types_of(arena.log(run_id, reader))
    if logged != kinds:
        violate(f"{kinds[-1]} was answered in one process, but another reads the log {logged}")


def _read(reader: WorldClient, method: str, *ids: str) -> Any:
    """Read what was written; that it cannot be found is a violation in plain words."""
    reply = reader.attempt(Call(method, (*ids, ALL)))
    return expect_success(reply, f"{method} of what another process has just written")
