"""Calls as the runtime makes them: every event of the contract, with data like the SDK's own."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.adapters.protocol import Call
from harness.contract.model.ids import write_ulid

#: What the runtime asks for wherever payloads are to come along.
ALL = {"resolveData": "all"}

PAYLOAD = b"devl\x00\xff payload"
DEPLOYMENT = "dpl_world_harness"
WORKFLOW = "workflow//./flows//examine"


def fresh_id(prefix: str) -> str:
    """Return an id that nobody else has: a prefix and a ULID of this moment."""
    return f"{prefix}_{write_ulid(time.time_ns() // 1_000_000, secrets.randbits(80))}"


def fresh_token() -> str:
    """Return a hook token that nobody else has."""
    return fresh_id("token")


class EventCalls:
    """Makes `events.create` calls for one line: the spec version goes into every event.

    Args:
        spec_version: What the SDK stamps on events for this World.
    """

    def __init__(self, spec_version: int) -> None:
        self.spec_version = spec_version

    def create(
        self,
        run_id: str | None,
        event_type: str,
        correlation_id: str | None = None,
        data: dict[str, Any] | None = None,
        **params: Any,
    ) -> Call:
        """Make the call for any event.

        Args:
            run_id: The run, or `None` to have the World name a new one.
            event_type: Any type, also one that does not exist.
            correlation_id: The step, hook, wait or attribute change.
            data: The event's own data.
            params: The call's third argument: `resolveData`, `sinceCursor`, `eventCount`…
        """
        event: dict[str, Any] = {"eventType": event_type, "specVersion": self.spec_version}
        if correlation_id is not None:
            event["correlationId"] = correlation_id
        if data is not None:
            event["eventData"] = data
        return Call("events.create", (run_id, event, params) if params else (run_id, event))

    def run_created(self, run_id: str | None, **data: Any) -> Call:
        """Create a run."""
        return self.create(run_id, "run_created", data={**self.run_data(), **data})

    def run_data(self) -> dict[str, Any]:
        """Return the data that a run is born with."""
        return {"deploymentId": DEPLOYMENT, "workflowName": WORKFLOW, "input": PAYLOAD}

    def run_started(self, run_id: str, data: dict[str, Any] | None = None, **params: Any) -> Call:
        """Start a run; with the run's data, also one that does not exist yet."""
        return self.create(run_id, "run_started", data=data, **params)

    def run_completed(self, run_id: str, output: Any = PAYLOAD) -> Call:
        """Complete a run."""
        return self.create(run_id, "run_completed", data={"output": output})

    def run_failed(self, run_id: str, error: Any = PAYLOAD) -> Call:
        """Fail a run."""
        return self.create(run_id, "run_failed", data={"error": error, "errorCode": "USER_ERROR"})

    def run_cancelled(self, run_id: str) -> Call:
        """Cancel a run."""
        return self.create(run_id, "run_cancelled")

    def step_created(self, run_id: str, step_id: str, **data: Any) -> Call:
        """Create a step."""
        given = {"stepName": "step//./flows//work", "input": PAYLOAD, **data}
        return self.create(run_id, "step_created", step_id, given)

    def step_started(self, run_id: str, step_id: str, **data: Any) -> Call:
        """Start a step; with `input` it creates the step as well (lines 5)."""
        return self.create(run_id, "step_started", step_id, data or None)

    def lazy_step_started(self, run_id: str, step_id: str, **data: Any) -> Call:
        """Create and start a step in one claim (lines 5)."""
        given = {"stepName": "step//./flows//work", "input": PAYLOAD, **data}
        return self.create(run_id, "step_started", step_id, given)

    def step_completed(self, run_id: str, step_id: str, result: Any = PAYLOAD) -> Call:
        """Complete a step."""
        return self.create(run_id, "step_completed", step_id, {"result": result})

    def step_failed(self, run_id: str, step_id: str, error: Any = PAYLOAD) -> Call:
        """Fail a step for good."""
        return self.create(run_id, "step_failed", step_id, {"error": error})

    def step_retrying(self, run_id: str, step_id: str, *, after_s: float | None = None) -> Call:
        """Fail a step for now; with `after_s`, not to be started before so many seconds."""
        data: dict[str, Any] = {"error": PAYLOAD}
        if after_s is not None:
            data["retryAfter"] = datetime.now(UTC) + timedelta(seconds=after_s)
        return self.create(run_id, "step_retrying", step_id, data)

    def hook_created(self, run_id: str, hook_id: str, token: str, **data: Any) -> Call:
        """Create a hook, which claims its token."""
        return self.create(run_id, "hook_created", hook_id, {"token": token, **data})

    def hook_received(self, run_id: str, hook_id: str, payload: Any = PAYLOAD) -> Call:
        """Resume a hook."""
        return self.create(run_id, "hook_received", hook_id, {"payload": payload})

    def hook_disposed(self, run_id: str, hook_id: str) -> Call:
        """Dispose of a hook."""
        return self.create(run_id, "hook_disposed", hook_id)

    def wait_created(self, run_id: str, wait_id: str, *, in_s: float = 60) -> Call:
        """Create a wait that is over in so many seconds."""
        resume_at = datetime.now(UTC) + timedelta(seconds=in_s)
        return self.create(run_id, "wait_created", wait_id, {"resumeAt": resume_at})

    def wait_completed(self, run_id: str, wait_id: str) -> Call:
        """Complete a wait."""
        return self.create(run_id, "wait_completed", wait_id)

    def attr_set(self, run_id: str, change_id: str | None, **changes: str | None) -> Call:
        """Set or (with `None`) remove attributes of a run."""
        data = {
            "changes": [{"key": key, "value": value} for key, value in changes.items()],
            "writer": {"type": "workflow"},
        }
        return self.create(run_id, "attr_set", change_id, data)
