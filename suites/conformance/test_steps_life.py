"""Steps: every start counts, and a step has one outcome."""

from __future__ import annotations

from datetime import datetime

from suites.conformance.answers import (
    CONFLICT,
    EXPIRED,
    expect_one_success,
    expect_refused,
    expect_success,
    field,
    maybe,
)
from suites.conformance.arena import Arena, name_of
from suites.conformance.calls import PAYLOAD
from suites.conformance.forms import RACING, decides
from suites.conformance.groundwork import ENDS, end_run
from suites.conformance.outcomes import (
    OUTCOMES,
    STATUS_AFTER,
    end_step,
    expect_count,
    expect_kept,
    expect_logged,
    expect_status,
    own_types,
    payload,
    reader_of,
    retry_at,
    rotate,
    sleep_until,
)
from suites.conformance.racing import Race, Round
from suites.conformance.violations import violate

#: How far a stored time may be from the one that was sent: it has whole milliseconds.
_ROUNDING_S = 0.0015


@decides("STEP-START-COUNT")
def test_starts_one_after_another_count(arena: Arena) -> None:
    run_id = arena.running_run()
    step_id = arena.new_step(run_id)
    for attempt in (1, 2, 3):
        answer = arena.do(arena.events.step_started(run_id, step_id))
        told = field(answer, "step", "attempt")
        if told != attempt:
            violate(f"start number {attempt} of a step was answered with attempt {told}")
        stored = field(arena.get_step(run_id, step_id), "attempt")
        if stored != attempt:
            violate(f"after {attempt} starts the step's attempt is {stored}")
    expect_count(arena.log(run_id), ["step_started"], 3, "three starts were accepted")


@decides("STEP-START-COUNT", *RACING)
def test_every_one_of_many_starts_counts(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        step_id = arena.new_step(run_id)
        starts = [arena.events.step_started(run_id, step_id)] * round_.width
        told = []
        for reply in round_.together(*starts):
            answer = expect_success(reply, f"each of {round_.width} starts of one step at once")
            told.append(field(answer, "step", "attempt"))
        reader = reader_of(arena)
        stored = field(arena.get_step(run_id, step_id, reader), "attempt")
        if stored != round_.width:
            violate(f"{round_.width} starts were accepted, but the step's attempt is {stored}")
        if sorted(told) != list(range(1, round_.width + 1)):
            different = len(set(told))
            violate(f"{round_.width} starts were answered with {different} different attempts")
        what = f"{round_.width} starts were accepted"
        expect_count(arena.log(run_id, reader), ["step_started"], round_.width, what)

    race(one_round)


@decides("STEP-START-TERMINAL")
def test_a_step_that_is_over_does_not_start(arena: Arena) -> None:
    run_id = arena.running_run()
    for how in OUTCOMES:
        step_id = arena.running_step(run_id)
        arena.do(end_step(arena, run_id, step_id, how))
        before = arena.log(run_id)
        reply = arena.try_(arena.events.step_started(run_id, step_id))
        expect_refused(reply, CONFLICT, f"step_started behind {how}")
        expect_logged(arena, run_id, before, f"step_started behind {how}")
        step = arena.get_step(run_id, step_id)
        expect_status(step, STATUS_AFTER[how], f"a step started behind {how}")


@decides("STEP-START-TERMINAL", *RACING)
def test_no_start_stands_behind_an_outcome_that_it_raced_with(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        step_id = arena.running_step(run_id)
        how = OUTCOMES[round_.number % 5 == 0]
        # Two starts leave the outcome a chance to come in between; many find other windows.
        starts = 2 if round_.number % 2 else round_.width - 1
        calls = [
            end_step(arena, run_id, step_id, how),
            *[arena.events.step_started(run_id, step_id)] * min(starts, round_.width - 1),
        ]
        replies = round_.together(*rotate(calls, round_.number // 2))
        outcome = next(reply for reply in replies if name_of(reply.call) == how)
        expect_success(outcome, f"{how} of a running step that is being started again")
        reader = reader_of(arena)
        types = own_types(arena.log(run_id, reader))
        if how not in types:
            violate(f"{how} was accepted, but is not in the log")
        behind = types[types.index(how) + 1 :].count("step_started")
        if behind:
            violate(f"{behind} step_started stand behind {how} in the log")
        step = arena.get_step(run_id, step_id, reader)
        expect_status(step, STATUS_AFTER[how], f"a step that {how} was accepted for")

    race(one_round)


@decides("STEP-START-ENDED-RUN")
def test_no_step_of_an_ended_run_starts(arena: Arena) -> None:
    for how in ENDS:
        run_id = arena.running_run()
        steps = {"running": arena.running_step(run_id), "pending": arena.new_step(run_id)}
        arena.do(end_run(arena, run_id, how))
        before = arena.log(run_id)
        for status, step_id in steps.items():
            what = f"step_started of a {status} step behind {how}"
            reply = arena.try_(arena.events.step_started(run_id, step_id))
            expect_refused(reply, EXPIRED, what)
            expect_logged(arena, run_id, before, what)


@decides("STEP-TERMINAL-ONCE", *RACING)
def test_of_many_outcomes_of_one_step_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        step_id = arena.running_step(run_id)
        mixed = round_.number % 3
        calls = [
            end_step(arena, run_id, step_id, OUTCOMES[bool(mixed and number % 2)], payload(number))
            for number in range(round_.width)
        ]
        replies = round_.together(*rotate(calls, round_.number))
        winner = expect_one_success(replies, CONFLICT, "outcomes of one step")
        kind = name_of(winner.call)
        reader = reader_of(arena)
        expect_count(arena.log(run_id, reader), OUTCOMES, 1, f"{kind} alone succeeded")
        step = arena.get_step(run_id, step_id, reader)
        expect_status(step, STATUS_AFTER[kind], f"a step that ended by {kind}")
        if kind == "step_completed":
            completions = [reply for reply in replies if name_of(reply.call) == kind]
            expect_kept(maybe(step, "output"), winner, completions, "result", "the step")

    race(one_round)


@decides("STEP-TERMINAL-ONCE")
def test_an_outcome_is_final(arena: Arena) -> None:
    run_id = arena.running_run()
    for first in OUTCOMES:
        step_id = arena.running_step(run_id)
        arena.do(end_step(arena, run_id, step_id, first))
        before = arena.log(run_id)
        for second in OUTCOMES:
            what = f"{second} behind {first}"
            expect_refused(arena.try_(end_step(arena, run_id, step_id, second)), CONFLICT, what)
            expect_logged(arena, run_id, before, what)
        expect_status(arena.get_step(run_id, step_id), STATUS_AFTER[first], f"it saw {first}: it")


@decides("STEP-TERMINAL-ONCE")
def test_what_happens_to_the_outcome_of_a_pending_step_is_recorded(arena: Arena) -> None:
    run_id = arena.running_run()
    reply = arena.try_(arena.events.step_completed(run_id, arena.new_step(run_id)))
    arena.record("outcome-of-pending-step", "accepted" if reply.succeeded else "refused")


@decides("STEP-LATE-OUTCOME")
def test_a_running_step_may_end_behind_its_run(arena: Arena) -> None:
    for number, how in enumerate(ENDS):
        run_id = arena.running_run()
        step_ids = [arena.running_step(run_id) for _ in OUTCOMES]
        arena.do(end_run(arena, run_id, how))
        ended = arena.get_run(run_id)
        for step_id, outcome in zip(step_ids, rotate(OUTCOMES, number), strict=True):
            reply = arena.try_(end_step(arena, run_id, step_id, outcome, payload(1)))
            expect_success(reply, f"{outcome} of a step that was running before {how}")
            step = arena.get_step(run_id, step_id)
            expect_status(step, STATUS_AFTER[outcome], f"a step with a late {outcome}")
            if own_types(arena.log(run_id))[-1] != outcome:
                violate(f"{outcome} behind {how} was accepted, but is not last in the log")
        run = arena.get_run(run_id)
        for key in ("status", "output", "error", "completedAt"):
            if maybe(run, key) != maybe(ended, key):
                violate(f"the late outcome of a step changed the {key} of a run that saw {how}")


@decides("STEP-LATE-OUTCOME")
def test_a_pending_step_does_not_end_behind_its_run(arena: Arena) -> None:
    for number, how in enumerate(ENDS):
        run_id = arena.running_run()
        step_id = arena.new_step(run_id)
        arena.do(end_run(arena, run_id, how))
        before = arena.log(run_id)
        outcome = OUTCOMES[number % 2]
        what = f"{outcome} of a step that was pending before {how}"
        expect_refused(arena.try_(end_step(arena, run_id, step_id, outcome)), EXPIRED, what)
        expect_logged(arena, run_id, before, what)
        expect_status(arena.get_step(run_id, step_id), "pending", "a step that never ran")


@decides("STEP-RETRY-STATE", cost=1)
def test_a_step_that_is_tried_again_waits_as_pending(arena: Arena) -> None:
    run_id = arena.running_run()
    step_id = arena.running_step(run_id)
    started_at = field(arena.get_step(run_id, step_id), "startedAt")
    call, at = retry_at(arena, run_id, step_id, 0.3)
    answer = arena.do(call)
    for where, step in (
        ("the answer to step_retrying", field(answer, "step")),
        ("steps.get", arena.get_step(run_id, step_id)),
    ):
        expect_status(step, "pending", f"in {where} a step that is to be tried again")
        if maybe(step, "attempt") != 1:
            violate(f"step_retrying must keep attempt 1, but {where} says {maybe(step, 'attempt')}")
        if maybe(step, "error") is None:
            violate(f"step_retrying must store its error, but {where} has none")
        told = maybe(step, "retryAfter")
        if not isinstance(told, datetime) or abs((told - at).total_seconds()) > _ROUNDING_S:
            violate(f"step_retrying must store retryAfter {at}, but {where} says {told}")
    sleep_until(at, and_ms=100)
    arena.do(arena.events.step_started(run_id, step_id))
    step = arena.get_step(run_id, step_id)
    expect_status(step, "running", "a step that was tried again")
    if field(step, "attempt") != 2:
        violate(f"the second try of a step must be attempt 2, but is {step['attempt']}")
    if maybe(step, "retryAfter") is not None:
        violate(f"a step that was tried again still has retryAfter {step['retryAfter']}")
    if maybe(step, "startedAt") != started_at:
        violate(f"a second try moved startedAt from {started_at} to {maybe(step, 'startedAt')}")


@decides("STEP-RETRY-STATE")
def test_a_retry_without_a_time_can_start_at_once(arena: Arena) -> None:
    run_id = arena.running_run()
    step_id = arena.running_step(run_id)
    for attempt in (1, 2):
        arena.do(arena.events.step_retrying(run_id, step_id))
        step = arena.get_step(run_id, step_id)
        expect_status(step, "pending", "a step that is to be tried again")
        if field(step, "attempt") != attempt:
            violate(f"step_retrying changed the attempt from {attempt} to {step['attempt']}")
        answer = arena.do(arena.events.step_started(run_id, step_id))
        told = field(answer, "step", "attempt")
        if told != attempt + 1:
            violate(f"try number {attempt + 1} of a step was answered with attempt {told}")
    arena.do(arena.events.step_completed(run_id, step_id, PAYLOAD))
    expect_status(arena.get_step(run_id, step_id), "completed", "a step that succeeded at last")
