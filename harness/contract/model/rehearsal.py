"""A model with its own clock and ids, for cases where only the order of calls matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from harness.contract.model.ids import UlidSource, write_ulid
from harness.contract.model.model import Model

#: The default start time of a rehearsal.
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_TICK = timedelta(milliseconds=1)


class Rehearsal:
    """Calls a model. Each call is a millisecond later; every rehearsal makes the same ids.

    Args:
        model: The model to call.
        now: The time of the first call.
    """

    def __init__(self, model: Model, now: datetime = BEGINNING) -> None:
        self.model = model
        self.now = now
        self._names = 0
        self._ids = UlidSource(lambda: 0)

    def call(self, method: str, *args: object) -> Any:
        """Make one normalized call.

        Raises:
            Refused: the model refuses it.
        """
        self.now += _TICK
        return self.model.perform(method, args, now=self.now, fresh=self.fresh)

    def perform(self, method: str, args: Sequence[object]) -> Any:
        """Make one normalized call whose arguments are a list."""
        return self.call(method, *args)

    def fresh(self, prefix: str) -> str:
        """Make an id with the current time."""
        return self._ids.make(prefix, self.now)

    def name(self, prefix: str) -> str:
        """Make an id as a client does."""
        self._names += 1
        return f"{prefix}_{write_ulid(int(self.now.timestamp() * 1000), self._names << 64)}"

    def create(
        self,
        run_id: str | None,
        event_type: str,
        correlation_id: str | None = None,
        data: dict[str, Any] | None = None,
        **params: object,
    ) -> Any:
        """Create one event; additional keyword arguments become its parameters."""
        event: dict[str, Any] = {
            "eventType": event_type,
            "specVersion": self.model.rules.spec_version,
        }
        if correlation_id is not None:
            event["correlationId"] = correlation_id
        if data is not None:
            event["eventData"] = data
        return self.call("events.create", run_id, event, params)

    def begin_run(self, *, started: bool = True) -> str:
        """Create a run, start it unless `started` is false, and return its id."""
        run_id = self.name("wrun")
        data = {"deploymentId": "dpl_1", "workflowName": "work", "input": b"\x00in"}
        self.create(run_id, "run_created", data=data)
        if started:
            self.create(run_id, "run_started")
        return run_id

    def wait(self, seconds: float) -> None:
        """Advance the clock."""
        self.now += timedelta(seconds=seconds)

    def list_types(self, run_id: str) -> list[str]:
        """Return the types of a run's events in list order."""
        page = self.call("events.list", {"runId": run_id})
        return [event["eventType"] for event in page["data"]]
