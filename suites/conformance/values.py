"""Storing one value in every place that takes one, and reading it back by every way there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from harness.adapters.protocol import Call
from suites.conformance.answers import field, maybe
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.logs import write_in_order
from suites.conformance.violations import violate

#: Event type -> the field of its data that holds a value of the user.
FIELDS = {
    "run_created": "input",
    "run_completed": "output",
    "run_failed": "error",
    "step_created": "input",
    "step_completed": "result",
    "step_failed": "error",
    "step_retrying": "error",
    "hook_created": "metadata",
    "hook_received": "payload",
}


class Carrier(NamedTuple):
    """Two runs that hold one value wherever a value can be."""

    completed_id: str
    failed_id: str
    step_id: str
    failed_step_id: str
    hook_id: str
    token: str


class Found(NamedTuple):
    """A value as it came back."""

    where: str
    value: Any


def store_everywhere(arena: Arena, value: Any) -> tuple[Carrier, list[Found]]:
    """Store a value in every place; return where, and what the answers showed."""
    events = arena.events
    carrier = Carrier(
        *(fresh_id("wrun"), fresh_id("wrun"), fresh_id("step"), fresh_id("step")),
        *(fresh_id("hook"), fresh_token()),
    )
    run_id, failed_id, step_id, failed_step_id, hook_id, token = carrier
    answers = write_in_order(
        arena,
        [
            events.run_created(run_id, input=value),
            events.run_started(run_id),
            events.step_created(run_id, step_id, input=value),
            events.step_started(run_id, step_id),
            events.step_completed(run_id, step_id, value),
            events.step_created(run_id, failed_step_id, input=value),
            events.step_started(run_id, failed_step_id),
            events.create(run_id, "step_retrying", failed_step_id, {"error": value}),
            events.step_started(run_id, failed_step_id),
            events.step_failed(run_id, failed_step_id, value),
            events.hook_created(run_id, hook_id, token, metadata=value),
            events.hook_received(run_id, hook_id, value),
            events.run_created(failed_id, input=value),
            events.run_started(failed_id),
            events.run_failed(failed_id, value),
        ],
    )
    found = [
        Found(f"the answer to {kind}", field(answer, "event", "eventData", FIELDS[kind]))
        for answer in answers
        if (kind := str(maybe(answer, "event", "eventType"))) in FIELDS
    ]
    return carrier, found


def read_everywhere(arena: Arena, carrier: Carrier) -> Iterator[Found]:
    """Yield a value from every place and by every way."""
    yield from _read_hook(arena, carrier)
    arena.do(arena.events.run_completed(carrier.completed_id, _input_of(arena, carrier)))
    for run_id in (carrier.completed_id, carrier.failed_id):
        yield from _read_log(arena, run_id)
    yield from _read_entities(arena, carrier)


def _input_of(arena: Arena, carrier: Carrier) -> Any:
    return field(arena.get_run(carrier.completed_id), "input")


def _read_log(arena: Arena, run_id: str) -> Iterator[Found]:
    for event in arena.log(run_id):
        name = FIELDS.get(event["eventType"])
        if name is None:
            continue
        yield Found(f"the {name} of a listed {event['eventType']}", _value_in(event, name))
        if arena.has("events.get"):
            got = arena.world.events.get(run_id, event["eventId"], ALL)
            yield Found(f"the {name} of {event['eventType']} by events.get", _value_in(got, name))


def _value_in(event: Any, name: str) -> Any:
    return field(event, "eventData", name)


def _read_hook(arena: Arena, carrier: Carrier) -> Iterator[Found]:
    ways: tuple[tuple[Call, Callable[[Any], Any]], ...] = (
        (Call("hooks.get", (carrier.hook_id, ALL)), lambda answer: answer),
        (Call("hooks.getByToken", (carrier.token, ALL)), lambda answer: answer),
        (
            Call("hooks.list", ({"runId": carrier.completed_id, **ALL},)),
            lambda answer: field(answer, "data", 0),
        ),
    )
    for call, pick in ways:
        if arena.has(call.method):
            hook = pick(arena.do(call))
            yield Found(f"a hook's metadata by {call.method}", field(hook, "metadata"))


def _read_entities(arena: Arena, carrier: Carrier) -> Iterator[Found]:
    # On line 4 the error of an entity is a record that the World makes of what it was given.
    errors = arena.line != "v4"
    completed, failed = arena.get_run(carrier.completed_id), arena.get_run(carrier.failed_id)
    yield Found("a run's input", field(completed, "input"))
    yield Found("a run's output", field(completed, "output"))
    steps = {
        step_id: arena.get_step(carrier.completed_id, step_id)
        for step_id in (carrier.step_id, carrier.failed_step_id)
    }
    yield Found("a step's output", field(steps[carrier.step_id], "output"))
    for step in steps.values():
        yield Found("a step's input", field(step, "input"))
    if errors:
        yield Found("a run's error", field(failed, "error"))
        yield Found("a step's error", field(steps[carrier.failed_step_id], "error"))
    if arena.has("steps.list"):
        options = {"runId": carrier.completed_id, "pagination": {"limit": 10}, **ALL}
        for step in field(arena.world.steps.list(options), "data"):
            yield Found("a step's input by steps.list", field(step, "input"))


def expect_everywhere(arena: Arena, value: Any, wanted: Any, what: str) -> None:
    """See that a value comes back from everywhere as what it should be."""
    carrier, found = store_everywhere(arena, value)
    for where, got in [*found, *read_everywhere(arena, carrier)]:
        if not is_same(got, wanted):
            violate(f"{where} is not {what} but {tell(got)}")


def is_same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal and of one kind, all the way down."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        # A number has one kind in JSON, but true is none.
        return isinstance(one, bool) == isinstance(other, bool) and one == other
    return type(one) is type(other) and bool(one == other)


def tell(value: Any) -> str:
    """Say what a value is, in a few words."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes, {value[:12].hex(' ')}…"
    text = repr(value)
    return f"{type(value).__name__} {text[:120]}"
