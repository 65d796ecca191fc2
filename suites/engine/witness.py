"""What happened to a run, for people: a line a delivery, call, body and fault."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from harness.nemesis.journal import (
    Delivered,
    Effect,
    Entered,
    Failed,
    Gate,
    Journal,
    JournalCall,
    JournalDelivery,
    Left,
    Record,
    Struck,
)

#: Of a longer story the beginning and the end are told.
_LONGEST = 44
#: Reading is left out: it changes nothing.
_TOLD = ("events.create", "events.createBatch", "queue")


def describe_run(journal: Journal, step_ids: Collection[str] = ()) -> list[str]:
    """Return the lines of a run's story; times are ms since its first record.

    Args:
        journal: Of the run.
        step_ids: The steps that the story is about; of the others nothing is told. Empty: all.
    """
    told = [item for item in journal.records if _is_told(item) and _is_about(item, step_ids)]
    if not told:
        return []
    began = told[0].at_ms
    pids = list(dict.fromkeys(item.pid for item in told))
    lines = [
        f"{item.at_ms - began:9.1f} ms  [{pids.index(item.pid)}] {_DESCRIBE[type(item)](item)}"
        for item in told
    ]
    if len(lines) <= _LONGEST:
        return lines
    half = _LONGEST // 2
    return [*lines[:half], f"… {len(lines) - 2 * half} lines …", *lines[-half:]]


def _is_told(record: Record) -> bool:
    return not isinstance(record, JournalCall) or record.method in _TOLD


def _is_about(record: Record, step_ids: Collection[str]) -> bool:
    """Tell whether a record is about one of the steps, or about none."""
    own = getattr(record, "step_id", None) or getattr(record, "correlation_id", None)
    return not step_ids or own is None or own in step_ids


def _short(name: str | None) -> str:
    return (name or "").rpartition("//")[2]


def _delivery(item: JournalDelivery) -> str:
    of = f" of {_short(item.step)}" if item.step else ""
    again = " (by the nemesis)" if item.cause == "nemesis" else ""
    number = item.delivery.rpartition("-")[2]
    return f"#{number} {item.message} message{of} is delivered, attempt {item.attempt}{again}"


def _delivered(item: Delivered) -> str:
    return f"#{item.delivery.rpartition('-')[2]} ends: {item.outcome}"


def _call(item: JournalCall) -> str:
    what = item.event or ", ".join(item.events) or item.message or ""
    lazy = " (creates the step, too)" if item.lazy else ""
    of = f" of {_short(item.step)}" if item.step else ""
    by = f"#{item.delivery.rpartition('-')[2]} " if item.delivery else ""
    outcome = f" -> {item.error}" if item.error else ""
    name = "queues a message:" if item.method == "queue" else "writes"
    return f"{by}{name} {what}{of}{lazy}{outcome}"


def _entered(item: Entered) -> str:
    return f"the body of {item.key} begins, attempt {item.attempt}"


def _left(item: Left) -> str:
    return f"the body of {item.key} ends"


def _failed(item: Failed) -> str:
    return f"the body of {item.key} throws"


def _struck(item: Struck) -> str:
    return f"the nemesis strikes: {item.do}"


def _effect(item: Effect) -> str:
    return f"the effect is {'done' if item.first else 'found done'}"


def _gate(item: Gate) -> str:
    return f"nobody opened gate {item.gate}"


_DESCRIBE: dict[type[Any], Callable[[Any], str]] = {
    JournalDelivery: _delivery,
    Delivered: _delivered,
    JournalCall: _call,
    Entered: _entered,
    Left: _left,
    Failed: _failed,
    Struck: _struck,
    Effect: _effect,
    Gate: _gate,
}
