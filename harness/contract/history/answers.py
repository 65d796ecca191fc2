"""Compares the answers of two Worlds, ignoring what each World may choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from harness.contract.history.calls import TimedCall
from harness.contract.model.state import EntityRow
from harness.contract.model.values import is_absent, read_option

#: Fields whose value a World chooses.
_OWN = frozenset(
    {
        *("eventId", "messageId", "cursor", "waitId", "ownerId", "projectId", "environment"),
        *("createdAt", "updatedAt", "startedAt", "completedAt", "occurredAt", "specVersion"),
        *("error", "maxEvents", "events", "isWebhook", "isSystem"),
    }
)

#: How precisely a World must return a time.
_MILLISECOND = timedelta(milliseconds=1)


def agrees(method: str, expected: Any, seen: Any) -> bool:
    """Tell whether the fields that both answers have agree."""
    if method == "events.create" and not _agree_on_event(expected, seen):
        return False
    if method == "events.list" and isinstance(seen, Mapping) and not seen.get("hasMore"):
        seen = {**seen, "data": _leave_out_repeats(seen["data"])}
        expected = {**expected, "data": _leave_out_repeats(expected["data"])}
    return _agree(expected, seen)


def _leave_out_repeats(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out events that a World need not log: seals, repeated starts, repeated cancels."""
    kept: list[Mapping[str, Any]] = []
    seen = set()
    for event in events:
        event_type = event["eventType"]
        if event_type != "noop" and event_type not in seen:
            kept.append(event)
        if event_type in {"run_started", "run_cancelled"}:
            seen.add(event_type)
    return kept


def _agree_on_event(expected: Any, seen: Any) -> bool:
    if not isinstance(expected, Mapping) or not isinstance(seen, Mapping):
        return False
    has_expected, has_seen = "event" in expected, not is_absent(seen.get("event"))
    if has_expected == has_seen:
        return True
    # Each of several concurrent starts may log an event; a replay skips all but the first.
    run = expected.get("run")
    return not has_expected and isinstance(run, Mapping) and run.get("status") == "running"


def _agree(expected: Any, seen: Any) -> bool:
    if is_absent(expected) or is_absent(seen):
        return True
    if isinstance(expected, Mapping) and isinstance(seen, Mapping):
        shared = (expected.keys() & seen.keys()) - _OWN
        return all(_agree(expected[key], seen[key]) for key in shared)
    if _is_list(expected) and _is_list(seen):
        return len(expected) == len(seen) and all(map(_agree, expected, seen))
    if isinstance(expected, datetime) and isinstance(seen, datetime):
        return abs(expected - seen) < _MILLISECOND
    return bool(expected == seen)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def read_full_list(call: TimedCall) -> tuple[str, Sequence[Mapping[str, Any]]] | None:
    """Return the run and the events of a call that listed a whole log in ascending order."""
    if call.method != "events.list" or not isinstance(call.value, Mapping) or not call.args:
        return None
    pagination = read_option(call.args[0], "pagination")
    is_part = read_option(pagination, "cursor") or read_option(pagination, "sortOrder") == "desc"
    if is_part or call.value.get("hasMore"):
        return None
    run_id = str(read_option(call.args[0], "runId"))
    return run_id, _leave_out_repeats(call.value["data"])


def is_beginning(log: Sequence[EntityRow], listed: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a list of events begins with a log."""
    begun = _leave_out_repeats(row.value for row in log)
    return len(begun) <= len(listed) and all(map(_agree, begun, listed))
