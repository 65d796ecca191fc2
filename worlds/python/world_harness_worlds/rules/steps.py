"""Steps: created once, started once per attempt, one outcome, retries after a delay."""

from __future__ import annotations

import math
from typing import Any

from world_harness_sdk import interface

from ..codec import as_utc
from ..errors import conflict, refuse
from ..names import check_name
from ..rows import Entity
from .change import Answer, Change

_OVER = frozenset({"completed", "failed", "cancelled"})


def create(change: Change) -> Answer:
    """Answer `step_created`: exactly one of several creations succeeds."""
    check_name(change.name, "step")
    change.require_open_run()
    step = {
        "runId": change.run_id,
        "stepId": change.name,
        "stepName": change.data["stepName"],
        "status": "pending",
        "attempt": 0,
        "input": change.data["input"],
        "createdAt": change.now,
        "updatedAt": change.now,
        "specVersion": change.request.spec_version,
    }
    if not change.rows.insert_step(step):
        raise conflict(f"step {change.name} exists already")
    return {"event": change.append(), "step": step}


def start(change: Change) -> Answer:
    """Answer `step_started`: each accepted start is an attempt."""
    change.require_run()
    step = _find_open(change)
    if change.is_over:
        # Not `RunExpiredError`: it would make the SDK's step handler fail, and be called again.
        raise conflict(f"run {change.run_id} is {change.status} already")
    _check_retry_time(change, step)
    event = change.append()
    fields = {
        "status": "running",
        "attempt": step["attempt"] + 1,
        "startedAt": step.get("startedAt") or change.now,
        "retryAfter": None,
    }
    return {"event": event, "step": _save(change, step, fields)}


def complete(change: Change) -> Answer:
    """Answer `step_completed`."""
    result = change.data.get("result")
    return _end(change, {"status": "completed", "output": result})


def fail(change: Change) -> Answer:
    """Answer `step_failed`."""
    return _end(change, {"status": "failed", "error": change.data.get("error")})


def _end(change: Change, fields: Entity) -> Answer:
    """Set the outcome of a step; after the end of its run, only if the step was running."""
    change.require_run()
    step = _find_open(change)
    if change.is_over and step["status"] != "running":
        raise conflict(f"run {change.run_id} is {change.status}, and the step is not running")
    event = change.append()
    return {"event": event, "step": _save(change, step, {**fields, "completedAt": change.now})}


def retry(change: Change) -> Answer:
    """Answer `step_retrying`: pending again, with the error and the next attempt's time."""
    change.require_run()
    step = _find_open(change)
    if change.is_over:
        raise conflict(f"run {change.run_id} is {change.status} already")
    event = change.append()
    fields = {
        "status": "pending",
        "error": change.data.get("error"),
        "retryAfter": change.data.get("retryAfter"),
    }
    return {"event": event, "step": _save(change, step, fields)}


def _find_open(change: Change) -> Entity:
    """Return the step, which must not have an outcome.

    Raises:
        WorkflowWorldError: there is no such step.
        EntityConflictError: the step has its outcome.
    """
    step = change.rows.find_step(change.run_id, check_name(change.name, "step"))
    if step is None:
        raise refuse(f"step {change.name} not found in run {change.run_id}", status=404)
    if step["status"] in _OVER:
        raise conflict(f"step {change.name} is {step['status']} already")
    return step


def _check_retry_time(change: Change, step: Entity) -> None:
    if step.get("retryAfter") is None:
        return
    left_s = (as_utc(step["retryAfter"]) - change.now).total_seconds()
    if left_s > 0:
        raise interface.TooEarlyError(
            f"step {change.name} must wait for {left_s:.1f} s", retry_after=math.ceil(left_s)
        )


def _save(change: Change, step: Entity, fields: dict[str, Any]) -> Entity:
    merged = {**step, **fields, "updatedAt": change.now}
    changed = {key: value for key, value in merged.items() if value is not None}
    change.rows.save_step(changed)
    return changed
