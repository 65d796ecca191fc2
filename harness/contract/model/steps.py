"""Steps: created once, started once per attempt, one outcome, retries after a delay."""

from __future__ import annotations

import math
from typing import Any

from harness.contract.model.attributes import Attributes
from harness.contract.model.log import Request
from harness.contract.model.values import Entity, read_time

TERMINAL_STEP = frozenset({"completed", "failed", "cancelled"})


class Steps(Attributes):
    """The life of steps."""

    def create_step(self, request: Request) -> dict[str, Any]:
        """Answer `step_created`."""
        self.check_open_run(request)
        self.claim_step(request)
        event = self.append_event(request)
        return {"event": event, "step": self.put_step(self.make_step(request))}

    def claim_step(self, request: Request) -> None:
        """Claim the right to create a step."""
        self.claim_once(request.run_id, "step", request.correlation_id)

    def put_step(self, step: Entity) -> Entity:
        """Store a step."""
        return self.put(self.state.steps, self.key_of(step["runId"], step["stepId"]), step)

    def make_step(self, request: Request) -> Entity:
        """Build a new step's entity."""
        step: Entity = {
            "runId": request.run_id,
            "stepId": request.correlation_id,
            "stepName": request.data["stepName"],
            "status": "pending",
            "attempt": 0,
            "createdAt": self.now,
            "updatedAt": self.now,
            "specVersion": request.spec_version,
        }
        if "input" in request.data:
            step["input"] = request.data["input"]
        return step

    def start_step(self, request: Request) -> dict[str, Any]:
        """Answer `step_started`: a start, or creation and start in one call."""
        if self.is_lazy_start(request):
            return self.create_and_start(request)
        run = self.find_run(request.run_id)
        step = self.find_step(request)
        self.check_start_in_run(run)
        self.check_start(step)
        event = self.append_event(request)
        return {"event": event, "step": self.put_step(self.make_running(step))}

    def is_lazy_start(self, request: Request) -> bool:
        """Tell whether a start has the data to create the step."""
        return self.rules.lazy_start and "input" in request.data and "stepName" in request.data

    def create_and_start(self, request: Request) -> dict[str, Any]:
        """Create and start a step: two events, one claim."""
        self.check_open_run(request)
        self.claim_step(request)
        data: dict[str, Any] = {
            key: request.data[key]
            for key in ("stepName", "input", "workflowName")
            if key in request.data
        }
        self.append_event(request, event_type="step_created", data=data)
        rest = {key: value for key, value in request.data.items() if key != "input"}
        event = self.append_event(request, data=rest)
        step = self.put_step(self.make_running(self.make_step(request)))
        return {"event": event, "step": step, "stepCreated": True}

    def check_start_in_run(self, run: Entity) -> None:
        """Refuse to start a step of a run that has ended, even if the step is running.

        Raises:
            Refused: the run has ended.
        """
        if self.is_ended(run):
            raise self.refusal("RunExpiredError", f"run {run['runId']!r} is {run['status']}")

    def check_start(self, step: Entity) -> None:
        """Refuse a start that comes too late or too early.

        Raises:
            Refused: the step has its outcome, or its retry is not due.
        """
        self.check_step_open(step)
        self.check_retry_time(step)

    def check_step_open(self, step: Entity) -> None:
        """Refuse to change a step that has its outcome.

        Raises:
            Refused: the step has its outcome.
        """
        if step["status"] in TERMINAL_STEP:
            raise self.refusal(
                "EntityConflictError", f"step {step['stepId']!r} is {step['status']} already"
            )

    def check_retry_time(self, step: Entity) -> None:
        """Refuse a start before the retry is due.

        Raises:
            Refused: the retry is not due; `retry_after` is the seconds to wait, rounded up.
        """
        retry_after = step.get("retryAfter")
        if retry_after is None or self.now >= retry_after:
            return
        seconds = math.ceil((retry_after - self.now).total_seconds())
        raise self.refusal(
            "TooEarlyError", f"step {step['stepId']!r} must wait", retry_after=seconds
        )

    def make_running(self, step: Entity) -> Entity:
        """Return the step after another start."""
        started = {
            **step,
            "status": "running",
            "attempt": self.count_start(step),
            "startedAt": step.get("startedAt", self.now),
            "updatedAt": self.now,
        }
        started.pop("retryAfter", None)
        return started

    def count_start(self, step: Entity) -> int:
        """Return the attempt number of another start."""
        return int(step["attempt"]) + 1

    def find_step(self, request: Request) -> Entity:
        """Return the step that an event is about.

        Raises:
            Refused: there is no such step.
        """
        row = self.state.steps.get(self.key_of(request.run_id, request.correlation_id))
        if row is None:
            raise self.refusal("WorkflowWorldError", f"step {request.correlation_id!r} not found")
        return row.value

    def complete_step(self, request: Request) -> dict[str, Any]:
        """Answer `step_completed`."""
        return self.end_step(request, "completed", "output", "result")

    def fail_step(self, request: Request) -> dict[str, Any]:
        """Answer `step_failed`."""
        return self.end_step(request, "failed", "error", "error")

    def end_step(self, request: Request, status: str, field: str, sent_as: str) -> dict[str, Any]:
        """Set the outcome of a step."""
        run = self.find_run(request.run_id)
        step = self.find_step(request)
        self.check_step_open(step)
        self.check_late_outcome(run, step)
        event = self.append_event(request)
        ended = {**step, "status": status, "completedAt": self.now, "updatedAt": self.now}
        if sent_as in request.data:
            ended[field] = request.data[sent_as]
        return {"event": event, "step": self.put_step(ended)}

    def check_late_outcome(self, run: Entity, step: Entity) -> None:
        """After the end of the run, accept an outcome only from a step that was running.

        Raises:
            Refused: the run has ended and the step was not running.
        """
        if self.is_ended(run) and step["status"] != "running":
            raise self.refusal("RunExpiredError", f"run {run['runId']!r} is {run['status']}")

    def retry_step(self, request: Request) -> dict[str, Any]:
        """Answer `step_retrying`: pending again, with the error and the next attempt's time."""
        run = self.find_run(request.run_id)
        step = self.find_step(request)
        self.check_step_open(step)
        self.check_start_in_run(run)
        event = self.append_event(request)
        return {"event": event, "step": self.put_step(self.make_retrying(step, request))}

    def make_retrying(self, step: Entity, request: Request) -> Entity:
        """Return the step while it waits for its next attempt."""
        waiting = {**step, "status": "pending", "updatedAt": self.now}
        if "error" in request.data:
            waiting["error"] = request.data["error"]
        retry_after = read_time(request.data.get("retryAfter"))
        waiting.pop("retryAfter", None)
        if retry_after is not None:
            waiting["retryAfter"] = retry_after
        return waiting
