"""Runs: one end, and nothing behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.adapters.protocol import Call
from suites.conformance.answers import (
    CONFLICT,
    expect_one_success,
    expect_refused,
    expect_success,
    field,
    is_refused,
)
from suites.conformance.arena import Arena, name_of
from suites.conformance.calls import ALL, fresh_id, fresh_token
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
    tell_accepted,
)
from suites.conformance.racing import Race, Round
from suites.conformance.violations import violate

#: What may stand behind the end: outcomes of steps that ran (a repeated cancel is looked at apart).
_ALLOWED_BEHIND = ("step_completed", "step_failed", "step_retrying", "noop")


@decides("RUN-TERMINAL-ONCE", *RACING)
def test_of_many_ends_of_one_run_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        # One cancel only: a second one may succeed behind the first.
        ends = [arena.events.run_cancelled(run_id)] if round_.number % 3 else []
        for number in range(round_.width - len(ends)):
            make = arena.events.run_completed if number % 2 else arena.events.run_failed
            ends.append(make(run_id, payload(number)))
        replies = round_.together(*rotate(ends, round_.number))
        winner = expect_one_success(replies, CONFLICT, "ends of one run")
        kind = name_of(winner.call)
        reader = reader_of(arena)
        expect_count(arena.log(run_id, reader), ENDS, 1, f"{kind} alone succeeded")
        for _ in range(2):
            run = arena.get_run(run_id, reader)
            expect_status(run, STATUS_AFTER[kind], f"a run that ended by {kind}")

    race(one_round)


@decides("RUN-TERMINAL-ONCE")
def test_an_end_is_final(arena: Arena) -> None:
    for first in ENDS:
        run_id = arena.running_run()
        arena.do(end_run(arena, run_id, first))
        before = arena.log(run_id)
        for second in ENDS:
            if (first, second) == ("run_cancelled", "run_cancelled"):
                continue
            reply = arena.try_(end_run(arena, run_id, second))
            expect_refused(reply, CONFLICT, f"{second} behind {first}")
            expect_logged(arena, run_id, before, f"{second} behind {first}")
            expect_status(arena.get_run(run_id), STATUS_AFTER[first], f"a run that saw {first}")


@decides("RUN-TERMINAL-CLOSES", *RACING)
def test_nothing_new_stands_behind_an_end_that_it_raced_with(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        hook_id = arena.new_hook(run_id, fresh_token())
        how = ENDS[round_.number % len(ENDS)]
        kinds = rotate(_make_intruders(arena, run_id, hook_id), round_.number)
        # Alone against many of one kind now and then: the window differs from kind to kind.
        intruders = [
            intruder
            for batch in range(round_.width)
            for intruder in (_make_intruders(arena, run_id, hook_id) if batch else kinds)
        ][: round_.width - 1]
        round_.together(*rotate([end_run(arena, run_id, how), *intruders], 2 * round_.number))
        _expect_closed(arena.log(run_id, reader_of(arena)), how)

    race(one_round)


@decides("RUN-TERMINAL-CLOSES", *RACING)
def test_no_step_is_created_behind_an_end_that_it_raced_with(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        how = ENDS[round_.number % len(ENDS)]
        creations = [
            arena.events.step_created(run_id, fresh_id("step"))
            for _ in range(min(2, round_.width - 1))
        ]
        round_.together(*rotate([end_run(arena, run_id, how), *creations], round_.number))
        _expect_closed(arena.log(run_id, reader_of(arena)), how)

    race(one_round)


def _make_intruders(arena: Arena, run_id: str, hook_id: str) -> list[Call]:
    events = arena.events
    calls = [
        events.step_created(run_id, fresh_id("step")),
        events.wait_created(run_id, fresh_id("wait")),
        events.hook_created(run_id, fresh_id("hook"), fresh_token()),
        events.hook_received(run_id, hook_id),
    ]
    if has_attributes(arena):
        calls.append(events.attr_set(run_id, fresh_id("attr"), key="value"))
    if has_lazy_start(arena):
        calls.append(events.lazy_step_started(run_id, fresh_id("step")))
    return calls


def _expect_closed(log: Sequence[Any], how: str) -> None:
    types = own_types(log)
    if how not in types:
        violate(f"{how} was sent, but the log has none: {', '.join(types)}")
    allowed = (*_ALLOWED_BEHIND, "run_cancelled") if how == "run_cancelled" else _ALLOWED_BEHIND
    behind = [kind for kind in types[types.index(how) + 1 :] if kind not in allowed]
    if behind:
        violate(f"behind {how} the log goes on with {', '.join(behind)}")


@decides("RUN-TERMINAL-CLOSES")
def test_an_ended_run_takes_nothing_new(arena: Arena) -> None:
    for how in ENDS:
        run_id = arena.running_run()
        hook_id = arena.new_hook(run_id, fresh_token())
        wait_id = arena.new_wait(run_id)
        arena.do(end_run(arena, run_id, how))
        tried = [
            (name_of(call), arena.try_(call)) for call in _make_intruders(arena, run_id, hook_id)
        ]
        accepted = [(name, reply) for name, reply in tried if not is_refused(reply)]
        if accepted:
            violate(f"behind {how} these were not refused: {tell_accepted(accepted)}")
        arena.try_(arena.events.wait_completed(run_id, wait_id))
        arena.try_(arena.events.hook_disposed(run_id, hook_id))
        _expect_closed(arena.log(run_id), how)
        expect_status(arena.get_run(run_id), STATUS_AFTER[how], f"a run that ended by {how}")


@decides("RUN-TERMINAL-CLOSES")
def test_no_step_starts_behind_the_end(arena: Arena) -> None:
    for how in ENDS:
        run_id = arena.running_run()
        pending, running = arena.new_step(run_id), arena.running_step(run_id)
        arena.do(end_run(arena, run_id, how))
        for step_id in (pending, running):
            arena.try_(arena.events.step_started(run_id, step_id))
        _expect_closed(arena.log(run_id), how)


@decides("RUN-TERMINAL-CLOSES")
def test_whether_a_step_may_ask_for_a_retry_behind_the_end_is_recorded(arena: Arena) -> None:
    run_id = arena.running_run()
    step_id = arena.running_step(run_id)
    arena.do(arena.events.run_cancelled(run_id))
    reply = arena.try_(arena.events.step_retrying(run_id, step_id))
    arena.record("retrying-after-end", "accepted" if reply.succeeded else "refused")


@decides("RUN-CANCEL-IDEMPOTENT")
def test_a_cancel_can_be_repeated(arena: Arena) -> None:
    run_id = arena.running_run()
    arena.do(arena.events.run_cancelled(run_id))
    expect_success(arena.try_(arena.events.run_cancelled(run_id)), "run_cancelled behind another")
    expect_status(arena.get_run(run_id), "cancelled", "a run that was cancelled twice")
    logged = own_types(arena.log(run_id)).count("run_cancelled")
    arena.record("repeated-cancel-logged", "yes" if logged > 1 else "no")


@decides("RUN-CANCEL-IDEMPOTENT")
def test_a_run_that_never_started_can_be_cancelled(arena: Arena) -> None:
    run_id = arena.new_run()
    arena.do(arena.events.run_cancelled(run_id))
    expect_status(arena.get_run(run_id), "cancelled", "a pending run that was cancelled")


@decides("RUN-CANCEL-IDEMPOTENT", *RACING)
def test_of_many_cancels_at_once_the_run_is_cancelled(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        replies = round_.together(*[arena.events.run_cancelled(run_id)] * round_.width)
        if not any(reply.succeeded for reply in replies):
            violate(f"of {round_.width} cancels of one run at once none succeeded")
        for reply in replies:
            # Whoever was overtaken may be told so: the run was not cancelled yet when it asked.
            if not reply.succeeded:
                expect_refused(reply, CONFLICT, "a cancel that raced with another")
        reader = reader_of(arena)
        expect_status(arena.get_run(run_id, reader), "cancelled", "a run that many cancelled")
        expect_success(arena.try_(arena.events.run_cancelled(run_id)), "a cancel behind all these")

    race(one_round, rounds=20)


@decides("RUN-CANCEL-IDEMPOTENT")
def test_a_run_that_ended_otherwise_is_not_cancelled(arena: Arena) -> None:
    for how in ("run_completed", "run_failed"):
        run_id = arena.running_run()
        arena.do(end_run(arena, run_id, how))
        before = arena.log(run_id)
        reply = arena.try_(arena.events.run_cancelled(run_id))
        expect_refused(reply, CONFLICT, f"run_cancelled behind {how}")
        expect_logged(arena, run_id, before, f"run_cancelled behind {how}")
        expect_status(arena.get_run(run_id), STATUS_AFTER[how], f"a run that saw {how}")


@decides("RUN-WAIT-TERMINAL", cost=2)
def test_waiting_ends_with_the_time_that_was_given(arena: Arena) -> None:
    run_id = arena.running_run()
    reply = arena.try_(_wait(run_id, 300))
    expect_status(
        expect_success(reply, "waiting for a run that goes on"), "running", "a run that goes on"
    )
    waited = reply.end - reply.start
    if waited < 250:
        violate(f"waiting 300 ms for a run that goes on ended after {waited:.0f} ms")


@decides("RUN-WAIT-TERMINAL", cost=2)
def test_waiting_ends_with_the_run(arena: Arena) -> None:
    for how in ENDS:
        run_id = arena.running_run()
        waiting, ending = arena.world.pipeline([_wait(run_id, 12_000), end_run(arena, run_id, how)])
        expect_success(ending, how)
        run = expect_success(waiting, f"waiting for {how}")
        expect_status(run, STATUS_AFTER[how], f"the run that was waited for until {how}")
        if field(run, "runId") != run_id:
            violate(f"waiting for run {run_id} was answered with {field(run, 'runId')}")
        late = waiting.end - max(waiting.start, ending.end)
        if late > 6000:
            violate(f"a run was over, but waiting for it went on for {late:.0f} ms")


@decides("RUN-WAIT-TERMINAL")
def test_nobody_waits_for_a_run_that_is_over(arena: Arena) -> None:
    run_id = arena.running_run()
    arena.do(arena.events.run_completed(run_id))
    reply = arena.try_(_wait(run_id, 12_000))
    expect_status(expect_success(reply, "waiting for a run that is over"), "completed", "it")
    waited = reply.end - reply.start
    if waited > 6000:
        violate(f"waiting for a run that was over took {waited:.0f} ms")


def _wait(run_id: str, timeout_ms: int) -> Call:
    return Call("runs.waitForTerminalStatus", (run_id, {"timeoutMs": timeout_ms, **ALL}))
