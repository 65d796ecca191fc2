"""Runs, events, steps, hooks and waits, as rows."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from .codec import pack, unpack
from .names import make_name
from .session import Session

#: An entity or event, with the field names of the wire format.
Entity = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Event:
    """The data of a run's last event that appending the next one needs."""

    seq: int
    event_id: str
    created_ms: int


@dataclasses.dataclass(frozen=True)
class Page:
    """Part of a log."""

    events: list[Entity]
    #: The place of the last event; 0 if there is none.
    seq: int
    more: bool
    #: The stored size, in bytes.
    size: int = 0


class Rows:
    """The rows of one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def now_ms(self) -> int:
        """Return the store's time."""
        return self._session.now_ms()

    # runs

    def hold_run(self, run_id: str) -> str | None:
        """Lock a run against other transactions; return its status."""
        sql = "SELECT status FROM runs WHERE run_id = ?"
        row = self._session.one(sql, (run_id,), holds=True)
        return None if row is None else str(row[0])

    def find_run(self, run_id: str) -> Entity | None:
        """Return a run."""
        return self._find("SELECT data FROM runs WHERE run_id = ?", run_id)

    def insert_run(self, run: Entity) -> bool:
        """Store a new run; return `False` if its id exists."""
        sql = "INSERT INTO runs (run_id, status, data) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        return self._session.run(sql, (run["runId"], run["status"], pack(run))) == 1

    def save_run(self, run: Entity) -> None:
        """Update a run."""
        sql = "UPDATE runs SET status = ?, data = ? WHERE run_id = ?"
        self._session.run(sql, (run["status"], pack(run), run["runId"]))

    # events

    def find_last_event(self, run_id: str) -> Event | None:
        """Return the last event of a run's log."""
        row = self._session.one(
            "SELECT seq, event_id, created_ms FROM events WHERE run_id = ? "
            "ORDER BY seq DESC LIMIT 1",
            (run_id,),
        )
        return None if row is None else Event(*row)

    def append_event(self, event: Entity, last: Event | None, now_ms: int) -> Event:
        """Store an event after the last one, and set its id."""
        seq, before = (last.seq + 1, last.event_id) if last else (1, "")
        event["eventId"] = make_name("evnt", now_ms, before)
        self._session.run(
            "INSERT INTO events (run_id, seq, event_id, type, correlation_id, created_ms, data) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(event["runId"], seq, event["eventId"], event["eventType"]),
                *(event.get("correlationId"), now_ms, pack(event)),
            ),
        )
        return Event(seq, event["eventId"], now_ms)

    def find_event(self, run_id: str, seq: int) -> Entity | None:
        """Return the event at a place of a log."""
        return self._find("SELECT data FROM events WHERE run_id = ? AND seq = ?", run_id, seq)

    def has_event(self, run_id: str, name: str, *types: str) -> bool:
        """Tell whether a log has an event about an entity with one of some types."""
        sql = "SELECT 1 FROM events WHERE run_id = ? AND correlation_id = ? AND type = ? LIMIT 1"
        found = (self._session.one(sql, (run_id, name, kind)) for kind in types)
        return any(row is not None for row in found)

    def list_events(
        self, run_id: str, *, after: int | None, limit: int | None, descending: bool
    ) -> Page:
        """Return a part of a log.

        Args:
            run_id: The run.
            after: The place after which to continue, in the direction of the list.
            limit: The largest number of events.
            descending: Whether the last event comes first.
        """
        compare, order = ("<", "DESC") if descending else (">", "ASC")
        sql = "SELECT seq, data FROM events WHERE run_id = ?"
        parameters: list[Any] = [run_id]
        if after is not None:
            sql += f" AND seq {compare} ?"
            parameters.append(after)
        sql += f" ORDER BY seq {order}"
        if limit is not None:
            sql += " LIMIT ?"
            parameters.append(limit + 1)
        found = self._session.all(sql, parameters)
        more = limit is not None and len(found) > limit
        kept = found[:limit] if limit is not None else found
        size = sum(len(data) for _, data in kept)
        return Page([unpack(data) for _, data in kept], kept[-1][0] if kept else 0, more, size)

    # steps

    def find_step(self, run_id: str, step_id: str) -> Entity | None:
        """Return a step."""
        return self._find(
            "SELECT data FROM steps WHERE run_id = ? AND step_id = ?", run_id, step_id
        )

    def insert_step(self, step: Entity) -> bool:
        """Store a new step; return `False` if its id exists."""
        sql = (
            "INSERT INTO steps (run_id, step_id, status, data) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING"
        )
        given = (step["runId"], step["stepId"], step["status"], pack(step))
        return self._session.run(sql, given) == 1

    def save_step(self, step: Entity) -> None:
        """Update a step."""
        sql = "UPDATE steps SET status = ?, data = ? WHERE run_id = ? AND step_id = ?"
        self._session.run(sql, (step["status"], pack(step), step["runId"], step["stepId"]))

    # hooks

    def find_hook(self, run_id: str, hook_id: str) -> Entity | None:
        """Return a live hook of a run."""
        return self._find(
            "SELECT data FROM hooks WHERE run_id = ? AND hook_id = ?", run_id, hook_id
        )

    def find_holder(self, token: str) -> Entity | None:
        """Return the live hook that holds a token."""
        return self._find("SELECT data FROM hooks WHERE token_key = ?", _key_of(token))

    def insert_hook(self, hook: Entity) -> bool:
        """Store a new hook; return `False` if its token is taken."""
        sql = (
            "INSERT INTO hooks (token_key, run_id, hook_id, data) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING"
        )
        given = (_key_of(hook["token"]), hook["runId"], hook["hookId"], pack(hook))
        return self._session.run(sql, given) == 1

    def delete_hook(self, run_id: str, hook_id: str) -> None:
        """Delete a hook, which frees its token."""
        self._session.run("DELETE FROM hooks WHERE run_id = ? AND hook_id = ?", (run_id, hook_id))

    def delete_hooks(self, run_id: str) -> None:
        """Delete all hooks of a run."""
        self._session.run("DELETE FROM hooks WHERE run_id = ?", (run_id,))

    def find_resume(self, run_id: str, resume_id: str) -> tuple[str, str | None, int] | None:
        """Return the hook, the digest and the place of the event of a stored resume."""
        row = self._session.one(
            "SELECT hook_id, digest, seq FROM resumes WHERE run_id = ? AND resume_id = ?",
            (run_id, resume_id),
        )
        return None if row is None else (row[0], row[1], row[2])

    def insert_resume(
        self, run_id: str, resume_id: str, hook_id: str, digest: str | None, seq: int
    ) -> None:
        """Store the place of a resume in the log."""
        self._session.run(
            "INSERT INTO resumes (run_id, resume_id, hook_id, digest, seq) VALUES (?, ?, ?, ?, ?)",
            (run_id, resume_id, hook_id, digest, seq),
        )

    # waits

    def find_wait(self, run_id: str, wait_id: str) -> Entity | None:
        """Return a wait."""
        return self._find(
            "SELECT data FROM waits WHERE run_id = ? AND wait_id = ?", run_id, wait_id
        )

    def insert_wait(self, wait: Entity) -> bool:
        """Store a new wait; return `False` if its id exists."""
        sql = (
            "INSERT INTO waits (run_id, wait_id, status, data) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING"
        )
        given = (wait["runId"], wait["waitId"], wait["status"], pack(wait))
        return self._session.run(sql, given) == 1

    def save_wait(self, wait: Entity) -> None:
        """Update a wait."""
        sql = "UPDATE waits SET status = ?, data = ? WHERE run_id = ? AND wait_id = ?"
        self._session.run(sql, (wait["status"], pack(wait), wait["runId"], wait["waitId"]))

    def _find(self, sql: str, *parameters: Any) -> Entity | None:
        row = self._session.one(sql, parameters)
        return None if row is None else unpack(row[0])


def _key_of(token: str) -> bytes:
    """Return the index key of a token, which can be any text of any length."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
