"""What a queue message is for, in either form that the SDK gives it: as it was sent, or as read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .faults import MessageKind


def run_of(message: Any) -> str | None:
    """Return the id of the run that it belongs to."""
    found: str | None = _read(message, "runId", "run_id")
    return found


def step_id_of(message: Any) -> str | None:
    """Return the id of the step that it is for."""
    found: str | None = _read(message, "stepId", "step_id")
    return found


def step_of(message: Any) -> str | None:
    """Return the name of the step that it is for."""
    found: str | None = _read(message, "stepName", "step_name")
    return found


def kind_of(message: Any) -> MessageKind:
    """Return what it is for: to begin a run, to execute a step, or to wake the run."""
    if step_id_of(message):
        return "step"
    return "start" if _read(message, "runInput", "run_input") else "wake"


def is_probe(message: Any) -> bool:
    """Tell whether it only asks whether anybody is there."""
    return bool(_read(message, "__healthCheck", "health_check"))


def _read(message: Any, wire: str, name: str) -> Any:
    if isinstance(message, Mapping):
        return message.get(wire)
    return getattr(message, name, None)
