"""Hooks: one live hook per token, resumes, disposal, conflicts."""

from __future__ import annotations

from world_harness_sdk import interface

from ..errors import conflict
from ..names import check_name, is_name
from ..rows import Entity
from .change import Answer, Change, Resume


def create(change: Change) -> Answer:
    """Answer `hook_created`: a hook, or a `hook_conflict` if another hook holds the token."""
    check_name(change.name, "hook")
    change.require_open_run()
    if change.rows.has_event(change.run_id, change.name, "hook_created", "hook_conflict"):
        raise conflict(f"hook {change.name} was created already")
    hook = _make_hook(change)
    # The holder may release the token between the two queries; then try again.
    while not change.rows.insert_hook(hook):
        holder = change.rows.find_holder(hook["token"])
        if holder is not None:
            data = {"token": hook["token"], "conflictingRunId": holder["runId"]}
            return {"event": change.append(event_type="hook_conflict", data=data)}
    return {"event": change.append(), "hook": hook}


def _make_hook(change: Change) -> Entity:
    data = change.data
    return {
        "runId": change.run_id,
        "hookId": change.name,
        "token": data["token"],
        "ownerId": "",
        "projectId": "",
        "environment": "",
        **({"metadata": data["metadata"]} if data.get("metadata") is not None else {}),
        "createdAt": change.now,
        "specVersion": change.request.spec_version,
        "isWebhook": bool(data.get("isWebhook")),
        "isSystem": bool(data.get("isSystem")),
    }


def receive(change: Change) -> Answer:
    """Answer `hook_received`: one more payload for a live hook, and only one per resume."""
    change.require_run()
    resume = change.request.resume
    known = _find_resume(change, resume) if resume else None
    if known is not None:
        return {"event": known}
    hook = _find_live(change)
    event = change.append()
    if resume:
        change.rows.insert_resume(
            change.run_id, resume.resume_id, change.name, resume.digest, change.place
        )
    return {"event": event, "hook": hook}


def _find_resume(change: Change, resume: Resume) -> Entity | None:
    """Return the event that another writer of the same resume wrote.

    Raises:
        HookResumeConflictError: the resume belongs to another hook or payload.
    """
    found = change.rows.find_resume(change.run_id, resume.resume_id)
    if found is None:
        return None
    hook_id, digest, seq = found
    if hook_id != change.name or (digest and resume.digest and digest != resume.digest):
        raise interface.HookResumeConflictError(
            f"resume {resume.resume_id} was recorded for another hook or payload already"
        )
    return change.rows.find_event(change.run_id, seq)


def dispose(change: Change) -> Answer:
    """Answer `hook_disposed`: the end of a live hook."""
    change.require_run()
    hook = _find_live(change)
    event = change.append()
    change.rows.delete_hook(change.run_id, change.name)
    return {"event": event, "hook": hook}


def _find_live(change: Change) -> Entity:
    """Return the hook.

    Raises:
        HookNotFoundError: there is no such hook, it was disposed, or its run has ended.
    """
    found = change.rows.find_hook(change.run_id, change.name) if is_name(change.name) else None
    if found is None:
        raise interface.HookNotFoundError(hook_id=change.name)
    return found
