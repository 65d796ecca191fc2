"""What a World answers otherwise than the model, and which clause decides about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from harness.adapters.protocol import Call
from harness.adapters.world import Reply
from harness.contract.history.compare import FIELDS
from harness.contract.model import Refused
from harness.contract.model.values import is_absent, read_option, read_time
from suites.conformance.answers import describe, is_accident, shorten
from suites.properties.tolerances import list_ignored, name_of

#: How exactly a time must come back.
_MILLISECOND = timedelta(milliseconds=1)
_TIMES = frozenset({"retryAfter", "resumeAt"})
#: Keys that an entity has if its log says so: one side alone must not lack them.
_TOLD = frozenset(field for fields in FIELDS.values() for field in fields) - {"attributes"}
PAYLOADS = frozenset({"input", "output", "result", "metadata", "payload"})
_NOTHING = object()


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in which a World and the model differ."""

    clause: str
    text: str
    #: Whether the two have gone different ways from here on.
    parts: bool = False


class Unequal(msgspec.Struct, frozen=True):
    """Where two values differ first."""

    path: tuple[str, ...]
    expected: Any
    seen: Any

    @property
    def text(self) -> str:
        """The place and both values."""
        place = ".".join(self.path) or "the answer"
        return f"{place} is {_show(self.seen)}, the model says {_show(self.expected)}"


def _show(value: object) -> str:
    return "missing" if value is _NOTHING else shorten(value, 80)


def compare(call: Call, expected: Any, reply: Reply, *, is_ended: bool) -> Difference | None:
    """Return how a reply differs from what the model answers.

    Args:
        call: The call as the model was asked.
        expected: The model's answer, or its refusal.
        reply: What the World said.
        is_ended: Whether the call's run was over before the call.
    """
    name = name_of(call)
    if reply.lost:
        return Difference(clause="", text=f"{name} was never answered: {reply.lost}", parts=True)
    if isinstance(expected, Refused):
        if reply.failure is not None and not is_accident(reply.failure):
            return None
        clause = find_outcome_clause(call, expected.name, is_ended=is_ended)
        text = f"{name} must be refused ({expected}), but ended with {describe(reply)}"
        return Difference(clause=clause, text=text, parts=reply.succeeded)
    if not reply.succeeded:
        clause = find_outcome_clause(call, "", is_ended=is_ended)
        text = f"{name} must be accepted, but ended with {describe(reply)}"
        return Difference(clause=clause, text=text, parts=True)
    unequal = find_unequal(call, expected, reply.value)
    if unequal is None:
        return None
    clause = find_answer_clause(call, unequal)
    is_read = call.method not in {"events.create", "events.createBatch"}
    return Difference(clause=clause, text=f"after {name}, {unequal.text}", parts=not is_read)


def find_unequal(call: Call, expected: Any, seen: Any) -> Unequal | None:
    """Return where two answers to a call differ first."""
    if call.method == "events.create":
        has_expected = not is_absent(read_option(expected, "event"))
        has_seen = not is_absent(read_option(seen, "event"))
        if has_expected != has_seen:
            there = expected if has_expected else seen
            kind = there["event"].get("eventType")
            pair = (kind, _NOTHING) if there is expected else (_NOTHING, kind)
            return Unequal(("event",), *pair)
        asked = call.args[2] if len(call.args) > 2 else {}
        if ("sinceCursor" in asked or "eventCount" in asked) and "events" in expected:
            news = find_rows(expected["events"], read_option(seen, "events") or [])
            return news and Unequal(("news", *news.path[1:]), news.expected, news.seen)
    if call.method == "events.createBatch":
        expected, seen = _forget_reasons(expected), _forget_reasons(seen)
    if read_option(call.args[-1] if call.args else None, "resolveData") == "none":
        left = find_payload(seen, expected)
        if left is not None:
            return left
    root = _ROOTS.get(call.method)
    return _compare(expected, seen, (root,) if root else ())


def _forget_reasons(items: Any) -> Any:
    """Leave of each refused item of a batch only that it was refused."""
    if not _is_list(items):
        return items
    return [item if read_option(item, "status") == 200 else {"status": "refused"} for item in items]


def find_rows(expected: Sequence[Any], seen: Sequence[Any]) -> Unequal | None:
    """Return where two lists differ first; slots that the World sealed are skipped."""
    seen = [event for event in seen if event.get("eventType") != "noop"]
    return _compare(list(expected), seen, ("rows",))


def find_payload(seen: Any, expected: Any) -> Unequal | None:
    """Return a payload that was to be left out."""
    if isinstance(seen, Mapping):
        known = expected if isinstance(expected, Mapping) else {}
        for key, value in seen.items():
            if key in PAYLOADS and key not in known and not is_absent(value):
                return Unequal((key,), _NOTHING, value)
    return None


def _compare(expected: Any, seen: Any, path: tuple[str, ...]) -> Unequal | None:
    if isinstance(expected, Mapping) and isinstance(seen, Mapping):
        return _compare_mappings(expected, seen, path)
    if _is_list(expected) and _is_list(seen):
        return _compare_lists(expected, seen, path)
    if path and path[-1] in _TIMES:
        expected, seen = read_time(expected) or expected, read_time(seen) or seen
    if isinstance(expected, datetime) and isinstance(seen, datetime):
        return None if abs(expected - seen) < _MILLISECOND else Unequal(path, expected, seen)
    both_absent = is_absent(expected) and is_absent(seen)
    return None if both_absent or expected == seen else Unequal(path, expected, seen)


def _compare_mappings(
    expected: Mapping[str, Any], seen: Mapping[str, Any], path: tuple[str, ...]
) -> Unequal | None:
    ignored = list_ignored()
    inside = path[-1] if path else ""
    for key in (*expected, *(key for key in seen if key not in expected)):
        if key in ignored or f"{key} in {inside}" in ignored:
            continue
        one, other = expected.get(key), seen.get(key)
        if is_absent(one) or is_absent(other):
            # What only one side tells counts where the log tells it, too.
            must_tell = key in _TOLD and inside not in {"", "eventData"}
            if is_absent(one) == is_absent(other) or not must_tell:
                continue
        unequal = _compare(one, other, (*path, key))
        if unequal is not None:
            return unequal
    return None


def _compare_lists(
    expected: Sequence[Any], seen: Sequence[Any], path: tuple[str, ...]
) -> Unequal | None:
    for index, (one, other) in enumerate(zip(expected, seen, strict=False)):
        unequal = _compare(one, other, (*path, str(index)))
        if unequal is not None:
            return unequal
    if len(expected) != len(seen):
        return Unequal(path, _list_types(expected), _list_types(seen))
    return None


def _list_types(rows: Sequence[Any]) -> Any:
    if all(isinstance(row, Mapping) and "eventType" in row for row in rows):
        return [row["eventType"] for row in rows]
    return f"{len(rows)} long"


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


#: Event type -> the clauses that decide whether it is accepted: in an ended run, and otherwise.
_OUTCOME_CLAUSES = {
    "run_created": ("RUN-CREATE-ATOMIC", "RUN-CREATE-ATOMIC"),
    "run_started": ("RUN-START-TERMINAL", "RUN-START-IDEMPOTENT"),
    "run_completed": ("RUN-TERMINAL-ONCE", "RUN-TERMINAL-ONCE"),
    "run_failed": ("RUN-TERMINAL-ONCE", "RUN-TERMINAL-ONCE"),
    "run_cancelled": ("RUN-CANCEL-IDEMPOTENT", "RUN-TERMINAL-ONCE"),
    "step_created": ("RUN-TERMINAL-CLOSES", "STEP-CREATE-ATOMIC"),
    "step_started": ("STEP-START-ENDED-RUN", "STEP-START-TERMINAL"),
    "step_started (lazy)": ("RUN-TERMINAL-CLOSES", "STEP-LAZY-START"),
    "step_completed": ("STEP-LATE-OUTCOME", "STEP-TERMINAL-ONCE"),
    "step_failed": ("STEP-LATE-OUTCOME", "STEP-TERMINAL-ONCE"),
    "step_retrying": ("STEP-TERMINAL-ONCE", "STEP-TERMINAL-ONCE"),
    "hook_created": ("RUN-TERMINAL-CLOSES", "HOOK-CREATE-REDELIVERY"),
    "hook_received": ("HOOK-RECEIVE-ENDED", "HOOK-RECEIVE-LIVE"),
    "hook_disposed": ("RUN-TERMINAL-CLOSES", "HOOK-DISPOSE-ONCE"),
    "wait_created": ("WAIT-ENDED-RUN", "WAIT-CREATE-ATOMIC"),
    "wait_completed": ("WAIT-ENDED-RUN", "WAIT-COMPLETE-ONCE"),
    "attr_set": ("ATTR-TERMINAL", "ATTR-CLAIM"),
}
#: The same, where the reason for the refusal says more; empty: it must have been accepted.
_REFUSAL_CLAUSES = {
    ("step_started", "TooEarlyError"): "STEP-RETRY-AFTER",
    ("step_started", ""): "STEP-START-COUNT",
    ("step_started", "WorkflowWorldError"): "STEP-CREATE-COMPLETE",
    ("step_completed", "WorkflowWorldError"): "STEP-CREATE-COMPLETE",
    ("step_failed", "WorkflowWorldError"): "STEP-CREATE-COMPLETE",
    ("wait_completed", "WorkflowWorldError"): "WAIT-COMPLETE-NEEDS-WAIT",
    ("attr_set", ""): "ATTR-MERGE",
    ("attr_set", "AttributeValidationError"): "ATTR-LIMITS",
}
#: Method -> the clause that decides what it answers.
_METHOD_CLAUSES = {
    "runs.get": "RUN-CREATE-ID",
    "runs.list": "RUN-LIST-FILTER",
    "runs.waitForTerminalStatus": "RUN-WAIT-TERMINAL",
    "steps.get": "STEP-GET",
    "steps.list": "RUN-LIST-FILTER",
    "events.get": "EVT-GET",
    "events.list": "EVT-CURSOR-STABLE",
    "events.listByCorrelationId": "EVT-CORRELATION-SCOPED",
    "events.createBatch": "EVT-BATCH",
    "hooks.get": "HOOK-LOOKUP",
    "hooks.getByToken": "HOOK-LOOKUP",
    "hooks.list": "HOOK-LIST",
    "streams.write": "STREAM-ORDER",
    "streams.writeMulti": "STREAM-ORDER",
    "streams.close": "STREAM-CLOSE-FINAL",
    "streams.list": "STREAM-LIST",
    "streams.getChunks": "STREAM-CHUNKS",
    "streams.getInfo": "STREAM-INFO",
    "read": "STREAM-ORDER",
}
#: (kind of entity, field) -> the clause that decides it; an empty kind: any.
_FIELD_CLAUSES = {
    ("run", "attributes"): "ATTR-MERGE",
    ("run", "status"): "RUN-TERMINAL-ONCE",
    ("step", "attempt"): "STEP-START-COUNT",
    ("step", "status"): "STEP-TERMINAL-ONCE",
    ("step", "retryAfter"): "STEP-RETRY-STATE",
    ("wait", "status"): "WAIT-ENTITY",
    ("wait", "resumeAt"): "WAIT-ENTITY",
    **{("", field): "DATA-BYTES" for field in PAYLOADS},
}
#: What a method answers with, for the path of a difference.
_ROOTS = {
    "runs.get": "run",
    "runs.waitForTerminalStatus": "run",
    "steps.get": "step",
    "hooks.get": "hook",
    "hooks.getByToken": "hook",
    "events.get": "event",
}


def find_outcome_clause(call: Call, refusal: str, *, is_ended: bool) -> str:
    """Return the clause that decides whether a call is accepted.

    Args:
        call: The call.
        refusal: The name of the model's refusal; empty when it accepts.
        is_ended: Whether the call's run was over before.
    """
    name = name_of(call)
    if call.method != "events.create":
        return _METHOD_CLAUSES.get(call.method, "")
    if not is_ended and (name, refusal) in _REFUSAL_CLAUSES:
        return _REFUSAL_CLAUSES[(name, refusal)]
    return _OUTCOME_CLAUSES.get(name, ("", ""))[not is_ended]


def find_answer_clause(call: Call, unequal: Unequal) -> str:
    """Return the clause that decides a part of an answer."""
    path = unequal.path
    kind = path[0] if path else ""
    field = path[-1] if path else ""
    if call.method == "events.create":
        if kind == "news":
            asked = call.args[2] if len(call.args) > 2 else {}
            return "EVT-SINCE-CURSOR" if "sinceCursor" in asked else "EVT-BUMP-REPORT"
        if field == "eventType":
            took = unequal.expected == "hook_conflict"
            return "HOOK-TOKEN-UNIQUE" if took else "HOOK-TOKEN-RELEASE"
        if path == ("event",):
            return "RUN-START-IDEMPOTENT"
    if unequal.expected is _NOTHING:
        return "EVT-RESOLVE-NONE"
    found = _FIELD_CLAUSES.get((kind, field)) or _FIELD_CLAUSES.get(("", field))
    return found or _METHOD_CLAUSES.get(call.method, "")
