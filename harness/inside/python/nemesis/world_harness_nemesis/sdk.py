"""All uses of the SDK itself."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What the errors of the SDK carry beside their message, where a plan does not say it.
_CARRIED = ("status", "code", "url", "retry_after", "token", "hook_id")
_STATUS = {"RunExpiredError": 410, "ThrottleError": 429, "WorkflowWorldError": 500}


@dataclass(frozen=True)
class Execution:
    """One execution of a step's body."""

    run_id: str
    step_id: str
    attempt: int


def describe_execution() -> Execution:
    """Return which execution this is; raises `RuntimeError` outside a step."""
    from vercel.workflow import get_step_metadata

    step = get_step_metadata()
    return Execution(step.run_id, step.step_id, step.attempt)


def register(wrapper: type) -> None:
    """Let a class count as a World."""
    interface = _find_interface()
    if interface is not None:
        interface.World.register(wrapper)


def make_error(error: Mapping[str, Any]) -> Exception:
    """Make an error of that name: the SDK's, which it knows by its class, Python's, or a new one.

    Args:
        error: `name`, `message`, and what else it carries, named as on the wire.
    """
    name, message = str(error["name"]), str(error.get("message", ""))
    kind = _find_error(name)
    # Constructors differ; what an error carries is set below.
    made = kind.__new__(kind, message)
    Exception.__init__(made, message)
    given = {_snake(key): value for key, value in error.items() if key not in {"name", "message"}}
    carried = dict.fromkeys(_CARRIED) | {"status": _STATUS.get(name)} if _is_sdks(kind) else {}
    for key, value in {**carried, **given}.items():
        setattr(made, key, value)
    return made


def rebuild_event(event: Any, changes: Mapping[str, Any]) -> Any:
    """Return an event like another, but for some fields, named as on the wire."""
    interface = _find_interface()
    if interface is None:
        raise RuntimeError("an event can be inserted only where the SDK is installed")
    server = event.server_props.model_dump(by_alias=True)
    wire = {**event.model_dump(by_alias=True, exclude_none=True), **server, **changes}
    return interface.EventAdaptor.from_wire(wire)


def _find_interface() -> Any:
    """Return the interface of the SDK; `None` where no SDK is installed."""
    try:
        from world_harness_sdk import interface
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("vercel"):
            raise
        return None
    return interface


def _find_error(name: str) -> type[Exception]:
    for place in (_find_interface(), builtins):
        found = getattr(place, name, None)
        if isinstance(found, type) and issubclass(found, Exception):
            return found
    return type(name, (Exception,), {})


def _is_sdks(kind: type) -> bool:
    return kind.__module__.startswith("vercel.")


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
