"""Events: several in one call, and the fence against writers that are out of date."""

from __future__ import annotations

from typing import Any

from harness.adapters.protocol import Call
from suites.conformance.answers import expect_refused, expect_success, field, maybe
from suites.conformance.arena import Arena
from suites.conformance.calls import PAYLOAD, fresh_id, fresh_token
from suites.conformance.forms import RACING, decides
from suites.conformance.logs import create_steps, ids_of, list_call
from suites.conformance.racing import Race, Round
from suites.conformance.violations import NotApplicable, violate

_SUPERSEDED = ("InBandSupersededError",)
#: Two events of one step that may come in one batch, because together they are one claim.
_PAIR = 2


def _batch(run_id: str, *calls: Call) -> Call:
    """Make the call that appends the events of several creates at once."""
    items = [{"event": call.args[1]} for call in calls]
    return Call("events.createBatch", (run_id, items, {"resolveData": "all"}))


def _results(arena: Arena, call: Call) -> list[Any]:
    results = arena.do(call)
    if not isinstance(results, list) or len(results) != len(call.args[1]):
        violate(f"a batch of {len(call.args[1])} items has {len(results)} results")
    return results


@decides("EVT-BATCH")
def test_each_item_of_a_batch_has_a_place_and_an_answer(arena: Arena) -> None:
    events, run_id = arena.events, arena.running_run()
    known = arena.new_step(run_id)
    born = fresh_id("step")
    calls = [
        events.step_created(run_id, fresh_id("step")),
        events.wait_created(run_id, fresh_id("wait")),
        events.step_created(run_id, known),
        events.step_created(run_id, born),
        events.step_started(run_id, born),
    ]
    count = len(arena.log(run_id))
    results = _results(arena, _batch(run_id, *calls))
    statuses = [maybe(result, "status") for result in results]
    if statuses != [200, 200, 409, 200, 200]:
        violate(f"a batch whose third item is a duplicate has the statuses {statuses}")
    wanted = [field(result, "event", "eventId") for result in results if result["status"] == 200]
    found = ids_of(arena.log(run_id)[count:])
    if found != wanted:
        violate("the events of a batch do not stand behind each other in the order of its items")
    if maybe(arena.get_step(run_id, born), "status") != "running":
        violate("a step that a batch created and started is not running")


@decides("EVT-BATCH")
def test_what_may_not_be_batched_is_refused(arena: Arena) -> None:
    events, run_id = arena.events, arena.running_run()
    hook_id = arena.new_hook(run_id, fresh_token())
    before = arena.log(run_id)
    for call in (
        events.run_created(fresh_id("wrun")),
        events.run_started(run_id),
        events.run_cancelled(run_id),
        events.hook_created(run_id, fresh_id("hook"), fresh_token()),
        events.hook_disposed(run_id, hook_id),
        events.attr_set(run_id, fresh_id("attr"), color="blue"),
    ):
        reply = arena.try_(_batch(run_id, call))
        kind = call.args[1]["eventType"]
        if reply.succeeded and maybe(reply.value, 0, "status") == 200:
            violate(f"{kind} was accepted as part of a batch")
        if len(arena.log(run_id)) != len(before):
            violate(f"{kind} was refused as part of a batch, but is in the log")


@decides("EVT-BATCH", *RACING)
def test_of_batches_that_claim_one_step_one_gets_it(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena, events = round_.arena, round_.arena.events
        run_id, step_id = arena.running_run(), fresh_id("step")
        calls = [
            _batch(
                run_id,
                events.step_created(run_id, fresh_id("step")),
                events.step_created(run_id, step_id),
            )
            for _ in range(round_.width)
        ]
        replies = round_.together(*calls)
        answers = [expect_success(reply, "a batch") for reply in replies]
        statuses = [maybe(answer, 1, "status") for answer in answers]
        if statuses.count(200) != 1:
            violate(f"of {len(calls)} batches that create one step, {statuses.count(200)} did")
        if any(maybe(answer, 0, "status") != 200 for answer in answers):
            violate("an item is refused because another item of its batch is a duplicate")
        log = arena.log(run_id)
        created = [event for event in log if event.get("correlationId") == step_id]
        if len(created) != 1:
            violate(f"one batch created the step, but the log has {len(created)} events of it")
        _expect_consecutive(answers, ids_of(log))

    race(one_round)


def _expect_consecutive(answers: list[Any], order: list[str]) -> None:
    for answer in answers:
        places = [
            order.index(field(result, "event", "eventId"))
            for result in answer
            if result["status"] == 200
        ]
        if len(places) == _PAIR and places[1] != places[0] + 1:
            violate("another event stands between those of one batch")


def _fence_of(arena: Arena, run_id: str) -> int:
    page = arena.do(list_call(run_id))
    place = maybe(page, "seqInBand")
    if not isinstance(place, int):
        raise NotApplicable("its lists do not say where the fence stands")
    return place


@decides("EVT-FENCE", *RACING)
def test_of_writers_with_one_fence_one_appends(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = arena.running_run()
        fence = _fence_of(arena, run_id)
        data = {"stepName": "step//./flows//work", "input": PAYLOAD}
        calls = [
            arena.events.create(
                run_id, "step_created", fresh_id("step"), data, expectedSeqInBand=fence
            )
            for _ in range(round_.width)
        ]
        before = len(arena.log(run_id))
        replies = round_.together(*calls)
        winners = [reply for reply in replies if reply.succeeded]
        for reply in replies:
            if not reply.succeeded:
                expect_refused(reply, _SUPERSEDED, "a create whose fence is out of date")
        if len(winners) != 1:
            violate(f"of {len(calls)} creates with one fence {len(winners)} succeeded")
        if len(arena.log(run_id)) != before + 1:
            violate("a create that the fence refused is in the log")

    race(one_round)


@decides("EVT-FENCE")
def test_writers_from_outside_pass_the_fence(arena: Arena) -> None:
    run_id = arena.running_run()
    hook_id = arena.new_hook(run_id, fresh_token())
    fence = _fence_of(arena, run_id)
    create_steps(arena, run_id, 2)
    resume = arena.events.create(
        run_id, "hook_received", hook_id, {"payload": PAYLOAD}, expectedSeqInBand=fence
    )
    expect_success(arena.try_(resume), "a hook's payload with a fence that is out of date")
    cancel = arena.events.create(run_id, "run_cancelled", expectedSeqInBand=fence)
    expect_success(arena.try_(cancel), "a cancel with a fence that is out of date")
