"""What the model remembers. Rows are replaced and never changed, so that a copy is cheap."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from harness.contract.model.values import Entity

#: A run's id and the name of an entity inside it.
Key: TypeAlias = tuple[str, str]


class Row(NamedTuple):
    """Something stored, with its place in the order in which everything was stored first."""

    serial: int
    value: Entity


class Stream(msgspec.Struct):
    """A stream's chunks, and whether its end was written."""

    chunks: list[bytes] = []
    closed: bool = False

    def copy(self) -> Stream:
        """Copy the list; chunks are shared."""
        return Stream(list(self.chunks), self.closed)


class QueueMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that no handler has consumed."""

    message_id: str
    queue_name: str
    payload: object
    due_at: datetime
    #: How often it was handed out, without the times when the handler asked for later.
    attempt: int = 0
    #: Who has it in hand.
    owner: str | None = None
    idempotency_key: str | None = None


class State(msgspec.Struct):
    """Everything that a World stores."""

    serial: int = 0
    runs: dict[str, Row] = {}
    logs: dict[str, list[Row]] = {}
    #: Run -> ms since 1970 of the last event that its runtime did not write.
    markers: dict[str, int] = {}
    steps: dict[Key, Row] = {}
    #: Hooks that live.
    hooks: dict[Key, Row] = {}
    #: Hooks that are over but whose token stays reserved.
    retained: dict[Key, Row] = {}
    tokens: dict[str, Key] = {}
    waits: dict[Key, Row] = {}
    #: What can be created once only: (run, kind, name).
    claims: set[tuple[str, str, str]] = set()
    #: (run, hook, resume) -> the event that it made.
    resumes: dict[tuple[str, str, str], Entity] = {}
    streams: dict[Key, Stream] = {}
    messages: dict[str, QueueMessage] = {}

    def copy(self) -> State:
        """Copy what can change; rows are shared."""
        return State(
            serial=self.serial,
            runs=dict(self.runs),
            logs={run: list(rows) for run, rows in self.logs.items()},
            markers=dict(self.markers),
            steps=dict(self.steps),
            hooks=dict(self.hooks),
            retained=dict(self.retained),
            tokens=dict(self.tokens),
            waits=dict(self.waits),
            claims=set(self.claims),
            resumes=dict(self.resumes),
            streams={key: stream.copy() for key, stream in self.streams.items()},
            messages=dict(self.messages),
        )
