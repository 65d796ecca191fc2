"""The event log: appends events, names them, and reads new ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.contract.model.ground import ModelGround
from harness.contract.model.ids import write_slot
from harness.contract.model.state import EntityRow
from harness.contract.model.values import Entity, copy_value, read_time

#: Payload fields, which `resolveData: "none"` omits.
RUN_PAYLOADS = ("input", "output", "error")
STEP_PAYLOADS = ("input", "output", "error")
HOOK_PAYLOADS = ("metadata",)
EVENT_PAYLOADS = ("input", "output", "error", "result", "metadata", "payload")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One event that a client wants to append, after validation of its form."""

    run_id: str
    type: str
    correlation_id: str
    #: A copy of the data that was sent.
    data: dict[str, Any]
    #: Whether the client sent any data.
    has_data: bool
    params: Mapping[str, Any]
    spec_version: int
    resume_id: str | None = None


class Log(ModelGround):
    """The events of every run, in order."""

    def append_event(
        self,
        request: Request,
        *,
        event_type: str = "",
        data: dict[str, Any] | None = None,
    ) -> Entity:
        """Append one event and return it.

        Args:
            request: The request for the event.
            event_type: Replaces the requested type.
            data: Replaces the data that was sent.
        """
        event: Entity = {
            "eventType": event_type or request.type,
            "runId": request.run_id,
            "eventId": self.name_event(request.run_id),
            "createdAt": self.now,
            "specVersion": request.spec_version,
        }
        if request.correlation_id:
            event["correlationId"] = request.correlation_id
        stored = self.choose_stored_data(request, data)
        if stored is not None:
            event["eventData"] = stored
        occurred_at = read_time(request.params.get("occurredAt"))
        if occurred_at is not None:
            event["occurredAt"] = occurred_at
        if request.resume_id is not None:
            event["resumeId"] = request.resume_id
        self.log_of(request.run_id).append(EntityRow(self.next_serial(), event))
        self.move_marker(request, event)
        return event

    def choose_stored_data(
        self, request: Request, data: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """Return the part of an event's data that the log keeps; by default, all of it."""
        if data is not None:
            return data
        return request.data if request.has_data else None

    def log_of(self, run_id: str) -> list[EntityRow]:
        """Return a run's log for appending."""
        return self.state.logs.setdefault(run_id, [])

    def read_log(self, run_id: str) -> list[EntityRow]:
        """Return a run's log for reading."""
        return self.state.logs.get(run_id, [])

    def name_event(self, run_id: str) -> str:
        """Return the id of the next event: its slot, or an id that increases with time."""
        if self.has_slots(run_id):
            return write_slot(len(self.read_log(run_id)) + 1)
        return self.fresh("evnt")

    def has_slots(self, run_id: str) -> bool:
        """Tell whether the events of a run are named by their slot."""
        row = self.state.runs.get(run_id)
        return self.rules.slots and row is not None and row.value["specVersion"] >= 6

    def move_marker(self, request: Request, event: Entity) -> None:
        """Store the time of an event that does not come from the run's own replay."""
        is_external = request.params.get("stateUpdatedAt") is None
        if is_external and event["eventType"] in {"hook_received", "step_completed"}:
            self.state.markers[request.run_id] = int(event["createdAt"].timestamp() * 1000)

    def check_precondition(self, request: Request) -> None:
        """Refuse a writer that has not seen the latest event from outside the run.

        Raises:
            Refused: the run's marker is newer than the state that the writer has read.
        """
        seen = request.params.get("stateUpdatedAt")
        if not self.rules.precondition or not isinstance(seen, (int, float)):
            return
        if seen < self.state.markers.get(request.run_id, 0):
            raise self.refusal(
                "PreconditionFailedError", "the run has changed since its state was read"
            )

    def strip_event(self, event: Entity, resolve: object) -> Entity:
        """Return an event as a caller sees it: without payloads if `resolve` is "none"."""
        shown: Entity = copy_value(event)
        if resolve == "none" and isinstance(shown.get("eventData"), dict):
            shown["eventData"] = _leave_out(shown["eventData"], EVENT_PAYLOADS)
        return shown

    def strip_entity(self, entity: Entity, payloads: tuple[str, ...], resolve: object) -> Entity:
        """Return an entity as a caller sees it: without payloads if `resolve` is "none"."""
        shown: Entity = copy_value(entity)
        return _leave_out(shown, payloads) if resolve == "none" else shown


def _leave_out(entity: Entity, payloads: tuple[str, ...]) -> Entity:
    return {key: value for key, value in entity.items() if key not in payloads}
