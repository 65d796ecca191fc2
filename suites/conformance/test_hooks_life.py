"""Hooks from the first payload to the last: resumes, disposal, the end of the run, retention."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from suites.conformance.answers import (
    NO_HOOK,
    describe,
    expect_one_success,
    expect_refused,
    expect_success,
    field,
    maybe,
)
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.forms import ALONE, PROCESSES, RACING, decides
from suites.conformance.groundwork import (
    ENDS,
    end_run,
    events_of,
    expect_all,
    expect_free,
    expect_same_log,
    find_behind,
    open_hooks,
    open_runs,
    tell_event,
    tidy,
)
from suites.conformance.racing import Race, Round, payloads
from suites.conformance.violations import NotApplicable, violate

#: A resume of a run that has ended: both answers are known, and both stop the caller.
_NO_RESUME = ("HookNotFoundError", "RunExpiredError")
_NO_DISPOSAL = ("EntityConflictError", "HookNotFoundError")
#: How many callers of a race share one hook.
_CALLERS = 4
#: How often tokens are passed on between processes.
_RELEASES = 8


@decides("HOOK-RECEIVE-LIVE", cost=2)
def test_a_hook_takes_payloads_until_it_is_disposed(arena: Arena) -> None:
    (run_id,) = open_runs(arena, 1)
    ((hook_id, _),) = open_hooks(arena, [run_id])
    arena.do(arena.events.hook_received(run_id, hook_id))
    arena.do(arena.events.hook_received(run_id, hook_id))
    arena.do(arena.events.hook_disposed(run_id, hook_id))
    before = arena.log(run_id)
    for late in (hook_id, fresh_id("hook")):
        reply = arena.try_(arena.events.hook_received(run_id, late))
        what = "hook_received for a hook that is disposed or never was"
        expect_refused(reply, NO_HOOK, what)
        expect_same_log(arena, run_id, before, what)


@decides("HOOK-RECEIVE-LIVE", *RACING, cost=3)
def test_no_payload_stands_behind_the_disposal(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        (run_id,) = open_runs(arena, 1)
        hooks = open_hooks(arena, [run_id] * max(1, round_.width // _CALLERS))
        calls = [
            call
            for hook_id, _ in hooks
            for call in _place_among_resumes(
                round_, run_id, hook_id, arena.events.hook_disposed(run_id, hook_id)
            )
        ]
        replies = round_.together(*calls)
        log = arena.log(run_id)
        for hook_id, _ in hooks:
            _judge_resumes(replies, log, hook_id, "hook_disposed", NO_HOOK)

    race.arena.use_storage_apart()
    race(one_round)


def _place_among_resumes(round_: Round, run_id: str, hook_id: str, end: Call) -> list[Call]:
    """Return resumes of one hook with an end among them, each round at another place."""
    resumes = min(_CALLERS, round_.width) - 1
    received = [
        round_.arena.events.hook_received(run_id, hook_id, payload) for payload in payloads(resumes)
    ]
    place = round_.number % (resumes + 1)
    return [*received[:place], end, *received[place:]]


def _judge_resumes(
    replies: Sequence[Reply], log: Sequence[Any], hook_id: str, end: str, names: Sequence[str]
) -> None:
    """See that the end succeeded, and that resumes of a hook were logged before it or refused."""
    accepted = 0
    for reply in replies:
        event = reply.call.args[1]
        if event.get("correlationId", hook_id) != hook_id:
            continue
        if event["eventType"] == end:
            expect_success(reply, f"a single {end}")
        elif reply.succeeded:
            accepted += 1
        else:
            expect_refused(reply, names, f"hook_received that comes after {end}")
    own = [event for event in log if maybe(event, "correlationId") in (hook_id, None)]
    late = find_behind(own, end, ("hook_received",))
    if late:
        violate(f"{len(late)} hook_received stand behind {end} in the log")
    logged = len(events_of(log, "hook_received", hook_id))
    if logged != accepted:
        violate(f"{accepted} resumes of a hook were accepted, but the log has {logged}")


@decides("HOOK-RECEIVE-MANY", *RACING, cost=3)
def test_every_one_of_many_payloads_is_kept(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        (run_id,) = open_runs(arena, 1)
        ((hook_id, _),) = open_hooks(arena, [run_id])
        calls = [
            arena.events.hook_received(run_id, hook_id, payload)
            for payload in payloads(round_.width)
        ]
        for reply in round_.together(*calls):
            expect_success(reply, "every resume of a live hook")
        logged = events_of(arena.log(run_id), "hook_received", hook_id)
        different = {repr(maybe(event, "eventData", "payload")) for event in logged}
        if len(logged) != round_.width or len(different) != round_.width:
            violate(
                f"of {round_.width} accepted payloads the log has {len(logged)} events "
                f"with {len(different)} different payloads"
            )
        tidy(arena, [run_id])

    race.arena.use_storage_apart()
    race(one_round)


@decides("HOOK-RECEIVE-MANY", *RACING, cost=3)
def test_repeats_of_one_resume_leave_one_event(race: Race) -> None:
    # Known by its id only where the World says so; elsewhere its answer is recorded.
    told = race.arena.world.opened.capabilities.get("hookResumeDedup")

    def one_round(round_: Round) -> None:
        arena = round_.arena
        (run_id,) = open_runs(arena, 1)
        ((hook_id, _),) = open_hooks(arena, [run_id])
        params = {"resumeId": fresh_id("resume")}
        call = Call("events.create", (*arena.events.hook_received(run_id, hook_id).args, params))
        replies = round_.together(*[call] * round_.width)
        logged = events_of(arena.log(run_id), "hook_received", hook_id)
        arena.record("resume-dedup", "one event" if len(logged) == 1 else "an event a repeat")
        if told:
            _expect_one_resume(replies, logged)
        tidy(arena, [run_id])

    if race.arena.line == "v4":
        raise NotApplicable("resumes have no id of their own in line v4")
    race.arena.use_storage_apart()
    race(one_round, rounds=None if told else 1)


def _expect_one_resume(replies: Sequence[Reply], logged: Sequence[Any]) -> None:
    expect_all(replies)
    if len(logged) != 1:
        violate(f"{len(replies)} repeats with one resumeId left {len(logged)} events")
    strangers = {maybe(reply.value, "event", "eventId") for reply in replies}
    if strangers != {field(logged[0], "eventId")}:
        violate(f"repeats of one resume were answered with {len(strangers)} different events")


@decides("HOOK-RECEIVE-ENDED", cost=2)
def test_a_run_that_ended_takes_no_payload(arena: Arena) -> None:
    run_ids = open_runs(arena, len(ENDS))
    hooks = open_hooks(arena, run_ids)
    answers = set()
    for run_id, (hook_id, _), how in zip(run_ids, hooks, ENDS, strict=True):
        arena.do(end_run(arena, run_id, how))
        before = arena.log(run_id)
        reply = arena.try_(arena.events.hook_received(run_id, hook_id))
        what = f"hook_received after {how}"
        expect_refused(reply, _NO_RESUME, what)
        expect_same_log(arena, run_id, before, what)
        answers.add(reply.failure.name if reply.failure else "")
    arena.record("resume-of-ended-run", ", ".join(sorted(answers)))


@decides("HOOK-RECEIVE-ENDED", *RACING, cost=3)
def test_no_payload_stands_behind_the_end_of_its_run(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        how = ENDS[round_.number % len(ENDS)]
        run_ids = open_runs(arena, max(1, round_.width // _CALLERS))
        hooks = [hook_id for hook_id, _ in open_hooks(arena, run_ids)]
        calls = [
            call
            for run_id, hook_id in zip(run_ids, hooks, strict=True)
            for call in _place_among_resumes(round_, run_id, hook_id, end_run(arena, run_id, how))
        ]
        replies = round_.together(*calls)
        for run_id, hook_id in zip(run_ids, hooks, strict=True):
            own = [reply for reply in replies if reply.call.args[0] == run_id]
            _judge_resumes(own, arena.log(run_id), hook_id, how, _NO_RESUME)

    race.arena.use_storage_apart()
    race(one_round)


@decides("HOOK-DISPOSE-ONCE", cost=2)
def test_a_second_disposal_is_refused(arena: Arena) -> None:
    (run_id,) = open_runs(arena, 1)
    ((hook_id, _),) = open_hooks(arena, [run_id])
    arena.do(arena.events.hook_disposed(run_id, hook_id))
    before = arena.log(run_id)
    reply = arena.try_(arena.events.hook_disposed(run_id, hook_id))
    expect_refused(reply, _NO_DISPOSAL, "a second hook_disposed")
    expect_same_log(arena, run_id, before, "a second hook_disposed")
    arena.record("repeated-disposal", reply.failure.name if reply.failure else "")


@decides("HOOK-DISPOSE-ONCE", *RACING, cost=3)
def test_of_many_disposals_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        (run_id,) = open_runs(arena, 1)
        ((hook_id, _),) = open_hooks(arena, [run_id])
        replies = round_.together(*[arena.events.hook_disposed(run_id, hook_id)] * round_.width)
        expect_one_success(replies, _NO_DISPOSAL, "disposals of one hook")
        disposed = len(events_of(arena.log(run_id), "hook_disposed", hook_id))
        if disposed != 1:
            violate(f"one disposal succeeded, but the log has {disposed} hook_disposed")

    race.arena.use_storage_apart()
    race(one_round)


@decides("HOOK-TOKEN-RELEASE", ALONE, PROCESSES, cost=3)
def test_a_token_is_free_once_its_hook_or_run_is_over(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        claimer = arena.worlds[round_.number % len(arena.worlds)]
        *run_ids, next_run = open_runs(arena, len(ENDS) + 2)
        hooks = open_hooks(arena, run_ids)
        for run_id, (hook_id, token), how in zip(
            run_ids, hooks, (*ENDS, "hook_disposed"), strict=True
        ):
            if how == "hook_disposed":
                arena.do(arena.events.hook_disposed(run_id, hook_id))
            else:
                arena.do(end_run(arena, run_id, how))
            expect_free(token, claimer, f"the token was freed by {how}")
            _expect_claim(arena, next_run, token, f"after {how}", claimer)
        tidy(arena, [next_run, run_ids[-1]])

    race.arena.use_storage_apart()
    race(one_round, rounds=1 if race.arena.processes == 1 else _RELEASES)


def _expect_claim(
    arena: Arena, run_id: str, token: str, when: str, world: WorldClient | None = None
) -> None:
    answer = arena.do(arena.events.hook_created(run_id, fresh_id("hook"), token), world)
    if tell_event(answer) != "hook_created":
        violate(f"a claim of a token {when} must get it, but was answered {tell_event(answer)}")


@decides("HOOK-RETENTION", cost=2)
def test_a_retained_token_stays_taken_after_its_run(arena: Arena) -> None:
    run_id, other = open_runs(arena, 2)
    token = _create_retained(arena, run_id, timedelta(minutes=5))
    arena.do(arena.events.run_completed(run_id))
    hook = arena.world.hooks.get_by_token(token, ALL)
    if field(hook, "runId") != run_id:
        violate(f"a retained token of {run_id} leads to {field(hook, 'runId')}")
    answer = arena.do(arena.events.hook_created(other, fresh_id("hook"), token))
    if tell_event(answer) != "hook_conflict":
        violate(f"a claim of a retained token was answered with {tell_event(answer)}")


@decides("HOOK-RETENTION", cost=2)
def test_a_retained_token_is_free_after_its_time(arena: Arena) -> None:
    run_id, other = open_runs(arena, 2)
    until = time.time() + 1
    token = _create_retained(arena, run_id, timedelta(seconds=1))
    arena.do(arena.events.run_completed(run_id))
    deadline = until + 20
    while True:
        reply = arena.try_(arena.events.hook_created(other, fresh_id("hook"), token))
        told = tell_event(expect_success(reply, "a claim of a retained token"))
        if told == "hook_created":
            break
        if time.time() > deadline:
            violate("a token is still taken 20 s after the end of its retention")
        time.sleep(0.1)
    if reply.end < until * 1000:
        early = until * 1000 - reply.end
        violate(f"a retained token was given away {early:.0f} ms before the end of its retention")


@decides("HOOK-RETENTION", cost=2)
def test_a_retention_of_more_than_thirty_days_is_refused(arena: Arena) -> None:
    (run_id,) = open_runs(arena, 1)
    token = fresh_token()
    until = datetime.now(UTC) + timedelta(days=31)
    call = arena.events.hook_created(run_id, fresh_id("hook"), token, tokenRetentionUntil=until)
    reply = arena.try_(call)
    if reply.succeeded or reply.lost:
        violate(f"a retention of 31 days must be refused, but ended with {describe(reply)}")
    expect_free(token, arena.world, "its claim was refused")


def _create_retained(arena: Arena, run_id: str, period: timedelta) -> str:
    token = fresh_token()
    until = datetime.now(UTC) + period
    call = arena.events.hook_created(run_id, fresh_id("hook"), token, tokenRetentionUntil=until)
    arena.do(call)
    return token
