"""The state of the model. Rows are replaced and never mutated, so a copy is cheap."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypeAlias

import msgspec

from harness.contract.model.values import Entity

#: The id of a run, and the name of an entity in it.
Key: TypeAlias = tuple[str, str]


class EntityRow(NamedTuple):
    """A stored value, with its number in the order of first storage."""

    serial: int
    value: Entity


class Stream(msgspec.Struct):
    """The chunks of a stream, and whether it is closed."""

    chunks: list[bytes] = []
    closed: bool = False

    def copy(self) -> Stream:
        """Copy the list; both copies share the chunks."""
        return Stream(list(self.chunks), self.closed)


class QueueMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that no handler has consumed yet."""

    message_id: str
    queue_name: str
    payload: object
    due_at: datetime
    #: How often it was delivered, not counting deliveries that the handler deferred.
    attempt: int = 0
    #: The owner that leases it.
    owner: str | None = None
    idempotency_key: str | None = None


class State(msgspec.Struct):
    """Everything that a World stores."""

    serial: int = 0
    runs: dict[str, EntityRow] = {}
    logs: dict[str, list[EntityRow]] = {}
    #: Run -> time of the last event that its runtime did not write, in ms since 1970.
    markers: dict[str, int] = {}
    steps: dict[Key, EntityRow] = {}
    #: Live hooks.
    hooks: dict[Key, EntityRow] = {}
    #: Ended hooks whose token is still reserved.
    retained: dict[Key, EntityRow] = {}
    tokens: dict[str, Key] = {}
    waits: dict[Key, EntityRow] = {}
    #: Claims on what can be created only once: (run, kind, name).
    claims: set[tuple[str, str, str]] = set()
    #: (run, hook, resume) -> the event that the resume created.
    resumes: dict[tuple[str, str, str], Entity] = {}
    streams: dict[Key, Stream] = {}
    messages: dict[str, QueueMessage] = {}

    def copy(self) -> State:
        """Copy everything mutable; both copies share the rows."""
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
