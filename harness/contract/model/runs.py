"""Runs: created once, started once, ended once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from harness.contract.model.ids import read_ulid_time
from harness.contract.model.log import Request
from harness.contract.model.steps import Steps
from harness.contract.model.values import Entity

#: How far the time in the id of a new run may be from now.
OLDEST_ID = timedelta(hours=24)
NEWEST_ID = timedelta(minutes=5)
#: Data with which `run_started` can create a run whose `run_created` never arrived.
BIRTH_DATA = ("deploymentId", "workflowName")


class Runs(Steps):
    """The life of runs."""

    def create_run(self, request: Request) -> dict[str, Any]:
        """Answer `run_created`."""
        if not request.run_id:
            request = msgspec.structs.replace(request, run_id=self.fresh("wrun"))
        else:
            self.check_new_run(request.run_id)
            self.check_run_id(request.run_id)
        self.check_birth_attributes(request)
        run = self.put(self.state.runs, request.run_id, self.make_run(request))
        return {"event": self.append_event(request), "run": run}

    def check_new_run(self, run_id: str) -> None:
        """Refuse a second run with the same id.

        Raises:
            Refused: there is one already.
        """
        if run_id in self.state.runs:
            raise self.refusal("EntityConflictError", f"run {run_id!r} already exists")

    def check_run_id(self, run_id: str) -> None:
        """Refuse an id that is not a ULID with roughly the current time.

        Raises:
            Refused: it is not a ULID, or its time is too far from now.
        """
        time_ms = read_ulid_time(run_id.removeprefix("wrun_"))
        if not run_id.startswith("wrun_") or time_ms is None:
            raise self.bad_request(f"{run_id!r} is not the id of a run")
        age = timedelta(milliseconds=int(self.now.timestamp() * 1000) - time_ms)
        if not -NEWEST_ID <= age <= OLDEST_ID:
            raise self.bad_request(f"the time in the run's id {run_id!r} is too far from now")

    def check_birth_attributes(self, request: Request) -> None:
        """Refuse attributes of a new run that are not valid."""
        attributes = request.data.get("attributes")
        if self.rules.attributes and isinstance(attributes, dict):
            changes = [{"key": key, "value": value} for key, value in attributes.items()]
            self.check_changes(changes, {}, request.data.get("allowReservedAttributes") is True)

    def make_run(self, request: Request) -> Entity:
        """Build a new run's entity."""
        run: Entity = {
            "runId": request.run_id,
            "deploymentId": request.data["deploymentId"],
            "workflowName": request.data["workflowName"],
            "status": "pending",
            "specVersion": request.spec_version,
            "createdAt": self.now,
            "updatedAt": self.now,
        }
        for key in ("input", "executionContext"):
            if key in request.data:
                run[key] = request.data[key]
        if self.rules.attributes:
            run["attributes"] = request.data.get("attributes") or {}
        return run

    def start_run(self, request: Request) -> dict[str, Any]:
        """Answer `run_started`."""
        if request.run_id not in self.state.runs:
            self.create_late(request)
        run = self.find_run(request.run_id)
        self.check_run_may_start(run)
        if run["status"] == "running":
            return {"run": run}
        started = self.put(self.state.runs, request.run_id, self.make_started(run))
        return {"event": self.append_started(request), "run": started}

    def create_late(self, request: Request) -> None:
        """Create a run from the data of its start; `run_created` comes first in the log.

        Raises:
            Refused: the start does not have the required data.
        """
        if not all(key in request.data for key in BIRTH_DATA):
            self.find_run(request.run_id)
        self.check_run_id(request.run_id)
        self.check_birth_attributes(request)
        self.put(self.state.runs, request.run_id, self.make_run(request))
        self.append_event(request, event_type="run_created", data=request.data)

    def append_started(self, request: Request) -> Entity:
        """Append `run_started` without data, even if the request has some."""
        return self.append_event(msgspec.structs.replace(request, data={}, has_data=False))

    def check_run_may_start(self, run: Entity) -> None:
        """Refuse to start a run that has ended.

        Raises:
            Refused: it has ended.
        """
        if self.is_ended(run):
            name = "EntityConflictError" if self.rules.python_names else "RunExpiredError"
            raise self.refusal(name, f"run {run['runId']!r} is {run['status']}")

    def make_started(self, run: Entity) -> Entity:
        """Return the run after its start."""
        return {
            **run,
            "status": "running",
            "startedAt": run.get("startedAt", self.now),
            "updatedAt": self.now,
        }

    def complete_run(self, request: Request) -> dict[str, Any]:
        """Answer `run_completed`."""
        return self.end_run(request, "completed", ("output",))

    def fail_run(self, request: Request) -> dict[str, Any]:
        """Answer `run_failed`."""
        return self.end_run(request, "failed", ("error", "errorCode"))

    def cancel_run(self, request: Request) -> dict[str, Any]:
        """Answer `run_cancelled`; a run may be cancelled twice."""
        run = self.find_run(request.run_id)
        if run["status"] == "cancelled":
            return self.cancel_again(request, run)
        return self.end_run(request, "cancelled", ())

    def cancel_again(self, request: Request, run: Entity) -> dict[str, Any]:
        """Answer the cancel of a cancelled run: it is logged, but has no effect."""
        return {"event": self.append_event(request), "run": run}

    def end_run(self, request: Request, status: str, fields: tuple[str, ...]) -> dict[str, Any]:
        """Set the final status of a run."""
        run = self.check_open_run(request)
        event = self.append_event(request)
        ended = {**run, "status": status, "completedAt": self.now, "updatedAt": self.now}
        ended |= {key: request.data[key] for key in fields if key in request.data}
        self.put(self.state.runs, request.run_id, ended)
        self.close_run(request.run_id)
        return {"event": event, "run": ended}

    def close_run(self, run_id: str) -> None:
        """Remove everything that ends with a run."""
        self.remove_hooks_of(run_id)
        self.remove_waits_of(run_id)
