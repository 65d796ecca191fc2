"""One event that is being appended to the log."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..codec import from_ms
from ..errors import WorkflowRunNotFoundError, conflict
from ..names import is_name
from ..rows import Entity, Event, Rows

#: `event`, and the entity that it changed, with the field names of the wire format.
Answer = dict[str, Any]

ENDED = frozenset({"completed", "failed", "cancelled"})


@dataclasses.dataclass(frozen=True)
class Resume:
    """The identity of a resume, which may be sent twice."""

    resume_id: str
    digest: str | None


@dataclasses.dataclass(frozen=True)
class Request:
    """A request to append an event."""

    #: `None` if the World must make the id of a new run.
    run_id: str | None
    type: str
    #: The correlation id; empty for events of the run itself.
    correlation_id: str
    #: `None` if the event has none.
    data: Mapping[str, Any] | None
    spec_version: int
    resume: Resume | None = None


class Change:
    """A request in its transaction, with everything that its rule needs.

    Args:
        request: The request.
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
        """The time of the change, never earlier than the last event of the run."""
        return from_ms(self._now_ms)

    @property
    def now_ms(self) -> int:
        """The time of the change, in ms since 1970."""
        return self._now_ms

    def hold_run(self) -> bool:
        """Lock the run against other changes; return whether it exists."""
        status = self.rows.hold_run(self.run_id) if is_name(self.run_id) else None
        if status is None:
            return False
        self.status = status
        self._last = self.rows.find_last_event(self.run_id)
        if self._last is not None:
            self._now_ms = max(self._now_ms, self._last.created_ms)
        return True

    def require_run(self) -> None:
        """Lock the run.

        Raises:
            WorkflowRunNotFoundError: there is no such run.
        """
        if not self.hold_run():
            raise WorkflowRunNotFoundError(self.run_id)

    def require_open_run(self) -> None:
        """Lock the run, which must not have ended.

        Raises:
            WorkflowRunNotFoundError: there is no such run.
            EntityConflictError: the run has ended.
        """
        self.require_run()
        if self.is_over:
            raise conflict(f"run {self.run_id} is {self.status} already")

    @property
    def is_over(self) -> bool:
        """Whether the locked run has ended."""
        return self.status in ENDED

    def append(
        self, *, event_type: str = "", data: Mapping[str, Any] | None = None, bare: bool = False
    ) -> Entity:
        """Append an event to the log, and return it.

        Args:
            event_type: Replaces the requested type.
            data: Replaces the data of the request.
            bare: Whether to store no data.
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
        """The place of the last event in the log, from 1."""
        return self._last.seq if self._last else 0
