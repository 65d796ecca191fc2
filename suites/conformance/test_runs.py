"""Runs: created once, started once, and never missing from their own log."""

from __future__ import annotations

import re
import time

from harness.adapters.protocol import Call
from harness.adapters.world import Reply
from harness.contract.model.ids import write_ulid
from suites.conformance.answers import (
    CONFLICT,
    EXPIRED,
    NO_RUN,
    describe,
    expect_one_success,
    expect_refused,
    expect_success,
    field,
    is_refused,
    maybe,
)
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, DEPLOYMENT, PAYLOAD, WORKFLOW, fresh_id, fresh_token
from suites.conformance.forms import RACING, decides
from suites.conformance.groundwork import ENDS, end_run
from suites.conformance.outcomes import (
    STATUS_AFTER,
    expect_count,
    expect_logged,
    expect_status,
    has_attributes,
    has_lazy_start,
    own_types,
    payload,
    reader_of,
    rotate,
)
from suites.conformance.racing import Race, Round
from suites.conformance.violations import violate

_RUN_ID = re.compile(r"wrun_[0-7][0-9A-HJKMNP-TV-Z]{25}")


@decides("RUN-CREATE-ATOMIC", *RACING)
def test_of_many_creations_of_one_run_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena, run_id = round_.arena, fresh_id("wrun")
        calls = [
            arena.events.run_created(run_id, input=payload(number))
            for number in range(round_.width)
        ]
        replies = round_.together(*calls)
        winner = expect_one_success(replies, CONFLICT, "creations of one run")
        told = field(winner.value, "run", "runId")
        if told != run_id:
            violate(f"a run was created as {run_id}, but the World calls it {told}")
        reader = reader_of(arena)
        expect_count(arena.log(run_id, reader), ["run_created"], 1, "one creation succeeded")
        run = arena.get_run(run_id, reader)
        expect_status(run, "pending", "a run that was created")

    race(one_round)


@decides("RUN-CREATE-ATOMIC", *RACING)
def test_a_run_that_exists_is_not_created_again(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        before = arena.log(run_id)
        again = [
            arena.events.run_created(run_id, input=payload(number))
            for number in range(max(1, round_.width // 4))
        ]
        for reply in round_.together(*again):
            expect_refused(reply, CONFLICT, "run_created for a run that exists")
        expect_logged(arena, run_id, before, "a refused run_created")
        expect_status(arena.get_run(run_id), "running", "a run whose second creation was refused")

    race(one_round, rounds=20)


@decides("RUN-CREATE-ID")
def test_an_id_of_the_clients_own_is_taken_over(arena: Arena) -> None:
    run_id = fresh_id("wrun")
    _expect_name(arena, arena.do(arena.events.run_created(run_id)), run_id)


@decides("RUN-CREATE-ID")
def test_a_run_without_an_id_is_given_one(arena: Arena) -> None:
    answer = arena.do(arena.events.run_created(None))
    run_id = str(field(answer, "run", "runId"))
    if not _RUN_ID.fullmatch(run_id):
        violate(f"a run created without an id was named {run_id!r}, not wrun_ and a ULID")
    _expect_name(arena, answer, run_id)
    other = field(arena.do(arena.events.run_created(None)), "run", "runId")
    if other == run_id:
        violate(f"two runs created without an id were both named {run_id!r}")


def _expect_name(arena: Arena, answer: object, run_id: str) -> None:
    """See that a run has one id; ask the answer first, since nothing is found by a wrong one."""
    for part in ("run", "event"):
        _expect_same(run_id, field(answer, part, "runId"), f"the {part} in the answer")
    _expect_same(run_id, field(arena.get_run(run_id), "runId"), "runs.get")
    _expect_same(run_id, field(arena.log(run_id), 0, "runId"), "its run_created in the log")


def _expect_same(run_id: str, told: object, where: str) -> None:
    if told != run_id:
        violate(f"a run is called {run_id}, but {where} says {told}")


@decides("RUN-CREATE-ID")
def test_what_happens_to_an_id_of_another_time_is_recorded(arena: Arena) -> None:
    now_ms = time.time_ns() // 1_000_000
    hour_ms = 3_600_000
    answers = []
    for word, at_ms in (("25 h old", now_ms - 25 * hour_ms), ("1 h ahead", now_ms + hour_ms)):
        run_id = f"wrun_{write_ulid(at_ms, time.time_ns() % (1 << 80))}"
        reply = arena.try_(arena.events.run_created(run_id))
        answers.append(f"{word}: {'accepted' if reply.succeeded else 'refused'}")
    arena.record("stale-run-id", ", ".join(answers))


@decides("RUN-CREATED-FIRST")
def test_a_start_with_data_creates_the_run_before_it_starts_it(arena: Arena) -> None:
    run_id = fresh_id("wrun")
    answer = arena.do(arena.events.run_started(run_id, arena.events.run_data()))
    expect_status(field(answer, "run"), "running", "a run born by its start")
    log = arena.log(run_id)
    if own_types(log) != ["run_created", "run_started"]:
        found = ", ".join(own_types(log)) or "nothing"
        violate(f"a start with data must log run_created, then run_started; it logged {found}")
    created, started = [event for event in log if event["eventType"] != "noop"]
    wanted = {"deploymentId": DEPLOYMENT, "workflowName": WORKFLOW, "input": PAYLOAD}
    for name, value in wanted.items():
        told = maybe(created, "eventData", name)
        if told != value:
            violate(f"the run_created of a late run must hold {name} {value!r}, but has {told!r}")
        if maybe(started, "eventData", name) is not None:
            violate(f"run_started must leave the run's data to run_created, but holds {name}")


@decides("RUN-CREATED-FIRST", *RACING)
def test_creation_comes_first_however_starts_race_with_it(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena, run_id = round_.arena, fresh_id("wrun")
        data = arena.events.run_data()
        start = arena.events.run_started(run_id, data)
        create = arena.events.run_created(run_id)
        replies = round_.together(*rotate([create, *[start] * (round_.width - 1)], round_.number))
        log = arena.log(run_id, reader_of(arena))
        expect_count(log, ["run_created"], 1, "a creation and starts with data raced")
        if own_types(log)[0] != "run_created":
            violate(f"the first event of a run must be run_created, but is {own_types(log)[0]}")
        if not any(reply.succeeded for reply in replies if _is_start(reply)):
            violate(f"of {round_.width - 1} starts with the run's data at once none succeeded")

    race(one_round)


def _is_start(reply: Reply) -> bool:
    return bool(maybe(reply.call.args, 1, "eventType") == "run_started")


@decides("RUN-START-IDEMPOTENT")
def test_a_start_of_a_running_run_changes_nothing(arena: Arena) -> None:
    run_id = arena.running_run()
    before = arena.log(run_id)
    expect_count(before, ["run_started"], 1, "a run was started once")
    for _ in range(2):
        answer = arena.do(arena.events.run_started(run_id))
        expect_status(field(answer, "run"), "running", "a run that is started again")
        event = maybe(answer, "event", "eventType")
        if event is not None:
            violate(f"a start of a running run appends nothing, but was answered with {event}")
    expect_logged(arena, run_id, before, "a start of a running run")


@decides("RUN-START-IDEMPOTENT", *RACING)
def test_all_of_many_first_starts_get_the_running_run(race: Race) -> None:
    counts: set[int] = set()

    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.new_run()
        for reply in round_.together(*[arena.events.run_started(run_id)] * round_.width):
            answer = expect_success(reply, f"each of {round_.width} first starts at once")
            expect_status(field(answer, "run"), "running", "the run that a start was answered with")
        counts.add(own_types(arena.log(run_id, reader_of(arena))).count("run_started"))
        if 0 in counts:
            violate("starts were accepted, but the log has no run_started")

    race(one_round)
    race.arena.record("concurrent-run-starts-logged", "one" if counts == {1} else "several")


@decides("RUN-STARTED-AT-ONCE")
def test_the_time_of_the_start_never_moves(arena: Arena) -> None:
    run_id = arena.new_run()
    if maybe(arena.get_run(run_id), "startedAt") is not None:
        violate("a run that was never started has a startedAt")
    arena.do(arena.events.run_started(run_id))
    started_at = field(arena.get_run(run_id), "startedAt")
    if started_at is None:
        violate("a run that was started has no startedAt")
    step_id = fresh_id("step")
    later = [
        arena.events.run_started(run_id),
        arena.events.step_created(run_id, step_id),
        arena.events.step_started(run_id, step_id),
        arena.events.step_completed(run_id, step_id),
        arena.events.run_started(run_id),
        arena.events.run_completed(run_id),
        arena.events.run_started(run_id),
    ]
    for call in later:
        # A clock that counts in ms must have moved on, or a change would not show.
        time.sleep(0.003)
        arena.try_(call)
        told = maybe(arena.get_run(run_id), "startedAt")
        if told != started_at:
            kind = call.args[1]["eventType"]
            violate(f"startedAt of a run moved from {started_at} to {told} by {kind}")


@decides("RUN-START-TERMINAL")
def test_a_run_that_has_ended_does_not_start(arena: Arena) -> None:
    for how in ENDS:
        run_id = arena.running_run()
        arena.do(end_run(arena, run_id, how))
        before = arena.log(run_id)
        for data in (None, arena.events.run_data()):
            what = f"run_started{' with data' if data else ''} behind {how}"
            expect_refused(arena.try_(arena.events.run_started(run_id, data)), EXPIRED, what)
            expect_logged(arena, run_id, before, what)
        expect_status(arena.get_run(run_id), STATUS_AFTER[how], f"a run started behind {how}")


@decides("RUN-MISSING")
def test_no_event_is_accepted_for_a_run_that_does_not_exist(arena: Arena) -> None:
    calls = _events_of_nowhere(arena)
    replies = arena.world.pipeline([call for _, call, _ in calls])
    outcomes = list(zip(calls, replies, strict=True))
    accepted = [name for (name, _, _), reply in outcomes if not is_refused(reply)]
    arena.record("accepted-on-missing-run", ", ".join(accepted) or "none")
    if accepted:
        violate(f"events were accepted for a run that does not exist: {', '.join(accepted)}")
    for (name, call, has_owner), reply in outcomes:
        # Where the step or hook is missing as well, either may be named; so may Python's own way.
        names = NO_RUN if has_owner and arena.line != "py" else ()
        expect_refused(reply, names, f"{name} for a run that does not exist")
        _expect_no_trace(arena, str(call.args[0]), name)


def _events_of_nowhere(arena: Arena) -> list[tuple[str, Call, bool]]:
    """Return each event for a run of its own that is not there; and if nothing else is missing."""
    events = arena.events
    calls = [
        (events.run_started(fresh_id("wrun")), True),
        (events.run_completed(fresh_id("wrun")), True),
        (events.run_failed(fresh_id("wrun")), True),
        (events.run_cancelled(fresh_id("wrun")), True),
        (events.step_created(fresh_id("wrun"), fresh_id("step")), True),
        (events.step_started(fresh_id("wrun"), fresh_id("step")), False),
        (events.step_completed(fresh_id("wrun"), fresh_id("step")), False),
        (events.step_failed(fresh_id("wrun"), fresh_id("step")), False),
        (events.step_retrying(fresh_id("wrun"), fresh_id("step")), False),
        (events.hook_created(fresh_id("wrun"), fresh_id("hook"), fresh_token()), True),
        (events.hook_received(fresh_id("wrun"), fresh_id("hook")), False),
        (events.hook_disposed(fresh_id("wrun"), fresh_id("hook")), False),
        (events.wait_created(fresh_id("wrun"), fresh_id("wait")), True),
        (events.wait_completed(fresh_id("wrun"), fresh_id("wait")), False),
    ]
    if has_attributes(arena):
        calls.append((events.attr_set(fresh_id("wrun"), fresh_id("attr"), key="value"), True))
    named = [(str(call.args[1]["eventType"]), call, owner) for call, owner in calls]
    if has_lazy_start(arena):
        lazy = events.lazy_step_started(fresh_id("wrun"), fresh_id("step"))
        named.append(("step_started with an input", lazy, True))
    return named


def _expect_no_trace(arena: Arena, run_id: str, name: str) -> None:
    options = {"runId": run_id, "pagination": {"limit": 10}, **ALL}
    reply = arena.try_(Call("events.list", (options,)))
    if reply.succeeded and field(reply.value, "data"):
        violate(f"{name} for a run that does not exist was refused, but its log is not empty")
    if arena.try_(Call("runs.get", (run_id, ALL))).succeeded:
        violate(f"{name} for a run that does not exist was refused, but the run exists now")
    if not reply.succeeded and not is_refused(reply):
        violate(f"events.list of a run that does not exist ended with {describe(reply)}")
