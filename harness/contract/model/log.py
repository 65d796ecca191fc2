"""The event log: appending, naming events, and reading what came since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from harness.contract.model.ground import Ground
from harness.contract.model.ids import write_slot
from harness.contract.model.state import Row
from harness.contract.model.values import Entity, copy_value, read_time

#: Payload fields, which `resolveData: "none"` leaves out.
RUN_PAYLOADS = ("input", "output", "error")
STEP_PAYLOADS = ("input", "output", "error")
HOOK_PAYLOADS = ("metadata",)
EVENT_PAYLOADS = ("input", "output", "error", "result", "metadata", "payload")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One event that a client wants appended, checked for its form."""

    run_id: str
    type: str
    correlation_id: str
    #: A copy of what was sent.
    data: dict[str, Any]
    #: Whether the client sent any data at all.
    has_data: bool
    params: Mapping[str, Any]
    spec_version: int
    resume_id: str | None = None


class Log(Ground):
    """Every run's events, in their order."""

    def append_event(
        self,
        request: Request,
        *,
        event_type: str = "",
        data: dict[str, Any] | None = None,
    ) -> Entity:
        """Append one event and return it.

        Args:
            request: Whose event it is.
            event_type: Another type than the one asked for.
            data: Other data than what was sent.
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
        self.log_of(request.run_id).append(Row(self.next_serial(), event))
        self.move_marker(request, event)
        return event

    def choose_stored_data(
        self, request: Request, data: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        """Return what the log keeps of an event's data: by default all of it."""
        if data is not None:
            return data
        return request.data if request.has_data else None

    def log_of(self, run_id: str) -> list[Row]:
        """Return a run's log to append to."""
        return self.state.logs.setdefault(run_id, [])

    def read_log(self, run_id: str) -> list[Row]:
        """Return a run's log to read."""
        return self.state.logs.get(run_id, [])

    def name_event(self, run_id: str) -> str:
        """Return the next event's id: its slot, or something that rises with time."""
        if self.has_slots(run_id):
            return write_slot(len(self.read_log(run_id)) + 1)
        return self.fresh("evnt")

    def has_slots(self, run_id: str) -> bool:
        """Tell whether a run's events are named by their place."""
        row = self.state.runs.get(run_id)
        return self.rules.slots and row is not None and row.value["specVersion"] >= 6

    def move_marker(self, request: Request, event: Entity) -> None:
        """Remember the time of an event that did not come from the run's own replay."""
        is_external = request.params.get("stateUpdatedAt") is None
        if is_external and event["eventType"] in {"hook_received", "step_completed"}:
            self.state.markers[request.run_id] = int(event["createdAt"].timestamp() * 1000)

    def check_precondition(self, request: Request) -> None:
        """Refuse a writer that has not seen what came from outside.

        Raises:
            Refused: the run's marker is strictly newer than what the writer knows.
        """
        seen = request.params.get("stateUpdatedAt")
        if not self.rules.precondition or not isinstance(seen, (int, float)):
            return
        if seen < self.state.markers.get(request.run_id, 0):
            raise self.refusal(
                "PreconditionFailedError", "the run has changed since its state was read"
            )

    def strip_event(self, event: Entity, resolve: object) -> Entity:
        """Return an event for the outside, without its payloads when these are not wanted."""
        shown: Entity = copy_value(event)
        if resolve == "none" and isinstance(shown.get("eventData"), dict):
            shown["eventData"] = _leave_out(shown["eventData"], EVENT_PAYLOADS)
        return shown

    def strip_entity(self, entity: Entity, payloads: tuple[str, ...], resolve: object) -> Entity:
        """Return an entity for the outside, without its payloads when these are not wanted."""
        shown: Entity = copy_value(entity)
        return _leave_out(shown, payloads) if resolve == "none" else shown


def _leave_out(entity: Entity, payloads: tuple[str, ...]) -> Entity:
    return {key: value for key, value in entity.items() if key not in payloads}
