"""`events.create` and `events.createBatch`: validate a request, call its rule, build the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.contract.model.log import RUN_PAYLOADS, STEP_PAYLOADS, Request
from harness.contract.model.rules import Refused
from harness.contract.model.runs import Runs
from harness.contract.model.state import EntityRow
from harness.contract.model.values import Entity, copy_value, is_absent, read_option, read_time

#: Event type -> (method that answers it, required data).
EVENT_TYPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "run_created": ("create_run", ("deploymentId", "workflowName")),
    "run_started": ("start_run", ()),
    "run_completed": ("complete_run", ()),
    "run_failed": ("fail_run", ()),
    "run_cancelled": ("cancel_run", ()),
    "attr_set": ("set_attributes", ("changes",)),
    "step_created": ("create_step", ("stepName",)),
    "step_started": ("start_step", ()),
    "step_completed": ("complete_step", ()),
    "step_failed": ("fail_step", ()),
    "step_retrying": ("retry_step", ()),
    "hook_created": ("create_hook", ("token",)),
    "hook_received": ("receive_hook", ()),
    "hook_disposed": ("dispose_hook", ()),
    "wait_created": ("create_wait", ("resumeAt",)),
    "wait_completed": ("complete_wait", ()),
}
#: Event types that only a World may write.
WORLD_ONLY = frozenset({"hook_conflict", "noop"})
#: Event types that are not allowed in a batch.
UNBATCHABLE = frozenset(
    {"run_created", "run_started", "run_cancelled", "hook_created", "hook_disposed", "attr_set"}
)
_ENTITIES = ("step_", "hook_", "wait_")


class Events(Runs):
    """Writes events, and builds the answers to the writer."""

    METHODS = Runs.METHODS | {
        "events.create": "create_event",
        "events.createBatch": "create_batch",
    }

    def create_event(self, run_id: object, sent: object, params: object = None) -> Entity:
        """Answer `events.create`."""
        request = self.read_request(run_id, sent, params)
        self.check_spec_version(request)
        self.check_precondition(request)
        known = len(self.read_log(request.run_id))
        outcome = getattr(self, EVENT_TYPES[request.type][0])(request)
        return self.answer_create(request, outcome, known)

    def read_request(self, run_id: object, sent: object, params: object) -> Request:
        """Validate the form of a request.

        Raises:
            Refused: no state of the World could accept it.
        """
        if not isinstance(sent, Mapping):
            raise self.bad_request("an event must be an object")
        event_type = sent.get("eventType")
        self.check_event_type(event_type)
        data = sent.get("eventData")
        request = Request(
            run_id="" if is_absent(run_id) else str(run_id),
            type=str(event_type),
            correlation_id=str(read_option(sent, "correlationId") or ""),
            data=copy_value(data) if isinstance(data, Mapping) else {},
            has_data=isinstance(data, Mapping),
            params=params if isinstance(params, Mapping) else {},
            spec_version=self.read_spec_version(sent),
            resume_id=read_option(sent, "resumeId") or read_option(params, "resumeId"),
        )
        self.check_event_data(request)
        return request

    def read_spec_version(self, sent: Mapping[str, Any]) -> int:
        """Return the spec version that an event was written for."""
        version = read_option(sent, "specVersion")
        return int(version) if isinstance(version, (int, float)) else self.rules.spec_version

    def check_event_type(self, event_type: object) -> None:
        """Refuse unknown types, and types that only a World may write.

        Raises:
            Refused: a client may not write this type.
        """
        if event_type in WORLD_ONLY:
            raise self.bad_request(f"only a World writes {event_type}")
        if event_type == "attr_set" and not self.rules.attributes:
            raise self.bad_request("this spec version has no attributes")
        if event_type not in EVENT_TYPES:
            raise self.bad_request(f"no event type is called {event_type!r}")

    def check_event_data(self, request: Request) -> None:
        """Refuse an event without the data that its entity requires.

        Raises:
            Refused: a name or a required field is missing.
        """
        if request.type.startswith(_ENTITIES) and not request.correlation_id:
            raise self.bad_request(f"{request.type} needs a correlation id")
        if not request.run_id and request.type != "run_created":
            raise self.bad_request(f"{request.type} needs the id of a run")
        missing = [key for key in EVENT_TYPES[request.type][1] if key not in request.data]
        if missing:
            raise self.bad_request(f"{request.type} needs {', '.join(missing)}")
        if request.type == "wait_created" and read_time(request.data["resumeAt"]) is None:
            raise self.bad_request("resumeAt must be a time")
        if request.type == "hook_created" and not isinstance(request.data["token"], str):
            raise self.bad_request("a token must be a text")

    def check_spec_version(self, request: Request) -> None:
        """Refuse to change a run that a newer World created.

        Raises:
            Refused: this World does not know the run's spec version.
        """
        row = self.state.runs.get(request.run_id)
        if row is None or request.type == "run_created":
            return
        version = row.value["specVersion"]
        if version > self.rules.spec_version:
            raise self.refusal(
                "RunNotSupportedError",
                f"run {request.run_id!r} has spec version {version}, "
                f"this World knows {self.rules.spec_version}",
            )

    def answer_create(self, request: Request, outcome: dict[str, Any], known: int) -> Entity:
        """Build the answer to `events.create`.

        Args:
            request: The request.
            outcome: The resulting event and entity.
            known: How many events the run had before the call.
        """
        answer = self.show_outcome(outcome, request.params.get("resolveData"))
        if request.type == "run_started":
            answer["maxEvents"] = self.rules.max_events
            if self.is_preload_wanted(request, "event" in outcome):
                answer |= self.show_events(request, self.read_log(request.run_id))
        run_id = request.run_id or str(outcome["run"]["runId"])
        delta = self.find_delta(request, run_id, known)
        if delta is not None:
            answer |= self.show_events(request, delta)
            answer["cursor"] = self.write_cursor(self.read_log(run_id)[-1:])
        return answer

    def show_outcome(self, outcome: dict[str, Any], resolve: object) -> Entity:
        """Return an outcome in the form that a caller sees."""
        payloads = {"run": RUN_PAYLOADS, "step": STEP_PAYLOADS, "hook": ("metadata",)}
        answer: Entity = {}
        for key, value in outcome.items():
            if key == "event":
                answer[key] = self.strip_event(value, resolve)
            elif isinstance(value, dict):
                answer[key] = self.strip_entity(value, payloads.get(key, ()), resolve)
            else:
                answer[key] = value
        return answer

    def is_preload_wanted(self, request: Request, started_now: bool) -> bool:
        """Tell whether the answer to a start includes the run's events."""
        if request.params.get("skipPreload") is True:
            return False
        return started_now or self.rules.preload_again

    def find_delta(self, request: Request, run_id: str, known: int) -> list[EntityRow] | None:
        """Return the new events that the writer asked for, or `None` if it did not ask."""
        if not self.rules.delta:
            return None
        cursor = request.params.get("sinceCursor")
        if isinstance(cursor, str):
            return self.read_since(run_id, cursor)
        count = request.params.get("eventCount")
        if isinstance(count, (int, float)) and self.has_slots(run_id) and count < known:
            return self.read_log(run_id)[int(count) : known]
        return None

    def read_since(self, run_id: str, cursor: str) -> list[EntityRow]:
        """Return a run's events strictly after a cursor."""
        position = self.read_cursor(cursor)
        return [row for row in self.read_log(run_id) if row.serial > (position or 0)]

    def show_events(self, request: Request, rows: Sequence[EntityRow]) -> Entity:
        """Return events as part of an answer."""
        resolve = request.params.get("resolveData")
        return {
            "events": [self.strip_event(row.value, resolve) for row in rows],
            "cursor": self.write_cursor(rows),
            "hasMore": False,
        }

    def write_cursor(self, rows: Sequence[EntityRow]) -> str | None:
        """Return the position after the last of some rows, or `None` if there are no rows."""
        return f"after_{rows[-1].serial}" if rows else None

    def read_cursor(self, cursor: str) -> int | None:
        """Return the serial that a cursor points after; `None` if this World did not write it."""
        digits = cursor.removeprefix("after_")
        return int(digits) if digits.isascii() and digits.isdigit() else None

    def create_batch(self, run_id: object, items: object, params: object = None) -> list[Entity]:
        """Answer `events.createBatch`: one answer per item, in order."""
        if not isinstance(items, Sequence) or not all(isinstance(item, Mapping) for item in items):
            raise self.bad_request("a batch must be a list of items")
        self.check_batch(items)
        return [self.create_item(run_id, item, params) for item in items]

    def check_batch(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Refuse a batch with event types that are not allowed in a batch.

        Raises:
            Refused: there is such an event.
        """
        for item in items:
            event_type = read_option(item.get("event"), "eventType")
            if event_type in UNBATCHABLE:
                raise self.bad_request(f"{event_type} cannot be part of a batch")

    def create_item(self, run_id: object, item: Mapping[str, Any], params: object) -> Entity:
        """Answer one item of a batch."""
        own = {**params} if isinstance(params, Mapping) else {}
        own = {key: own[key] for key in own if key not in {"sinceCursor", "eventCount"}}
        own["occurredAt"] = read_option(item, "occurredAt")
        try:
            return {"status": 200, **self.create_event(run_id, item.get("event"), own)}
        except Refused as refused:
            status = 500 if refused.status is None else refused.status
            return {"status": status, "error": refused.name, "message": refused.message}
