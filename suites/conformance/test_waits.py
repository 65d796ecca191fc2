"""Waits: created once, completed once, and never after the run's end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import Reply
from suites.conformance.answers import (
    CONFLICT,
    ENDED,
    describe,
    expect_one_success,
    expect_refused,
    expect_success,
    field,
    maybe,
)
from suites.conformance.arena import Arena
from suites.conformance.calls import fresh_id
from suites.conformance.forms import RACING, decides
from suites.conformance.groundwork import (
    ENDS,
    end_run,
    events_of,
    expect_all,
    expect_same_log,
    find_behind,
    open_runs,
)
from suites.conformance.racing import Race, Round
from suites.conformance.violations import violate

#: How many callers of a race share one run.
_CALLERS = 4
_WAIT_EVENTS = ("wait_created", "wait_completed")


@decides("WAIT-CREATE-ATOMIC", *RACING)
def test_of_many_creations_of_one_wait_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id, wait_id = arena.running_run(), fresh_id("wait")
        replies = round_.together(*[arena.events.wait_created(run_id, wait_id)] * round_.width)
        expect_one_success(replies, CONFLICT, "creations of one wait")
        _expect_one(arena, run_id, wait_id, "wait_created")

    race(one_round)


@decides("WAIT-CREATE-ATOMIC")
def test_a_repeated_creation_is_refused(arena: Arena) -> None:
    run_id, wait_id = arena.running_run(), fresh_id("wait")
    call = arena.events.wait_created(run_id, wait_id)
    arena.do(call)
    expect_refused(arena.try_(call), CONFLICT, "a second wait_created")
    _expect_one(arena, run_id, wait_id, "wait_created")


@decides("WAIT-COMPLETE-ONCE", *RACING)
def test_of_many_completions_of_one_wait_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        # It is over already: some Worlds refuse to complete a wait before its time.
        wait_id = arena.new_wait(run_id, in_s=-1)
        replies = round_.together(*[arena.events.wait_completed(run_id, wait_id)] * round_.width)
        expect_one_success(replies, CONFLICT, "completions of one wait")
        _expect_one(arena, run_id, wait_id, "wait_completed")

    race(one_round)


@decides("WAIT-COMPLETE-ONCE")
def test_a_repeated_completion_is_refused(arena: Arena) -> None:
    run_id = arena.running_run()
    wait_id = arena.new_wait(run_id, in_s=-1)
    call = arena.events.wait_completed(run_id, wait_id)
    arena.do(call)
    expect_refused(arena.try_(call), CONFLICT, "a second wait_completed")
    _expect_one(arena, run_id, wait_id, "wait_completed")


def _expect_one(arena: Arena, run_id: str, wait_id: str, kind: str) -> None:
    logged = len(events_of(arena.log(run_id), kind, wait_id))
    if logged != 1:
        violate(f"one {kind} succeeded, but the log has {logged}")


@decides("WAIT-COMPLETE-NEEDS-WAIT")
def test_a_completion_without_its_wait_leaves_nothing(arena: Arena) -> None:
    run_id, wait_id = arena.running_run(), fresh_id("wait")
    before = arena.log(run_id)
    complete = arena.events.wait_completed(run_id, wait_id)
    what = "wait_completed for a wait that does not exist"
    expect_refused(arena.try_(complete), (), what)
    expect_same_log(arena, run_id, before, what)
    for call in (arena.events.wait_created(run_id, wait_id, in_s=-1), complete):
        expect_success(arena.try_(call), f"{call.args[1]['eventType']} after the refusal")


@decides("WAIT-EARLY")
def test_what_a_completion_before_its_time_is_answered(arena: Arena) -> None:
    arena.only_records = True
    run_id = arena.running_run()
    wait_id = arena.new_wait(run_id, in_s=3600)
    reply = arena.try_(arena.events.wait_completed(run_id, wait_id))
    told = "accepted" if reply.succeeded else f"refused: {describe(reply)}"
    arena.record("early-wait-completion", told.replace(wait_id, "the wait"))


@decides("WAIT-ENTITY")
def test_the_answer_carries_the_wait(arena: Arena) -> None:
    run_id, wait_id = arena.running_run(), fresh_id("wait")
    # In the past, and with milliseconds that a coarser clock would lose.
    resume_at = datetime.now(UTC).replace(microsecond=457_000) - timedelta(seconds=5)
    create = arena.events.create(run_id, "wait_created", wait_id, {"resumeAt": resume_at})
    _expect_wait(arena.do(create), run_id, wait_id, "waiting", resume_at)
    done = arena.do(arena.events.wait_completed(run_id, wait_id))
    _expect_wait(done, run_id, wait_id, "completed", resume_at)
    logged = field(events_of(arena.log(run_id), "wait_created", wait_id), 0, "eventData")
    if field(logged, "resumeAt") != resume_at:
        violate(f"a wait until {resume_at} is logged until {field(logged, 'resumeAt')!r}")


def _expect_wait(answer: Any, run_id: str, wait_id: str, status: str, resume_at: datetime) -> None:
    wait = field(answer, "wait")
    # What a wait is called differs: Worlds put the run's id before that of the wait.
    if not str(field(wait, "waitId")).endswith(wait_id) or field(wait, "runId") != run_id:
        violate(f"the wait {wait_id} of {run_id} was answered with another one: {wait}")
    if field(wait, "status") != status:
        violate(f"the wait is {status}, but the answer says {field(wait, 'status')}")
    told = field(wait, "resumeAt")
    if not isinstance(told, datetime):
        violate(f"the answer's resumeAt must be a date, not {told!r}")
    if told != resume_at:
        violate(f"a wait until {resume_at} was answered with resumeAt {told}")


@decides("WAIT-ENDED-RUN")
def test_a_run_that_ended_takes_no_wait(arena: Arena) -> None:
    run_ids = open_runs(arena, len(ENDS))
    for run_id, how in zip(run_ids, ENDS, strict=True):
        wait_id = arena.new_wait(run_id, in_s=-1)
        arena.do(end_run(arena, run_id, how))
        before = arena.log(run_id)
        create = arena.events.wait_created(run_id, fresh_id("wait"))
        expect_refused(arena.try_(create), CONFLICT, f"wait_created after {how}")
        expect_same_log(arena, run_id, before, f"wait_created after {how}")
        complete = arena.events.wait_completed(run_id, wait_id)
        expect_refused(arena.try_(complete), (), f"wait_completed after {how}")
        expect_same_log(arena, run_id, before, f"wait_completed after {how}")


@decides("WAIT-ENDED-RUN", *RACING)
def test_no_wait_event_stands_behind_the_end_of_its_run(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        how = ENDS[round_.number % len(ENDS)]
        run_ids = open_runs(arena, max(1, round_.width // _CALLERS))
        waits = [fresh_id("wait") for _ in run_ids]
        created = [
            arena.events.wait_created(run_id, wait_id, in_s=-1)
            for run_id, wait_id in zip(run_ids, waits, strict=True)
        ]
        expect_all(arena.world.pipeline(created))
        calls = [
            call
            for run_id, wait_id in zip(run_ids, waits, strict=True)
            for call in _place_end(round_, run_id, wait_id, how)
        ]
        _judge_waits(arena, round_.together(*calls), run_ids, how)

    race(one_round)


def _place_end(round_: Round, run_id: str, wait_id: str, how: str) -> list[Call]:
    """Return wait events of one run with its end among them, each round at another place."""
    events = round_.arena.events
    calls = [
        events.wait_created(run_id, fresh_id("wait")),
        events.wait_completed(run_id, wait_id),
        events.wait_created(run_id, fresh_id("wait")),
    ][: min(_CALLERS, round_.width) - 1]
    place = round_.number % (len(calls) + 1)
    return [*calls[:place], end_run(round_.arena, run_id, how), *calls[place:]]


def _judge_waits(arena: Arena, replies: Sequence[Reply], run_ids: Sequence[str], how: str) -> None:
    for reply in replies:
        kind = reply.call.args[1]["eventType"]
        if kind == how:
            expect_success(reply, f"a single {how}")
        elif not reply.succeeded:
            # A completion may find the wait gone with its run.
            names = ENDED if kind == "wait_created" else ()
            expect_refused(reply, names, f"{kind} that comes after {how}")
    for run_id in run_ids:
        log = arena.log(run_id)
        late = find_behind(log, how, _WAIT_EVENTS)
        if late:
            violate(f"{', '.join(late)} stand behind {how} in the log")
        accepted = sum(
            1
            for reply in replies
            if reply.succeeded and reply.call.args[0] == run_id and _is_wait(reply.call.args[1])
        )
        # One more wait was created before the race.
        logged = sum(1 for event in log if _is_wait(event)) - 1
        if logged != accepted:
            violate(f"{accepted} wait events were accepted in the race, but the log has {logged}")


def _is_wait(event: Any) -> bool:
    return maybe(event, "eventType") in _WAIT_EVENTS
