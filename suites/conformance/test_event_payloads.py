"""Events: without payloads, everything else stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.adapters.protocol import Call
from harness.contract.model.log import EVENT_PAYLOADS
from suites.conformance.answers import field, maybe
from suites.conformance.arena import Arena
from suites.conformance.forms import decides
from suites.conformance.logs import History, list_call, plan_history, write_in_order
from suites.conformance.violations import violate

_NONE = {"resolveData": "none"}
_ALL = {"resolveData": "all"}
#: Of an entity, these are left out; whether its error is, too, is the World's choice: there it is
#: part of the status.
_ENTITY_PAYLOADS = ("input", "output", "metadata")
_ENTITY_MAY_LACK = (*_ENTITY_PAYLOADS, "error")


@decides("EVT-RESOLVE-NONE")
def test_lists_without_payloads_have_everything_else(arena: Arena) -> None:
    history = plan_history(arena, disposes=False, ends=False)
    write_in_order(arena, history.calls)
    _compare_lists(arena, history)
    _compare_gets(arena, history)
    arena.do(arena.events.run_completed(history.run_id))
    _compare_lists(arena, history)
    _compare_entities(arena, Call("runs.get", (history.run_id,)), "a run")


def _compare_lists(arena: Arena, history: History) -> None:
    whole = arena.log(history.run_id)
    bare = field(arena.do(list_call(history.run_id, resolve="none")), "data")
    if len(bare) != len(whole):
        violate(f"without payloads the log has {len(bare)} events, with them {len(whole)}")
    for event, stripped in zip(whole, bare, strict=True):
        expect_stripped(event, stripped, "a list")
        if arena.has("events.get"):
            got = arena.world.events.get(history.run_id, event["eventId"], _NONE)
            expect_stripped(event, got, "events.get")
    if arena.has("events.listByCorrelationId"):
        _compare_correlated(arena, history, whole)


def _compare_correlated(arena: Arena, history: History, whole: Sequence[Any]) -> None:
    wanted = [event for event in whole if event.get("correlationId") == history.step_id]
    options = {"correlationId": history.step_id, "runId": history.run_id, **_NONE}
    found = field(arena.world.events.list_by_correlation_id(options), "data")
    for event, stripped in zip(wanted, found, strict=False):
        expect_stripped(event, stripped, "listByCorrelationId")


def expect_stripped(event: Mapping[str, Any], stripped: Any, where: str) -> None:
    """See that an event is as it was, but for its payloads."""
    kind = event["eventType"]
    data = event.get("eventData") or {}
    left = maybe(stripped, "eventData") or {}
    for key in EVENT_PAYLOADS:
        if left.get(key) is not None:
            violate(f"without payloads, {where} still has the {key} of a {kind}")
    lacking = [key for key in data if key not in EVENT_PAYLOADS and left.get(key) != data[key]]
    lacking += [key for key in event if key != "eventData" and maybe(stripped, key) != event[key]]
    if lacking:
        violate(f"without payloads, {where} lacks {', '.join(lacking)} of a {kind}")


def _compare_gets(arena: Arena, history: History) -> None:
    run_id = history.run_id
    _compare_entities(arena, Call("runs.get", (run_id,)), "a run")
    for step_id in (history.step_id, history.failed_step_id):
        _compare_entities(arena, Call("steps.get", (run_id, step_id)), "a step")
    _compare_entities(arena, Call("hooks.get", (history.hook_id,)), "a hook")
    _compare_entities(arena, Call("hooks.getByToken", (history.token,)), "a hook")
    for method, options in (
        ("steps.list", {"runId": run_id, "pagination": {"limit": 100}}),
        ("hooks.list", {"runId": run_id, "pagination": {"limit": 100}}),
    ):
        _compare_pages(arena, method, options)


def _compare_entities(arena: Arena, call: Call, what: str) -> None:
    if not arena.has(call.method):
        return
    whole = arena.do(Call(call.method, (*call.args, _ALL)))
    bare = arena.do(Call(call.method, (*call.args, _NONE)))
    _expect_bare(whole, bare, f"{what} from {call.method}")


def _compare_pages(arena: Arena, method: str, options: dict[str, Any]) -> None:
    if not arena.has(method):
        return
    whole = field(arena.do(Call(method, ({**options, **_ALL},))), "data")
    bare = field(arena.do(Call(method, ({**options, **_NONE},))), "data")
    if len(whole) != len(bare):
        violate(f"without payloads {method} has {len(bare)} rows, with them {len(whole)}")
    for one, other in zip(whole, bare, strict=True):
        _expect_bare(one, other, f"a row of {method}")


def _expect_bare(whole: Any, bare: Any, what: str) -> None:
    for key in _ENTITY_PAYLOADS:
        if maybe(bare, key) is not None:
            violate(f"without payloads, {what} still has its {key}")
    lacking = [
        key for key in whole if key not in _ENTITY_MAY_LACK and maybe(bare, key) != whole[key]
    ]
    if lacking:
        violate(f"without payloads, {what} lacks {', '.join(lacking)}")


@decides("EVT-RESOLVE-NONE")
def test_answers_without_payloads_have_everything_else(arena: Arena) -> None:
    history = plan_history(arena, disposes=False)
    for call in history.calls:
        answer = arena.do(Call(call.method, (*call.args, _NONE)))
        event = maybe(answer, "event")
        if event is None:
            continue
        listed = next(
            one for one in arena.log(history.run_id) if one["eventId"] == event["eventId"]
        )
        # Whether an answer is like the list in everything else is another question.
        told = {**listed, "eventData": event.get("eventData")}
        expect_stripped(listed, told, "the answer to a create")
