"""Steps: creation is a claim, and what was claimed is there."""

from __future__ import annotations

from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import Reply
from suites.conformance.answers import (
    CONFLICT,
    ENDED,
    expect_one_success,
    expect_refused,
    expect_success,
    field,
    is_accident,
    is_refused,
    maybe,
)
from suites.conformance.arena import Arena, name_of
from suites.conformance.calls import ALL, PAYLOAD, fresh_id
from suites.conformance.forms import RACING, decides
from suites.conformance.groundwork import events_of
from suites.conformance.outcomes import (
    end_step,
    expect_logged,
    expect_status,
    own_types,
    payload,
    reader_of,
    rotate,
)
from suites.conformance.racing import Race, Round
from suites.conformance.violations import violate


@decides("STEP-CREATE-ATOMIC", *RACING)
def test_of_many_creations_of_one_step_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id, step_id = arena.running_run(), fresh_id("step")
        replies = round_.together(
            *[
                arena.events.step_created(run_id, step_id, input=payload(number))
                for number in range(round_.width)
            ]
        )
        expect_one_success(replies, CONFLICT, "creations of one step")
        reader = reader_of(arena)
        created = own_types(arena.log(run_id, reader)).count("step_created")
        if created != 1:
            violate(f"one creation succeeded, but the log has {created} step_created")
        step = arena.get_step(run_id, step_id, reader)
        expect_status(step, "pending", "a step that one of many created")

    race(one_round)


@decides("STEP-CREATE-ATOMIC")
def test_a_step_that_exists_is_not_created_again(arena: Arena) -> None:
    run_id = arena.running_run()
    step_id = arena.new_step(run_id)
    stages = (
        ("pending", None),
        ("running", arena.events.step_started(run_id, step_id)),
        ("completed", arena.events.step_completed(run_id, step_id)),
    )
    for status, call in stages:
        if call is not None:
            arena.do(call)
        before = arena.log(run_id)
        what = f"step_created for a step that is {status}"
        again = arena.events.step_created(run_id, step_id, input=payload(1))
        expect_refused(arena.try_(again), CONFLICT, what)
        expect_logged(arena, run_id, before, what)
        expect_status(arena.get_step(run_id, step_id), status, "a step that was created again")


@decides("STEP-CREATE-COMPLETE")
def test_a_created_step_has_its_row_and_its_event(arena: Arena) -> None:
    run_id, step_id = arena.running_run(), fresh_id("step")
    name = "step//./flows//complete"
    answer = arena.do(arena.events.step_created(run_id, step_id, stepName=name))
    for where, step in (
        ("the answer to step_created", field(answer, "step")),
        ("steps.get", arena.get_step(run_id, step_id)),
    ):
        wanted = {"runId": run_id, "stepId": step_id, "stepName": name, "status": "pending"}
        for key, value in {**wanted, "attempt": 0, "input": PAYLOAD}.items():
            if maybe(step, key) != value:
                violate(
                    f"a new step's {key} must be {value!r}, but {where} says {maybe(step, key)!r}"
                )
    logged = events_of(arena.log(run_id), "step_created", step_id)
    if len(logged) != 1:
        violate(f"step_created succeeded, but the log has {len(logged)} such events")
    for key, value in (("stepName", name), ("input", PAYLOAD)):
        if maybe(logged[0], "eventData", key) != value:
            violate(f"the logged step_created has another {key} than was sent")


@decides("STEP-CREATE-COMPLETE", *RACING)
def test_steps_created_at_once_all_have_rows_and_events(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        step_ids = [fresh_id("step") for _ in range(round_.width)]
        replies = round_.together(
            *[
                arena.events.step_created(run_id, step_id, input=payload(number))
                for number, step_id in enumerate(step_ids)
            ]
        )
        for reply in replies:
            expect_success(reply, f"each of {round_.width} creations of different steps at once")
        reader = reader_of(arena)
        log = arena.log(run_id, reader)
        rows = reader.pipeline([Call("steps.get", (run_id, step, ALL)) for step in step_ids])
        for number, (step_id, row) in enumerate(zip(step_ids, rows, strict=True)):
            step = expect_success(row, "steps.get of a step that was created")
            logged = len(events_of(log, "step_created", step_id))
            if logged != 1:
                violate(f"step_created succeeded, but the log has {logged} such events")
            told = (maybe(step, "status"), maybe(step, "attempt"), maybe(step, "input"))
            if told != ("pending", 0, payload(number)):
                violate(f"a new step must be pending with attempt 0 and its input, but is {told}")

    race(one_round, rounds=10)


@decides("STEP-CREATE-COMPLETE")
def test_a_refused_step_has_neither_row_nor_event(arena: Arena) -> None:
    ended = arena.running_run()
    arena.do(arena.events.run_completed(ended))
    for run_id, what in ((ended, "an ended run"), (fresh_id("wrun"), "a run that is not there")):
        step_id = fresh_id("step")
        reply = arena.try_(arena.events.step_created(run_id, step_id))
        if reply.succeeded:
            if run_id == ended:
                violate("step_created behind the end of its run was accepted")
            continue
        _expect_absent(arena, run_id, step_id, f"step_created was refused for {what}")


def _expect_absent(arena: Arena, run_id: str, step_id: str, what: str) -> None:
    if arena.try_(Call("steps.get", (run_id, step_id, ALL))).succeeded:
        violate(f"{what}, but the step is there")
    options = {"runId": run_id, "pagination": {"limit": 100}, **ALL}
    reply = arena.try_(Call("events.list", (options,)))
    if reply.succeeded and events_of(field(reply.value, "data"), "step_created", step_id):
        violate(f"{what}, but its event is in the log")


@decides("STEP-LAZY-START")
def test_a_start_with_an_input_creates_the_step(arena: Arena) -> None:
    run_id, step_id = arena.running_run(), fresh_id("step")
    answer = arena.do(arena.events.lazy_step_started(run_id, step_id))
    if maybe(answer, "stepCreated") is not True:
        violate(f"a lazy start must say stepCreated, but says {maybe(answer, 'stepCreated')!r}")
    for where, step in (
        ("the answer to it", field(answer, "step")),
        ("steps.get", arena.get_step(run_id, step_id)),
    ):
        wanted = {"stepId": step_id, "status": "running", "attempt": 1, "input": PAYLOAD}
        for key, value in wanted.items():
            if maybe(step, key) != value:
                told = maybe(step, key)
                violate(f"a lazily started step's {key} must be {value!r}, {where} says {told!r}")
        if maybe(step, "startedAt") is None:
            violate(f"a lazily started step has no startedAt in {where}")
    _expect_pair(arena.log(run_id), step_id)
    created = events_of(arena.log(run_id), "step_created", step_id)[0]
    if maybe(created, "eventData", "input") != PAYLOAD:
        violate("the step_created of a lazy start does not hold the input that was sent")


def _expect_pair(log: list[Any], step_id: str) -> None:
    """See that the two events of a lazy start, which nobody raced with, stand side by side."""
    created, started = _find_pair(log, step_id)
    if started - created != 1:
        violate(f"both events of a lazy start must be adjacent, but are {started - created} apart")


def _find_pair(log: list[Any], step_id: str) -> tuple[int, int]:
    """Return where the two events of a lazy start stand; they must be there, in their order."""
    mine = [
        (place, str(maybe(event, "eventType")))
        for place, event in enumerate(event for event in log if event["eventType"] != "noop")
        if maybe(event, "correlationId") == step_id
    ]
    if [kind for _, kind in mine] != ["step_created", "step_started"]:
        found = ", ".join(kind for _, kind in mine) or "nothing"
        violate(f"a lazy start must log step_created and step_started, but logged {found}")
    return mine[0][0], mine[1][0]


@decides("STEP-LAZY-START", *RACING)
def test_of_many_lazy_starts_of_one_step_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id, step_id = arena.running_run(), fresh_id("step")
        calls = [
            arena.events.lazy_step_started(run_id, step_id, input=payload(number))
            for number in range(round_.width)
        ]
        if round_.number % 2:
            calls[0] = arena.events.step_created(run_id, step_id, input=payload(0))
        replies = round_.together(*rotate(calls, round_.number))
        winner = expect_one_success(replies, CONFLICT, "claims of one step")
        reader = reader_of(arena)
        step = arena.get_step(run_id, step_id, reader)
        if name_of(winner.call) == "step_created":
            expect_status(step, "pending", "a step whose creation won")
            return
        _expect_pair(arena.log(run_id, reader), step_id)
        if maybe(step, "attempt") != 1:
            violate(f"one lazy start succeeded, but the attempt is {maybe(step, 'attempt')}")

    race(one_round)


@decides("STEP-LAZY-START", *RACING)
def test_lazy_starts_of_many_steps_all_create_and_start(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        step_ids = [fresh_id("step") for _ in range(round_.width)]
        calls = [arena.events.lazy_step_started(run_id, step_id) for step_id in step_ids]
        for reply in round_.together(*calls):
            expect_success(reply, f"each of {round_.width} lazy starts of different steps at once")
        log = arena.log(run_id, reader_of(arena))
        for step_id in step_ids:
            # Other writers may come between the two: each is in its place all the same.
            _find_pair(log, step_id)

    race(one_round, rounds=20)


@decides("STEP-LAZY-START")
def test_a_step_that_exists_is_not_started_lazily(arena: Arena) -> None:
    run_id = arena.running_run()
    step_id = arena.new_step(run_id)
    stages = (
        ("pending", 0, None),
        ("running", 1, arena.events.step_started(run_id, step_id)),
        ("completed", 1, end_step(arena, run_id, step_id, "step_completed")),
    )
    for status, attempt, call in stages:
        if call is not None:
            arena.do(call)
        before = arena.log(run_id)
        what = f"a lazy start of a step that is {status}"
        reply = arena.try_(arena.events.lazy_step_started(run_id, step_id, input=payload(1)))
        expect_refused(reply, CONFLICT, what)
        expect_logged(arena, run_id, before, what)
        step = arena.get_step(run_id, step_id)
        if (step["status"], step["attempt"]) != (status, attempt):
            violate(f"{what} was refused, but made it {step['status']}, attempt {step['attempt']}")


@decides("STEP-LAZY-START")
def test_no_step_is_started_lazily_behind_the_end(arena: Arena) -> None:
    run_id, step_id = arena.running_run(), fresh_id("step")
    arena.do(arena.events.run_cancelled(run_id))
    before = arena.log(run_id)
    reply = arena.try_(arena.events.lazy_step_started(run_id, step_id))
    expect_refused(reply, ENDED, "a lazy start behind the end of its run")
    expect_logged(arena, run_id, before, "a refused lazy start")


@decides("STEP-GET")
def test_a_step_is_found_in_its_own_run_only(arena: Arena) -> None:
    run_id, other = arena.running_run(), arena.running_run()
    step_id, foreign = arena.new_step(run_id), arena.new_step(other)
    step = arena.get_step(run_id, step_id)
    told = (field(step, "runId"), field(step, "stepId"))
    if told != (run_id, step_id):
        violate(f"steps.get of {step_id} in {run_id} gave {told[1]} in {told[0]}")
    for asked, what in (
        (fresh_id("step"), "an unknown step"),
        (foreign, "the step of another run"),
    ):
        reply = arena.try_(Call("steps.get", (run_id, asked, ALL)))
        if reply.succeeded:
            violate(f"steps.get of {what} must reject, but gave {maybe(reply.value, 'stepId')}")
        expect_refused(reply, (), f"steps.get of {what}")
        if reply.failure is not None and not is_accident(reply.failure):
            arena.record("unknown-step-error", reply.failure.name)


@decides("STEP-ID-SCOPE")
def test_how_far_the_id_of_a_step_reaches_is_recorded(arena: Arena) -> None:
    arena.only_records = True
    step_id, other = fresh_id("step"), arena.running_run()
    arena.do(arena.events.step_created(arena.running_run(), step_id))
    reply = arena.try_(arena.events.step_created(other, step_id, input=payload(2)))
    arena.record("step-id-scope", _describe_scope(arena, reply, other, step_id))


def _describe_scope(arena: Arena, reply: Reply, run_id: str, step_id: str) -> str:
    if not reply.succeeded:
        return "all runs" if is_refused(reply) else "an accident"
    row = arena.try_(Call("steps.get", (run_id, step_id, ALL)))
    if maybe(row.value, "input") == payload(2):
        return "one run"
    return "all runs, though it is accepted in a second one, without a row"
