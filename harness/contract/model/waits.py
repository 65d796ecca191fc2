"""Waits: created once, completed once."""

from __future__ import annotations

from typing import Any

from harness.contract.model.hooks import Hooks
from harness.contract.model.log import Request
from harness.contract.model.values import Entity, read_time


class Waits(Hooks):
    """The life of waits."""

    def create_wait(self, request: Request) -> dict[str, Any]:
        """Answer `wait_created`."""
        self.check_open_run(request)
        self.claim_wait(request)
        event = self.append_event(request)
        key = self.key_of(request.run_id, request.correlation_id)
        return {"event": event, "wait": self.put(self.state.waits, key, self.make_wait(request))}

    def claim_wait(self, request: Request) -> None:
        """Claim the right to create a wait."""
        self.claim_once(request.run_id, "wait", request.correlation_id)

    def make_wait(self, request: Request) -> Entity:
        """Build a new wait's entity."""
        return {
            "waitId": request.correlation_id,
            "runId": request.run_id,
            "status": "waiting",
            "resumeAt": read_time(request.data["resumeAt"]),
            "createdAt": self.now,
            "updatedAt": self.now,
            "specVersion": request.spec_version,
        }

    def complete_wait(self, request: Request) -> dict[str, Any]:
        """Answer `wait_completed`."""
        self.find_run(request.run_id)
        wait = self.find_wait(request)
        self.check_open_run(request)
        self.check_wait_open(wait)
        event = self.append_event(request)
        done = {**wait, "status": "completed", "completedAt": self.now, "updatedAt": self.now}
        key = self.key_of(request.run_id, request.correlation_id)
        return {"event": event, "wait": self.put(self.state.waits, key, done)}

    def find_wait(self, request: Request) -> Entity:
        """Return the wait that an event is about.

        Raises:
            Refused: there is no such wait.
        """
        row = self.state.waits.get(self.key_of(request.run_id, request.correlation_id))
        if row is None:
            raise self.refusal("WorkflowWorldError", f"wait {request.correlation_id!r} not found")
        return row.value

    def check_wait_open(self, wait: Entity) -> None:
        """Refuse a second completion.

        Raises:
            Refused: the wait is completed already.
        """
        if wait["status"] == "completed":
            raise self.refusal(
                "EntityConflictError", f"wait {wait['waitId']!r} is completed already"
            )

    def remove_waits_of(self, run_id: str) -> None:
        """Remove every wait of a run that has ended."""
        for key in [key for key in self.state.waits if key[0] == run_id]:
            del self.state.waits[key]
