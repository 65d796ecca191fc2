"""Converts between the SDK's models and stored mappings, which use the wire's field names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from world_harness_sdk import interface

from .rows import Entity
from .rules.change import Answer, Request, Resume


def read_request(run_id: str | None, event: Any) -> Request:
    """Convert an event of the SDK to a request."""
    sent = event.model_dump()
    resume = getattr(event, "_queue_input", None)
    return Request(
        run_id=run_id,
        type=event.event_type,
        correlation_id=event.correlation_id or "",
        data=sent.get("eventData"),
        spec_version=event.spec_version,
        resume=Resume(resume.resume_id, resume.payload_digest) if resume is not None else None,
    )


def show_result(answer: Answer) -> Any:
    """Convert the answer to a created event to the SDK's model."""
    shown = {key: _SHOWERS[key](value) for key, value in answer.items()}
    return interface.EventResult(**shown)


def show_event(event: Entity) -> Any:
    """Convert an event of a log to the SDK's model."""
    return interface.EventAdaptor.from_wire(event)


def show_run(run: Entity) -> Any:
    """Return a run."""
    return interface.WorkflowRunAdaptor.from_wire(run)


def show_step(step: Entity) -> Any:
    """Return a step."""
    return interface.WorkflowStepAdaptor.from_wire(step)


def show_hook(hook: Entity) -> Any:
    """Return a hook."""
    return interface.Hook.from_wire(hook)


def show_wait(wait: Entity) -> Mapping[str, Any]:
    """Return a wait as a mapping, because the SDK has no model for it."""
    return dict(wait)


_SHOWERS = {
    "event": show_event,
    "run": show_run,
    "step": show_step,
    "hook": show_hook,
    "wait": show_wait,
}
