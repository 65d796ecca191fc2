"""Retries: who counts them, and that a call which was refused or repeated does no harm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.adapters.deliveries import ERROR, retry_in
from harness.adapters.protocol import Call
from harness.adapters.world import Reply
from suites.conformance.answers import (
    expect_refused,
    expect_success,
    field,
    is_accident,
    is_refused,
    maybe,
)
from suites.conformance.arena import Arena, name_of
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.forms import RACING, decides
from suites.conformance.groundwork import ENDS, end_run
from suites.conformance.outcomes import (
    OUTCOMES,
    end_step,
    expect_kept,
    has_attributes,
    has_lazy_start,
    own_types,
    payload,
    reader_of,
)
from suites.conformance.queueing import open_app
from suites.conformance.racing import Race, Round
from suites.conformance.snapshots import Watched, expect_same, look
from suites.conformance.violations import Inconclusive, violate

#: How a delivery ends before its handler starts the step -> how long the next may take, in s.
#: A World that loses what failed (QUEUE-AT-LEAST-ONCE) may still know a delivery put off.
_DEATHS = ((ERROR, 20.0), (retry_in(1), 15.0))


@decides("RETRY-ATTEMPT-AUTHORITY", cost=9)
def test_a_delivery_that_died_before_the_start_is_no_attempt(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site())
    run_id = arena.running_run(app.world)
    step_id = arena.new_step(run_id, app.world)
    for death, within_s in _DEATHS:
        # The first delivery dies, the second is held while the step is started.
        came = app.wait(app.send(run_id, (death, None)), 2, within_s)
        if len(came) > 1:
            break
    else:
        raise Inconclusive("no message whose first delivery died came again")
    answer = arena.do(arena.events.step_started(run_id, step_id), app.world)
    told = field(answer, "step", "attempt")
    stored = field(arena.get_step(run_id, step_id, app.world), "attempt")
    app.release(came[1:])
    if (told, stored) != (1, 1):
        violate(
            f"the first start of a step must be attempt 1, but in delivery {came[-1].attempt} of "
            f"its message it was answered with {told} and stored as {stored}"
        )


@decides("RETRY-PRECONDITION")
def test_only_a_writer_that_missed_something_is_refused(arena: Arena) -> None:
    run_id = arena.running_run()
    hook_id = arena.new_hook(run_id, fresh_token())
    answer = arena.do(arena.events.hook_received(run_id, hook_id))
    marker = int(field(answer, "event", "createdAt").timestamp() * 1000)
    watched = Watched(run_id=run_id)
    before = look(arena, watched)
    stale = arena.try_(_create_seen(arena, run_id, marker - 1))
    arena.record("stale-precondition", "ignored" if stale.succeeded else "refused")
    if not stale.succeeded:
        what = "a create that has not seen a payload"
        expect_refused(stale, ("PreconditionFailedError",), what)
        expect_same(before, look(arena, watched), what)
    for seen, what in ((marker, "all there was"), (marker + 60_000, "more than there was")):
        reply = arena.try_(_create_seen(arena, run_id, seen))
        expect_success(reply, f"a create that has seen {what}")


def _create_seen(arena: Arena, run_id: str, seen_ms: int) -> Call:
    data = {"stepName": "step//./flows//work", "input": payload(0)}
    step_id = fresh_id("step")
    return arena.events.create(run_id, "step_created", step_id, data, stateUpdatedAt=seen_ms)


@decides("RETRY-CONFLICT-NO-EFFECT")
def test_a_refused_call_leaves_a_running_run_as_it_was(arena: Arena) -> None:
    run_id = arena.running_run()
    pending, running = arena.new_step(run_id), arena.running_step(run_id)
    completed, failed = (arena.running_step(run_id) for _ in OUTCOMES)
    arena.do(end_step(arena, run_id, completed, "step_completed"))
    arena.do(end_step(arena, run_id, failed, "step_failed"))
    waiting = arena.running_step(run_id)
    arena.do(arena.events.step_retrying(run_id, waiting, after_s=600))
    token, other_token = fresh_token(), fresh_token()
    hook_id = arena.new_hook(run_id, token)
    wait_id = arena.new_wait(run_id)
    watched = Watched(
        run_id=run_id,
        step_ids=(pending, running, completed, failed, waiting),
        tokens=(token, other_token),
    )
    events = arena.events
    calls = [
        events.run_created(run_id, input=payload(1)),
        *[events.step_created(run_id, step_id, input=payload(1)) for step_id in watched.step_ids],
        *[events.step_started(run_id, step_id) for step_id in (completed, failed, waiting)],
        *[end_step(arena, run_id, completed, how, payload(1)) for how in OUTCOMES],
        *[end_step(arena, run_id, failed, how, payload(1)) for how in OUTCOMES],
        events.step_retrying(run_id, completed),
        events.step_started(run_id, fresh_id("step")),
        events.step_completed(run_id, fresh_id("step")),
        events.hook_created(run_id, hook_id, other_token),
        events.hook_received(run_id, fresh_id("hook")),
        events.hook_disposed(run_id, fresh_id("hook")),
        events.wait_created(run_id, wait_id, in_s=5),
        events.wait_completed(run_id, fresh_id("wait")),
    ]
    if has_lazy_start(arena):
        calls += [events.lazy_step_started(run_id, step_id) for step_id in (pending, completed)]
    _refuse_all(arena, watched, calls)


@decides("RETRY-CONFLICT-NO-EFFECT")
def test_a_refused_call_leaves_an_ended_run_as_it_was(arena: Arena) -> None:
    for how in ENDS:
        run_id = arena.running_run()
        pending, running = arena.new_step(run_id), arena.running_step(run_id)
        hook_id = arena.new_hook(run_id, fresh_token())
        arena.do(end_run(arena, run_id, how))
        token = fresh_token()
        events = arena.events
        calls = [
            events.run_created(run_id, input=payload(1)),
            events.run_started(run_id),
            events.run_completed(run_id, payload(1)),
            events.run_failed(run_id, payload(1)),
            events.step_created(run_id, fresh_id("step")),
            events.step_started(run_id, running),
            events.step_started(run_id, pending),
            events.step_completed(run_id, pending),
            events.hook_created(run_id, fresh_id("hook"), token),
            events.hook_received(run_id, hook_id),
            events.wait_created(run_id, fresh_id("wait")),
        ]
        if has_lazy_start(arena):
            calls.append(events.lazy_step_started(run_id, fresh_id("step")))
        if has_attributes(arena):
            calls.append(events.attr_set(run_id, fresh_id("attr"), key="value"))
        watched = Watched(run_id=run_id, step_ids=(pending, running), tokens=(token,))
        _refuse_all(arena, watched, calls)


@decides("RETRY-CONFLICT-NO-EFFECT", *RACING)
def test_what_many_tried_to_store_is_what_the_accepted_call_sent(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena, events = round_.arena, round_.arena.events
        run_id, step_id = fresh_id("wrun"), fresh_id("step")
        numbers = range(round_.width)
        replies = round_.together(*[events.run_created(run_id, input=payload(n)) for n in numbers])
        _expect_kept(arena.get_run(run_id, reader_of(arena)), replies, "the run")
        arena.do(events.run_started(run_id))
        replies = round_.together(
            *[events.step_created(run_id, step_id, input=payload(n)) for n in numbers]
        )
        _expect_kept(arena.get_step(run_id, step_id, reader_of(arena)), replies, "the step")

    race(one_round)


def _expect_kept(entity: Any, replies: Sequence[Reply], what: str) -> None:
    """See that an entity has the input of the one call that was accepted, if it was one."""
    winners = [reply for reply in replies if reply.succeeded]
    if len(winners) == 1:
        expect_kept(maybe(entity, "input"), winners[0], replies, "input", what)


def _refuse_all(arena: Arena, watched: Watched, calls: Sequence[Call]) -> None:
    """Make calls that a World should refuse; those that it accepts are for other clauses."""
    before = look(arena, watched)
    refused = 0
    for call in calls:
        reply = arena.try_(call)
        after = look(arena, watched)
        if is_refused(reply) or (reply.failure is not None and is_accident(reply.failure)):
            refused += 1
            expect_same(before, after, name_of(call))
        before = after
    if not refused:
        raise Inconclusive(f"the World refused none of {len(calls)} calls")


#: What may be in a log once only, for one step, hook, wait or run.
_CLAIMS = ("run_created", "step_created", "hook_created", "wait_created")
_ONCE = (*_CLAIMS, "step_completed", "wait_completed", "hook_disposed", "run_completed")


@decides("RETRY-TRANSIENT-SAFE")
def test_a_call_whose_answer_was_lost_can_be_repeated(arena: Arena) -> None:
    run_id, hook_id, wait_id = fresh_id("wrun"), fresh_id("hook"), fresh_id("wait")
    step_id, lazy_id, token = fresh_id("step"), fresh_id("step"), fresh_token()
    events = arena.events
    calls = [
        events.run_created(run_id),
        events.run_started(run_id),
        events.step_created(run_id, step_id),
        events.hook_created(run_id, hook_id, token),
        events.wait_created(run_id, wait_id),
        events.step_completed(run_id, step_id),
        events.wait_completed(run_id, wait_id),
        events.hook_disposed(run_id, hook_id),
        events.run_completed(run_id),
    ]
    if has_lazy_start(arena):
        calls.insert(3, events.lazy_step_started(run_id, lazy_id))
    watched = Watched(run_id=run_id, step_ids=(step_id, lazy_id), tokens=(token,))
    for call in calls:
        if name_of(call) == "step_completed":
            arena.do(events.step_started(run_id, step_id))
        first = arena.do(call)
        before = look(arena, watched)
        second = arena.try_(call)
        if not second.succeeded:
            expect_refused(second, (), f"{name_of(call)} that was sent again")
        _expect_repeated(name_of(call), before, look(arena, watched), first)


def _expect_repeated(kind: str, before: Any, after: Any, first: Any) -> None:
    """See that a repeated call left everything as its first answer said."""
    types = own_types(after["the log"])
    added = types[len(own_types(before["the log"])) :]
    name = maybe(first, "event", "correlationId")
    of_one = [
        event
        for event in after["the log"]
        if event["eventType"] == kind and maybe(event, "correlationId") == name
    ]
    if kind in _ONCE and len(of_one) > 1:
        violate(f"{kind} that was sent twice is {len(of_one)} times in the log")
    if added:
        violate(f"{kind} that was sent again was logged as {', '.join(added)}")
    for what in before:
        if what != "the log" and _without_time(before[what]) != _without_time(after[what]):
            violate(f"{kind} that was sent again changed {what}")


def _without_time(entity: Any) -> Any:
    """Leave out when something was touched last: a success without effect may note that."""
    if isinstance(entity, list):
        return [_without_time(row) for row in entity]
    if not isinstance(entity, dict):
        return entity
    return {key: value for key, value in entity.items() if key != "updatedAt"}


@decides("RETRY-TRANSIENT-SAFE")
def test_two_copies_of_one_call_have_the_effect_of_one(arena: Arena) -> None:
    run_id = arena.running_run()
    step_id, hook_id, wait_id = fresh_id("step"), fresh_id("hook"), fresh_id("wait")
    calls = [
        arena.events.step_created(run_id, step_id),
        arena.events.hook_created(run_id, hook_id, fresh_token()),
        arena.events.wait_created(run_id, wait_id),
    ]
    for call in calls:
        replies = arena.together([call, call])
        if not any(reply.succeeded for reply in replies):
            violate(f"of two copies of one {name_of(call)} at once neither was accepted")
    types = own_types(arena.log(run_id))
    for call in calls:
        logged = types.count(name_of(call))
        if logged != 1:
            violate(f"two copies of one {name_of(call)} at once are {logged} times in the log")
    if "hook_conflict" in types:
        violate("two copies of one hook_created at once came into conflict with each other")
    reply = arena.try_(Call("steps.get", (run_id, step_id, ALL)))
    expect_success(reply, "steps.get of a step that was created twice")
