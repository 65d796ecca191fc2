"""Waits: created once, completed once."""

from __future__ import annotations

from ..errors import conflict, refuse
from ..names import check_name
from .change import Answer, Change


def create(change: Change) -> Answer:
    """Answer `wait_created`: exactly one of several creations succeeds."""
    check_name(change.name, "wait")
    change.require_open_run()
    wait = {
        "waitId": change.name,
        "runId": change.run_id,
        "status": "waiting",
        "resumeAt": change.data["resumeAt"],
        "createdAt": change.now,
        "updatedAt": change.now,
        "specVersion": change.request.spec_version,
    }
    if not change.rows.insert_wait(wait):
        raise conflict(f"wait {change.name} exists already")
    return {"event": change.append(), "wait": wait}


def complete(change: Change) -> Answer:
    """Answer `wait_completed`."""
    check_name(change.name, "wait")
    change.require_open_run()
    wait = change.rows.find_wait(change.run_id, change.name)
    if wait is None:
        raise refuse(f"wait {change.name} not found in run {change.run_id}", status=404)
    if wait["status"] == "completed":
        raise conflict(f"wait {change.name} is completed already")
    event = change.append()
    done = {**wait, "status": "completed", "completedAt": change.now, "updatedAt": change.now}
    change.rows.save_wait(done)
    return {"event": event, "wait": done}
