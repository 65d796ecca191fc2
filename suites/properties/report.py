"""A finding as text: the shortest history, what differs, and the command that reproduces it."""

from __future__ import annotations

from typing import Any

from harness.adapters.world import Reply
from harness.contract.model import Refused
from suites.conformance.answers import describe, maybe, shorten
from suites.properties.search import Finding
from suites.properties.stage import Turn

_NO_REPLAY = """\
The same moves did not show it every time: the difference depends on timing, as in a race. The
history above is the shortest one that showed it; the seed repeats the search, but not the race."""


def render(finding: Finding, command: str) -> str:
    """Return a finding as text.

    Args:
        finding: The finding.
        command: The command that repeats the search.
    """
    mismatch = finding.mismatch
    shorten_ids = mismatch.names.shorten
    difference = mismatch.difference
    lines = [f"{difference.clause or 'no clause'}: {shorten_ids(difference.text)}"]
    for number, turn in enumerate(mismatch.turns, start=1):
        lines.append(f"{number:4} {shorten_ids(write_turn(turn))}")
    if not finding.replays:
        lines.append(_NO_REPLAY)
    lines.append(f"reproduce: {command}")
    return "\n".join(lines)


def write_turn(turn: Turn) -> str:
    """Return one call with both answers."""
    reply = turn.reply
    text = f"{'at once: ' if turn.at_once else ''}{write_call(reply)} -> {write_answer(reply)}"
    return f"{text}   (model: {describe_expected(turn)})" if turn.differs else text


def write_call(reply: Reply) -> str:
    """Return a call for a reader, without the parts that are the same everywhere."""
    method, args = reply.call.method, reply.call.args
    if method != "events.create":
        return f"{method}({', '.join(shorten(argument, 120) for argument in args)})"
    event = args[1]
    parts = [str(args[0])]
    if event.get("correlationId"):
        parts.append(str(event["correlationId"]))
    data = event.get("eventData") or {}
    parts += [f"{key}={shorten(data[key], 60)}" for key in data if key not in _DULL]
    parts += [f"{key}={value}" for key, value in (args[2] if len(args) > 2 else {}).items()]
    return f"{event['eventType']}({', '.join(parts)})"


_DULL = frozenset({"deploymentId", "workflowName", "stepName", "writer"})


def write_answer(reply: Reply) -> str:
    """Return how a call ended, in a few words."""
    if not reply.succeeded:
        return _write_refusal(describe(reply))
    return _write_value(reply.call.method, reply.value)


def describe_expected(turn: Turn) -> str:
    """Return the model's answer in the words used for the World's."""
    if isinstance(turn.expected, Refused):
        return _write_refusal(str(turn.expected))
    return _write_value(turn.reply.call.method, turn.expected)


def _write_refusal(text: str) -> str:
    return f"refused, {shorten(text, 120)}"


def _write_value(method: str, value: Any) -> str:
    if method in {"events.create", "events.createBatch"}:
        answers = value if isinstance(value, list) else [value]
        return "; ".join(_write_outcome(answer) for answer in answers)
    if method.endswith(".list") or method == "events.listByCorrelationId":
        rows = maybe(value, "data")
        if isinstance(rows, list):
            kinds = [str(maybe(row, "eventType") or maybe(row, "status") or "row") for row in rows]
            return f"[{', '.join(kinds)}]"
    if method in {"runs.get", "steps.get"}:
        return _write_outcome({"run" if method == "runs.get" else "step": value})
    return shorten(value, 120)


def _write_outcome(answer: Any) -> str:
    event = maybe(answer, "event", "eventType")
    told = [str(event)] if event else []
    if maybe(answer, "error") and not event:
        told.append(f"refused, {maybe(answer, 'error')}")
    for kind in ("run", "step", "wait"):
        for name in ("status", "attempt"):
            field = maybe(answer, kind, name)
            if field is not None:
                told.append(f"{kind} {name} {field}")
    return ", ".join(told) or "no event"
