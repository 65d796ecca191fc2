"""One event on its way into the log."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..codec import from_ms
from ..errors import WorkflowRunNotFoundError, conflict
from ..names import is_name
from ..rows import Entity, Event, Rows

#: `event`, and the entity that it changed, spelled as on the wire.
Answer = dict[str, Any]

ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclasses.dataclass(frozen=True)
class Resume:
    """What is known of a resume that may be written twice."""

    resume_id: str
    digest: str | None


@dataclasses.dataclass(frozen=True)
class Request:
    """An event that somebody wants appended."""

    #: `None` for a run whose id the World is to make.
    run_id: str | None
    type: str
    #: Empty for events of the run itself.
    correlation_id: str
    #: `None` when the event has none.
    data: Mapping[str, Any] | None
    spec_version: int
    resume: Resume | None = None


class Change:
    """A request inside its transaction, with what its rule needs.

    Args:
        request: What is asked for.
        rows: The rows of the transaction.
    """

    def __init__(self, request: Request, rows: Rows) -> None:
        self.request = request
        self.rows = rows
        self.run_id = request.run_id or ""
        self.name = request.correlation_id
        self.data: Mapping[str, Any] = request.data or {}
        self._last: Event | None = None
        self._now_ms = rows.now_ms()
        self.status = ""

    @property
    def now(self) -> datetime:
        """The time of the change: never before what its run's log holds already."""
        return from_ms(self._now_ms)

    @property
    def now_ms(self) -> int:
        """The same, in ms since 1970."""
        return self._now_ms

    def hold_run(self) -> bool:
        """Keep every other change of the run out; return whether there is such a run."""
        status = self.rows.hold_run(self.run_id) if is_name(self.run_id) else None
        if status is None:
            return False
        self.status = status
        self._last = self.rows.find_last_event(self.run_id)
        if self._last is not None:
            self._now_ms = max(self._now_ms, self._last.created_ms)
        return True

    def require_run(self) -> None:
        """Hold the run.

        Raises:
            WorkflowRunNotFoundError: there is none.
        """
        if not self.hold_run():
            raise WorkflowRunNotFoundError(self.run_id)

    def require_open_run(self) -> None:
        """Hold the run, which must go on.

        Raises:
            WorkflowRunNotFoundError: there is none.
            EntityConflictError: it is over.
        """
        self.require_run()
        if self.is_over:
            raise conflict(f"run {self.run_id} is {self.status} already")

    @property
    def is_over(self) -> bool:
        """Whether the run that is held has ended."""
        return self.status in ENDED

    def append(
        self, *, event_type: str = "", data: Mapping[str, Any] | None = None, bare: bool = False
    ) -> Entity:
        """Append an event to the log, and return it.

        Args:
            event_type: Another type than the one that is asked for.
            data: Other data than what came with the request.
            bare: Without any data.
        """
        event: Entity = {
            "eventType": event_type or self.request.type,
            "specVersion": self.request.spec_version,
            "runId": self.run_id,
            "createdAt": self.now,
        }
        if self.name:
            event["correlationId"] = self.name
        stored = None if bare else (self.request.data if data is None else data)
        if stored is not None:
            event["eventData"] = dict(stored)
        if self.request.resume is not None:
            event["resumeId"] = self.request.resume.resume_id
        self._last = self.rows.append_event(event, self._last, self._now_ms)
        return event

    @property
    def place(self) -> int:
        """Where the last event stands in the log, from 1 on."""
        return self._last.seq if self._last else 0
