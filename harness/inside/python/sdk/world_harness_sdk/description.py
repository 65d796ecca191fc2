"""The interface of a World, as data: what a class must offer, and how each method is called."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Any

from . import attributes, interface, local

COMMITTED = Path(__file__).parent / "interface.json"
#: Values that pass through the interface and that Worlds build or read, field by field.
_MODELS = (
    *("EventResult", "Hook", "PaginatedResult", "PaginationOptions", "QueueContinuation"),
    *("ServerProps", "StreamChunk", "StreamChunksPage", "StreamInfo", "HookResumeInput"),
)
_ERRORS = ("EntityConflictError", "HookNotFoundError", "TooEarlyError", "WorkflowWorldError")


#: What is relied on beyond the interface: the app's own LocalWorld (`world_harness_serving.local`)
#: changes the way of a message there, and adapter, nemesis and Worlds speak through the others.
_MEMBERS = {
    attributes: ("apply_attribute_changes", "validate_attribute_changes"),
    local: (
        *("_encode_js", "LocalWorld.__init__", "LocalWorld._get_queue_client"),
        *("LocalWorld._new_id", "LocalWorld.create_queue_handler", "LocalWorld.queue"),
    ),
    interface: (
        *("EventAdaptor.from_wire", "QueuePayloadAdaptor.from_wire", "get_queue_name"),
        *("WorkflowRunAdaptor.from_wire", "WorkflowStepAdaptor.from_wire", "set_world"),
    ),
}
#: Models whose private attributes are read: one that is gone reads as None, and nothing would fail.
_PRIVATE = ("HookReceivedEvent",)


def describe_interface() -> dict[str, Any]:
    """Describe the interface of the SDK that is installed."""
    world = interface.World
    methods = {
        name: {
            "abstract": name in world.__abstractmethods__,
            "kind": _tell_kind(member),
            "signature": _tell_signature(member),
        }
        for name, member in sorted(vars(world).items())
        if inspect.isfunction(member) and not name.startswith("_")
    }
    return {
        "version": version("vercel-workflow"),
        "specVersion": interface.SPEC_VERSION_CURRENT,
        "methods": methods,
        "models": {name: _tell_fields(getattr(interface, name)) for name in _MODELS},
        "errors": {name: _tell_signature(getattr(interface, name).__init__) for name in _ERRORS},
        "events": sorted(_list_event_types()),
        "members": {
            module.__name__.rpartition(".")[2]: dict(_tell_members(module, names))
            for module, names in _MEMBERS.items()
        },
        "private": {name: _tell_private(getattr(interface, name)) for name in _PRIVATE},
    }


def read_committed() -> dict[str, Any]:
    """Read the description of the interface that this project was written against."""
    described: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return described


def compare(was: Mapping[str, Any], now: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Yield every difference between two descriptions, one sentence each."""
    for key in sorted({*was, *now}):
        here = f"{place} {key}".strip()
        old, new = was.get(key), now.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from compare(old, new, here)
        elif key not in now:
            yield f"{here} is gone; it was {_quote(old)}"
        elif key not in was:
            yield f"{here} is new: {_quote(new)}"
        elif old != new:
            yield f"{here} was {_quote(old)} and is {_quote(new)}"


def _quote(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _tell_members(module: Any, names: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Describe functions and methods by their names; those that are gone are left out."""
    for name in names:
        with contextlib.suppress(AttributeError):
            member = attrgetter(name)(module)
            yield name, {"kind": _tell_kind(member), "signature": _tell_signature(member)}


def _tell_private(model: Any) -> list[str]:
    return sorted(model.__private_attributes__)


def _tell_kind(member: Any) -> str:
    return "coroutine" if inspect.iscoroutinefunction(member) else "function"


def _tell_signature(member: Any) -> str:
    """Write a signature without its annotations, which every Python writes in its own way."""
    signature = inspect.signature(member)
    bare = [item.replace(annotation=item.empty) for item in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


def _tell_fields(model: Any) -> dict[str, str]:
    if dataclasses.is_dataclass(model):
        fields = dataclasses.fields(model)
        return {field.name: _tell_need(field.default is dataclasses.MISSING) for field in fields}
    return {name: _tell_need(field.is_required()) for name, field in model.model_fields.items()}


def _tell_need(required: bool) -> str:
    return "required" if required else "optional"


def _list_event_types() -> Iterator[str]:
    for name in dir(interface):
        kind: Any = getattr(interface, name)
        fields = getattr(kind, "model_fields", {}) if isinstance(kind, type) else {}
        if "event_type" in fields and isinstance(fields["event_type"].default, str):
            yield fields["event_type"].default
