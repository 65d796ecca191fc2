"""Runs: created once, started once, ended once; and their attributes."""

from __future__ import annotations

from typing import Any

from world_harness_sdk import attributes

from ..errors import WorkflowRunNotFoundError, conflict
from ..names import check_name, check_run_id, is_name, make_name
from ..rows import Entity, Rows
from .change import Answer, Change, Request

#: Data with which `run_started` can create a run whose `run_created` never arrived.
_BIRTH = ("input", "deploymentId", "workflowName")
_KEPT = ("input", "executionContext", "encryptionPublicKey")


def create(change: Change) -> Answer:
    """Answer `run_created`."""
    if not change.run_id:
        change.run_id = make_name("wrun", change.now_ms)
    check_name(change.run_id, "run")
    born = None if change.hold_run() else _create_run(change)
    if born is None:
        raise conflict(f"run {change.run_id} exists already")
    return born


def _create_run(change: Change) -> Answer | None:
    """Create a run, with `run_created` as its first event; `None` if another process was faster."""
    check_run_id(change.run_id, change.now_ms)
    run = _make_run(change)
    if not change.rows.insert_run(run):
        return None
    data = {key: value for key, value in change.data.items() if value is not None}
    return {"event": change.append(event_type="run_created", data=data), "run": run}


def _make_run(change: Change) -> Entity:
    data = change.data
    given = data.get("attributes") or {}
    attributes.validate_attribute_changes(
        given.items(), allow_reserved=data.get("allowReservedAttributes") is True
    )
    return {
        "runId": change.run_id,
        "deploymentId": data["deploymentId"],
        "workflowName": data["workflowName"],
        "status": "pending",
        "specVersion": change.request.spec_version,
        **{key: data[key] for key in _KEPT if data.get(key) is not None},
        "attributes": dict(given),
        "createdAt": change.now,
        "updatedAt": change.now,
    }


def find_started(request: Request, rows: Rows) -> Answer | None:
    """Answer `run_started` for a running run; `None` if there is more to do."""
    if request.run_id is None or not is_name(request.run_id):
        return None
    run = rows.find_run(request.run_id)
    return {"run": run} if run is not None and run["status"] == "running" else None


def start(change: Change) -> Answer:
    """Answer `run_started`; a repeated start is allowed and writes nothing."""
    if not change.hold_run():
        if any(change.data.get(key) is None for key in _BIRTH):
            raise WorkflowRunNotFoundError(change.run_id)
        if _create_run(change) is None:
            # The run exists by now, so answer as for an existing run.
            change.require_run()
    run = read(change)
    if change.is_over:
        raise conflict(f"run {change.run_id} is {change.status} already")
    if run["status"] == "running":
        return {"run": run}
    event = change.append(bare=True)
    return {"event": event, "run": _save(change, run, status="running", startedAt=change.now)}


def complete(change: Change) -> Answer:
    """Answer `run_completed`."""
    return _end(change, status="completed", output=change.data.get("output"))


def fail(change: Change) -> Answer:
    """Answer `run_failed`."""
    error, code = change.data.get("error"), change.data.get("errorCode")
    return _end(change, status="failed", error=error, errorCode=code)


def cancel(change: Change) -> Answer:
    """Answer `run_cancelled`; a repeated cancel is logged, as in the SDK's own World."""
    change.require_run()
    if change.status == "cancelled":
        return {"event": change.append(), "run": read(change)}
    return _end(change, status="cancelled")


def _end(change: Change, **fields: Any) -> Answer:
    change.require_open_run()
    event = change.append()
    run = _save(change, read(change), completedAt=change.now, **fields)
    change.rows.delete_hooks(change.run_id)
    return {"event": event, "run": run}


def set_attributes(change: Change) -> Answer:
    """Answer `attr_set`: merge the changes into the attributes."""
    change.require_open_run()
    run = read(change)
    changes = [(item["key"], item.get("value")) for item in change.data["changes"]]
    attributes.validate_attribute_changes(
        changes,
        existing_keys=run["attributes"],
        allow_reserved=change.data.get("allowReservedAttributes") is True,
    )
    if change.name and change.rows.has_event(change.run_id, change.name, "attr_set"):
        raise conflict(f"attributes were set under the name {change.name} already")
    event = change.append()
    merged = attributes.apply_attribute_changes(run["attributes"], changes)
    return {"event": event, "run": _save(change, run, attributes=merged)}


def read(change: Change) -> Entity:
    """Return the locked run."""
    run = change.rows.find_run(change.run_id)
    if run is None:
        raise LookupError(f"run {change.run_id} is locked but does not exist")
    return run


def _save(change: Change, run: Entity, **fields: Any) -> Entity:
    changed = {
        **run,
        **{key: value for key, value in fields.items() if value is not None},
        "updatedAt": change.now,
    }
    change.rows.save_run(changed)
    change.status = changed["status"]
    return changed
