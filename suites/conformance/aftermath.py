"""What a process left behind that was killed: entities beside their log, and calls to repeat."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from harness.contract.history import fold
from harness.contract.model import RULES
from suites.conformance.answers import describe, field, is_accident, maybe
from suites.conformance.arena import Arena, name_of
from suites.conformance.calls import ALL
from suites.conformance.crashing import Life
from suites.conformance.groundwork import tell_event
from suites.conformance.outcomes import has_attributes
from suites.conformance.violations import Violation, violate

#: How long what the dead left locked may keep others waiting, in seconds.
PATIENCE_S = 120.0
#: A server may still finish what a dead process asked of it: a difference is looked at again.
_LOOKS = 4
_PAUSE_S = 0.5
#: How often a lost call is repeated before it counts as stuck.
_REPEATS = 3


class StateDifference(msgspec.Struct, frozen=True):
    """Something that a World stores otherwise than its log says."""

    name: str
    message: str


def expect_agreement(arena: Arena, world: WorldClient, life: Life) -> None:
    """See that entities and log say the same after a fault."""
    found: list[StateDifference] = []
    for look in range(_LOOKS):
        if look:
            time.sleep(_PAUSE_S)
        before = len(arena.history)
        found = list(_compare(arena, world, life))
        if not found:
            return
    name = found[0].name
    looks = [reply for reply in arena.history[before:] if name in reply.call.args]
    looks += [reply for reply in arena.history[before:] if _lists(reply, life.run_id, name)]
    more = f" ({len(found)} such differences)" if len(found) > 1 else ""
    _blame(life, name, f"{found[0].message}{more}", looks)


def _lists(reply: Reply, run_id: str, name: str) -> bool:
    """Tell whether a call read the log that ought to speak of something."""
    return maybe(reply.call.args, 0, "runId") in {name if name.startswith("wrun") else run_id}


def _blame(life: Life, name: str, message: str, more: Sequence[Reply] = ()) -> NoReturn:
    """Say what is wrong, with the calls that were about one thing as the witness."""
    violation = Violation(message)
    violation.witness = (*life.about(name), *more)
    raise violation


def _compare(arena: Arena, world: WorldClient, life: Life) -> Iterator[StateDifference]:
    runs = [life.run_id, *life.child_ids]
    told = fold(read_logs(arena, world, life), RULES[arena.line])
    rows = _read(world, "runs.get", [(run_id,) for run_id in runs])
    for run_id, row in zip(runs, rows, strict=True):
        yield from _tell("run", run_id, row, (told.runs or {}).get(run_id), _RUN)
    main, logged = rows[0], (told.runs or {}).get(life.run_id, {})
    if main and has_attributes(arena) and main.get("attributes") != logged.get("attributes"):
        yield StateDifference(life.run_id, "the run's attributes are not those that its log says")
    rows = _read(world, "steps.get", [(life.run_id, step_id) for step_id in life.step_ids])
    for step_id, row in zip(life.step_ids, rows, strict=True):
        yield from _tell(
            "step", step_id, row, (told.steps or {}).get((life.run_id, step_id)), _STEP
        )
    rows = _read(world, "hooks.getByToken", [(token,) for token in life.tokens.values()])
    for hook_id, row in zip(life.tokens, rows, strict=True):
        yield from _tell("hook", hook_id, row, (told.hooks or {}).get((life.run_id, hook_id)), ())


_RUN = ("status",)
_STEP = ("status", "attempt")


def _tell(
    kind: str,
    name: str,
    row: Mapping[str, Any] | None,
    logged: Mapping[str, Any] | None,
    fields: Sequence[str],
) -> Iterator[StateDifference]:
    if (row is None) != (logged is None):
        is_, is_not = ("stored", "in its log") if logged is None else ("in its log", "stored")
        yield StateDifference(name, f"after the fault {kind} {name} is {is_}, but not {is_not}")
    if row is None or logged is None:
        return
    for key in fields:
        if row.get(key) != logged.get(key):
            yield StateDifference(
                name,
                f"after the fault {kind} {name} has {key} {row.get(key)}, "
                f"but its log says {logged.get(key)}",
            )


def _read(
    world: WorldClient, method: str, ids: Sequence[tuple[str, ...]]
) -> list[Mapping[str, Any] | None]:
    """Read entities; `None` stands for one that the World does not know."""
    replies = world.pipeline([Call(method, (*names, ALL)) for names in ids], limit_s=PATIENCE_S)
    return [_row_of(reply) for reply in replies]


def _row_of(reply: Reply) -> Mapping[str, Any] | None:
    if reply.succeeded:
        return reply.value if isinstance(reply.value, Mapping) else None
    if reply.lost or (reply.failure and is_accident(reply.failure)):
        violate(f"after the fault {name_of(reply.call)} ended with {describe(reply)}")
    return None


def read_logs(arena: Arena, world: WorldClient, life: Life) -> list[Any]:
    """Return the events of a life's runs, each run's in list order; a run may be unknown."""
    pagination = {} if world.opened.shape == "py" else {"limit": 1000, "sortOrder": "asc"}
    calls = [
        Call("events.list", ({"runId": run_id, "pagination": pagination, **ALL},))
        for run_id in life.child_ids
    ]
    events = arena.log(life.run_id, world)
    for reply in world.pipeline(calls, limit_s=PATIENCE_S):
        if (page := _row_of(reply)) is not None:
            events.extend(field(page, "data"))
    return events


def expect_repeatable(arena: Arena, world: WorldClient, life: Life) -> None:
    """See that each lost call can be repeated, and that everything can go on to its end."""
    unsettled = [reply.call for reply in life.lost]
    for attempt in range(_REPEATS):
        # What clashes with others that are repeated beside it has its next chance alone.
        replies = (
            [world.attempt(call, limit_s=PATIENCE_S) for call in unsettled]
            if attempt
            else world.pipeline(unsettled, limit_s=PATIENCE_S)
        )
        logged = {_key(event) for event in read_logs(arena, world, life)}
        complaints = [(reply, _find_fault(reply, logged)) for reply in replies]
        unsettled = [reply.call for reply, complaint in complaints if complaint]
        if not unsettled:
            break
    else:
        reply, complaint = next(item for item in complaints if item[1])
        _blame(life, _name_of(reply.call), complaint, [reply])
    _finish(arena, world, life)


def _key(event: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(event["runId"]), str(event["eventType"]), str(maybe(event, "correlationId") or "")


def _name_of(call: Call) -> str:
    """Return the step, hook, wait, attribute change or run that a call is about."""
    return str(call.args[1].get("correlationId") or call.args[0])


def _find_fault(reply: Reply, logged: set[tuple[str, str, str]]) -> str:
    """Say what is wrong with the answer to a repeated call; empty when nothing is."""
    run_id, event = reply.call.args[:2]
    kind = event["eventType"]
    what = f"{kind}, repeated after the fault,"
    if reply.lost or (reply.failure and is_accident(reply.failure)):
        return f"{what} ended with {describe(reply)}"
    if reply.succeeded and tell_event(reply.value) not in {kind, "no event"}:
        return f"{what} was answered with {tell_event(reply.value)}"
    own = _key({**event, "runId": run_id})
    # A start that brings the step along is two events: either says that the step is taken.
    wanted = {own, (own[0], "step_created", own[2])} if _is_lazy(event) else {own}
    if not wanted & logged:
        how = "accepted" if reply.succeeded else f"refused with {describe(reply)}"
        return f"{what} was {how}, but its event is not in the log"
    return ""


def _is_lazy(event: Mapping[str, Any]) -> bool:
    return event["eventType"] == "step_started" and bool(maybe(event, "eventData", "stepName"))


def _finish(arena: Arena, world: WorldClient, life: Life) -> None:
    """Bring every step and every run of a life to its end."""
    steps = fold(read_logs(arena, world, life), RULES[arena.line]).steps or {}
    events, run_id = arena.events, life.run_id
    open_ = [key[1] for key, step in steps.items() if step["status"] in {"pending", "running"}]
    pending = [name for name in open_ if steps[run_id, name]["status"] == "pending"]
    _expect_all(life, world, [events.step_started(run_id, name) for name in pending])
    _expect_all(life, world, [events.step_completed(run_id, name) for name in open_])
    _expect_all(life, world, [events.run_completed(run_id)])
    ended = {key[0] for key in map(_key, read_logs(arena, world, life)) if key[1] in _ENDS}
    children = [child_id for child_id in life.child_ids if child_id not in ended]
    _expect_all(life, world, [events.run_started(child_id) for child_id in children])
    _expect_all(life, world, [events.run_completed(child_id) for child_id in children])


_ENDS = ("run_completed", "run_failed", "run_cancelled")


def _expect_all(life: Life, world: WorldClient, calls: Sequence[Call]) -> None:
    for reply in world.pipeline(calls, limit_s=PATIENCE_S):
        if not reply.succeeded:
            message = (
                f"after the fault, with all lost calls repeated, {name_of(reply.call)} must "
                f"succeed, but ended with {describe(reply)}"
            )
            _blame(life, _name_of(reply.call), message, [reply])
