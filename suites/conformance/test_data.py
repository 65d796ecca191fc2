"""Data: what comes back is what was stored, and stays it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.values import View
from suites.conformance.answers import expect_success, field, is_accident, maybe
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.forms import RACING, decides
from suites.conformance.logs import name_differences, read_while_writing
from suites.conformance.racing import Race, Round
from suites.conformance.values import expect_everywhere, is_same, tell
from suites.conformance.violations import violate

_EVERY_BYTE = bytes(range(256))
_MIB = 1 << 20
#: As JSON it is more than what runtimes write to a file at once.
_LARGE = bytes(450_000)
_TIMES = ("createdAt", "updatedAt", "startedAt", "completedAt", "retryAfter", "resumeAt")


@decides("DATA-BYTES", cost=2)
def test_bytes_come_back_from_everywhere(arena: Arena) -> None:
    for value, what in (
        (b"", "no bytes at all"),
        (_EVERY_BYTE, "the 256 bytes that were stored"),
        (b'{"json": [1, "2"]}', "bytes that read like JSON"),
        (bytes(64), "the 64 zero bytes that were stored"),
    ):
        expect_everywhere(arena, value, value, what)


@decides("DATA-BYTES")
def test_of_a_view_into_a_larger_buffer_only_the_viewed_part_is_stored(arena: Arena) -> None:
    view = View(b"in front " + _EVERY_BYTE + b" behind", 9, 9 + len(_EVERY_BYTE))
    expect_everywhere(arena, view, _EVERY_BYTE, "the 256 bytes in view")


@decides("DATA-BYTES", cost=3)
def test_large_data_comes_back_whole(arena: Arena) -> None:
    size = min(8, arena.effort.scaled(5)) * _MIB
    data = (_EVERY_BYTE * (size // len(_EVERY_BYTE) + 1))[: size + 1]
    run_id, step_id = fresh_id("wrun"), fresh_id("step")
    events, bare = arena.events, {"resolveData": "none"}
    created = events.run_created(run_id, input=data)
    for call in (
        Call(created.method, (*created.args, bare)),
        events.run_started(run_id, skipPreload=True),
        events.step_created(run_id, step_id),
        events.step_started(run_id, step_id),
        events.create(run_id, "step_completed", step_id, {"result": data}, **bare),
    ):
        arena.do(call)
    for where, got in (
        ("a run's input", field(arena.get_run(run_id), "input")),
        ("a step's output", field(arena.get_step(run_id, step_id), "output")),
    ):
        if got != data:
            violate(f"{where} is not the {len(data)} bytes that were stored but {tell(got)}")
    stored = [event["eventData"] for event in arena.log(run_id) if "eventData" in event]
    for name, got in (("input", stored[0].get("input")), ("result", stored[-1].get("result"))):
        if got != data:
            violate(f"the {name} in the log is not the {len(data)} bytes stored but {tell(got)}")


@decides("DATA-BYTES", *RACING, cost=2)
def test_large_data_is_read_whole_or_not_at_all(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id = fresh_id("wrun")
        created = arena.events.run_created(run_id, input=_LARGE)
        writes = [Call(created.method, (*created.args, {"resolveData": "none"}))]
        reads = [Call("runs.get", (run_id, {"resolveData": "none"}))] * 60
        reads_first = round_.number % 2 == 1
        written, looked = read_while_writing(arena, writes, reads, reads_first=reads_first)
        expect_success(written[0], "the creation of a run with large data")
        for reply in looked:
            if reply.failure is not None and is_accident(reply.failure):
                violate(
                    "a run is read while it is created, and the read fails with "
                    f"{reply.failure.name}: {reply.failure.message}"[:160]
                )
        if field(arena.get_run(run_id, arena.worlds[-1]), "input") != _LARGE:
            violate("a run that was read while it was created has other input than was stored")

    race(one_round, width=1, rounds=16)


_JSON: dict[str, Any] = {
    "text of digits": "42",
    "null": None,
    "empty text": "",
    "zero": 0,
    "half": 1.5,
    "largest": 2**53 - 1,
    "true": True,
    "false": False,
    "text of null": "null",
    "text of a date": "2026-01-01T00:00:00.000Z",
    "letters": "é🙂\u2028",
    "empty list": [],
    "empty map": {},
    "deep": [{"list": [1, "1", None, {"map": {}}]}],
}


@decides("DATA-JSON")
def test_json_values_keep_their_kind(arena: Arena) -> None:
    for value in ({**_JSON, "zero byte": "a\0b"}, "42", "", 0, False, ["1", 1]):
        expect_everywhere(arena, value, value, f"what was stored, {tell(value)[:40]},")


@decides("DATA-JSON")
def test_null_is_a_value(arena: Arena) -> None:
    run_id = arena.running_run()
    step_id = arena.running_step(run_id)
    arena.do(arena.events.step_completed(run_id, step_id, None))
    event = arena.log(run_id)[-1]
    data = maybe(event, "eventData") or {}
    if "result" not in data or data["result"] is not None:
        violate(f"the result null of a step is {tell(data.get('result', 'lost'))} in the log")


@decides("DATA-JSON")
def test_the_context_of_a_run_keeps_its_kind(arena: Arena) -> None:
    run_id = arena.new_run(executionContext=_JSON)
    found = maybe(arena.get_run(run_id), "executionContext")
    if not is_same(found, _JSON):
        violate(f"a run's executionContext differs: {name_differences(_JSON, found)}")
    stored = maybe(arena.log(run_id), 0, "eventData", "executionContext")
    if not is_same(stored, _JSON):
        violate(f"the executionContext in the log differs: {name_differences(_JSON, stored)}")


def _check_times(entity: Any, what: str) -> dict[str, datetime]:
    """See that the times of a row are dates; return them."""
    found = {}
    for name in _TIMES:
        value = maybe(entity, name)
        if value is None:
            continue
        if not isinstance(value, datetime):
            violate(f"the {name} of {what} is no date but {tell(value)}")
        found[name] = value
    return found


def _expect_times(told: Any, stored: Any, what: str) -> None:
    """See that two ways to one row show the same times; it may have been touched in between."""
    one, other = _check_times(told, what), _check_times(stored, what)
    for name in one.keys() - {"updatedAt"}:
        if one[name] != other.get(name):
            violate(
                f"the {name} of {what} is {one[name].isoformat()} in the answer to its create "
                f"and {other[name].isoformat() if name in other else 'not there'} afterwards"
            )


@decides("DATA-DATES")
def test_times_are_dates_and_alike_by_every_way(arena: Arena) -> None:
    run_id, step_id = fresh_id("wrun"), fresh_id("step")
    events = arena.events
    for call in (
        events.run_created(run_id),
        events.run_started(run_id),
        events.step_created(run_id, step_id),
        events.step_started(run_id, step_id),
        events.step_completed(run_id, step_id),
        events.run_completed(run_id),
    ):
        kind = call.args[1]["eventType"]
        answer = arena.do(call)
        event, row = field(answer, "event"), kind.partition("_")[0]
        if "createdAt" not in _check_times(event, f"a {kind}"):
            violate(f"the answer to {kind} has an event without createdAt")
        listed = arena.log(run_id)[-1]
        _expect_times(event, listed, f"a {kind}")
        if arena.has("events.get"):
            got = arena.world.events.get(run_id, event["eventId"], ALL)
            _expect_times(event, got, f"a {kind}")
        stored = arena.get_run(run_id) if row == "run" else arena.get_step(run_id, step_id)
        _expect_times(maybe(answer, row), stored, f"a {row} after {kind}")
    _expect_lifetime(arena.get_run(run_id), "a completed run")
    _expect_lifetime(arena.get_step(run_id, step_id), "a completed step")


def _expect_lifetime(entity: Any, what: str) -> None:
    times = _check_times(entity, what)
    for name in ("createdAt", "startedAt", "completedAt"):
        if name not in times:
            violate(f"{what} has no {name}")


@decides("DATA-DATES")
def test_times_that_were_given_come_back_to_the_millisecond(arena: Arena) -> None:
    run_id, events = arena.running_run(), arena.events
    given = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=123_000)
    step_id, wait_id = arena.running_step(run_id), fresh_id("wait")
    data = {"error": b"later", "retryAfter": given}
    retried = arena.do(events.create(run_id, "step_retrying", step_id, data))
    waited = arena.do(events.create(run_id, "wait_created", wait_id, {"resumeAt": given}))
    log = arena.log(run_id)
    for where, found in (
        ("the answer to step_retrying", maybe(retried, "event", "eventData", "retryAfter")),
        ("a listed step_retrying", maybe(log[-2], "eventData", "retryAfter")),
        ("a step", maybe(arena.get_step(run_id, step_id), "retryAfter")),
        ("the answer to wait_created", maybe(waited, "event", "eventData", "resumeAt")),
        ("a listed wait_created", maybe(log[-1], "eventData", "resumeAt")),
    ):
        if not isinstance(found, datetime) or found != given:
            violate(f"{given.isoformat()} was given, {where} has {tell(found)}")


@decides("DATA-ISOLATION")
def test_a_caller_that_changes_what_it_gave_changes_nothing(arena: Arena) -> None:
    run_id, step_id, hook_id = fresh_id("wrun"), fresh_id("step"), fresh_id("hook")
    token, events = fresh_token(), arena.events
    context = {"list": [1, {"deep": "x"}], "text": "y"}
    for call in (
        events.run_created(run_id, executionContext=context),
        events.run_started(run_id),
        events.step_created(run_id, step_id),
        events.step_started(run_id, step_id),
        events.hook_created(run_id, hook_id, token, metadata=b"metadata"),
        events.hook_received(run_id, hook_id, b"payload"),
        events.step_completed(run_id, step_id, b"result"),
    ):
        arena.do(Call(call.method, call.args, mutate="args"))
    run, step = arena.get_run(run_id), arena.get_step(run_id, step_id)
    log = {event["eventType"]: event.get("eventData") or {} for event in arena.log(run_id)}
    given = events.run_data()["input"]
    hook = arena.world.hooks.get_by_token(token, ALL)
    for what, found, wanted in (
        ("a run's input", maybe(run, "input"), given),
        ("a run's executionContext", maybe(run, "executionContext"), context),
        ("a step's input", maybe(step, "input"), given),
        ("a step's output", maybe(step, "output"), b"result"),
        ("a hook's metadata", maybe(hook, "metadata"), b"metadata"),
        ("the input in the log", log["run_created"].get("input"), given),
        ("the executionContext in the log", log["run_created"].get("executionContext"), context),
        ("the input of a step in the log", log["step_created"].get("input"), given),
        ("the result in the log", log["step_completed"].get("result"), b"result"),
        ("the metadata in the log", log["hook_created"].get("metadata"), b"metadata"),
        ("the payload in the log", log["hook_received"].get("payload"), b"payload"),
    ):
        if not is_same(found, wanted):
            violate(
                f"{what} changed with the object that the caller had handed over: it was "
                f"{tell(wanted)} and is {tell(found)}"
            )


@decides("DATA-ISOLATION")
def test_a_caller_that_changes_what_it_was_given_changes_nothing(arena: Arena) -> None:
    run_id, step_id, token = fresh_id("wrun"), fresh_id("step"), fresh_token()
    events = arena.events
    for call in (
        events.run_created(run_id, executionContext={"list": [1, {"deep": "x"}]}),
        events.run_started(run_id),
        events.step_created(run_id, step_id),
        events.step_started(run_id, step_id),
        events.step_completed(run_id, step_id),
        events.hook_created(run_id, fresh_id("hook"), token, metadata=b"metadata"),
    ):
        arena.do(Call(call.method, call.args, mutate="answer"))
    ways: Mapping[str, Call] = {
        "a run": Call("runs.get", (run_id, ALL)),
        "a step": Call("steps.get", (run_id, step_id, ALL)),
        "a hook": Call("hooks.getByToken", (token, ALL)),
        "the log": Call("events.list", ({"runId": run_id, "pagination": {"limit": 100}, **ALL},)),
        "the list of steps": Call("steps.list", ({"runId": run_id, **ALL},)),
    }
    seen = {what: arena.do(call) for what, call in ways.items()}
    for what, found in (
        ("a run", maybe(seen["a run"], "input")),
        ("a step", maybe(seen["a step"], "input")),
        ("the log", maybe(seen["the log"], "data", 0, "eventData", "input")),
    ):
        if found != events.run_data()["input"]:
            violate(f"{what} changed with the answer to the create: the input is {tell(found)}")
    for what, call in ways.items():
        arena.do(Call(call.method, call.args, mutate="answer"))
        again = arena.do(call)
        if again != seen[what]:
            violate(
                f"{what} changed with an answer that the caller was given: "
                f"{name_differences(seen[what], again)}"
            )
