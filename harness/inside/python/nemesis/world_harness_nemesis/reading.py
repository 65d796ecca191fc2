"""Damage to the event log as the engine reads it; the World's stored log stays intact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .faults import Fault, list_faults, note_fault
from .sdk import rebuild_event

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

#: Run -> the events that were read of it.
_last_seen: dict[str, list[Any]] = {}


def damage_page(run_id: str | None, page: list[Any], *, incremental: bool) -> list[Any]:
    """Return a page of the log, damaged according to the run's plan.

    Args:
        run_id: The run whose log it is.
        page: Its events, as the World gave them.
        incremental: Whether it follows a cursor.
    """
    if run_id is None:
        return page
    events = page
    for fault in list_faults(run_id, "damage"):
        changed = _damage(events, fault.settings)
        if changed is not events:
            note_fault(run_id, fault)
        events = changed
    if incremental and page:
        for fault in list_faults(run_id, "echo"):
            events = _echo(run_id, page, events, fault)
    known = _last_seen.setdefault(run_id, [])
    ids = {_id_of(event) for event in known}
    known.extend(event for event in page if _id_of(event) not in ids)
    return events


def _echo(run_id: str, page: list[Any], events: list[Any], fault: Fault) -> list[Any]:
    twice = fault.settings["change"] == "twice"
    known = events if twice else _preceding(run_id, page)
    if known:
        note_fault(run_id, fault)
    return [*known, *events]


def _preceding(run_id: str, page: list[Any]) -> list[Any]:
    known = _last_seen.get(run_id, [])
    at = _find(known, _id_of(page[0]))
    return (known if at is None else known[:at])[-1:]


def _damage(events: list[Any], fault: Mapping[str, Any]) -> list[Any]:
    at = _find(events, fault["eventId"])
    if at is None:
        return events
    if fault["change"] == "swap":
        return _swap(events, at, _find(events, fault.get("otherId")))
    if fault["change"] == "replace":
        return _replace(events, at, fault)
    return [*events[:at], *_change_one(events[at], fault), *events[at + 1 :]]


def _change_one(event: Any, fault: Mapping[str, Any]) -> list[Any]:
    """Return the events that replace an event."""
    next_id = _following(_id_of(event))
    match fault["change"]:
        case "drop":
            return []
        case "repeat":
            return [event, _rename(event, next_id)]
        case "again":
            return [event, event]
    changes = {**(fault.get("event") or {}), "eventId": next_id}
    return [event, rebuild_event(event, changes)]


def _replace(events: list[Any], at: int, fault: Mapping[str, Any]) -> list[Any]:
    """Replace an event by a copy of another, or change it; the position keeps its id."""
    other = at if fault.get("otherId") is None else _find(events, fault["otherId"])
    if other is None:
        return events
    changes = {**(fault.get("event") or {}), "eventId": _id_of(events[at])}
    return [*events[:at], rebuild_event(events[other], changes), *events[at + 1 :]]


def _swap(events: list[Any], one: int, other: int | None) -> list[Any]:
    """Swap two events; each position keeps its id, so that the ids still ascend."""
    if other is None:
        return events
    swapped = list(events)
    swapped[one] = _rename(events[other], _id_of(events[one]))
    swapped[other] = _rename(events[one], _id_of(events[other]))
    return swapped


def _find(events: list[Any], event_id: str | None) -> int | None:
    return next((at for at, event in enumerate(events) if _id_of(event) == event_id), None)


def _id_of(event: Any) -> str:
    return str(event.server_props.event_id)


def _rename(event: Any, event_id: str) -> Any:
    props = event.server_props.model_copy(update={"event_id": event_id})
    return event.model_copy(update={"server_props": props})


def _following(event_id: str) -> str:
    """Return an id that sorts directly after another."""
    last = _DIGITS.find(event_id[-1])
    return event_id[:-1] + _DIGITS[last + 1] if 0 <= last < 31 else f"{event_id}Z"
