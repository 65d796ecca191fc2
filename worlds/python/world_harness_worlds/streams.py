"""Streams: chunks in order, until the stream is closed for good."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from .names import check_name, is_name
from .session import Session

#: The largest number of chunks that one read returns: a page of the SDK's API.
_LOOK = 1000
#: A read ends with the chunk that reaches this many bytes.
_LOOK_BYTES = 4 * 1024 * 1024
DEFAULT_PAGE = 100

#: Selects chunks from one place to another, up to the limit of bytes.
_CHUNKS = """
SELECT data FROM chunks WHERE run_id = ? AND name = ? AND place >= ? AND place < ?
AND place IN (
    SELECT place FROM (
        SELECT place, SUM(length(data)) OVER (ORDER BY place) - length(data) AS before
        FROM chunks WHERE run_id = ? AND name = ? AND place >= ? AND place < ?
    ) AS sizes WHERE before < ?
) ORDER BY place
"""


@dataclasses.dataclass(frozen=True)
class State:
    """The length of a stream, and whether it is closed."""

    length: int
    closed: bool


@dataclasses.dataclass(frozen=True)
class Look:
    """The chunks of a stream from a place on."""

    chunks: list[bytes]
    #: The place at which the next read begins.
    place: int
    #: Whether no more chunks can follow.
    over: bool


def append(session: Session, run_id: str, name: str, chunks: Sequence[bytes]) -> None:
    """Append chunks; drop them if the stream is closed."""
    state = _hold(session, run_id, name)
    if state.closed or not chunks:
        return
    session.run(
        "UPDATE streams SET length = ? WHERE run_id = ? AND name = ?",
        (state.length + len(chunks), run_id, name),
    )
    session.run_many(
        "INSERT INTO chunks (run_id, name, place, data) VALUES (?, ?, ?, ?)",
        [(run_id, name, state.length + number, chunk) for number, chunk in enumerate(chunks)],
    )


def close(session: Session, run_id: str, name: str) -> None:
    """Close a stream; closing it again changes nothing."""
    _hold(session, run_id, name)
    session.run("UPDATE streams SET closed = 1 WHERE run_id = ? AND name = ?", (run_id, name))


def _hold(session: Session, run_id: str, name: str) -> State:
    """Create a stream if it does not exist, and lock it against other writers."""
    check_name(run_id, "run")
    check_name(name, "stream")
    session.run(
        "INSERT INTO streams (run_id, name, length, closed) VALUES (?, ?, 0, 0) "
        "ON CONFLICT DO NOTHING",
        (run_id, name),
    )
    return _read(session, run_id, name, holds=True)


def find(session: Session, run_id: str, name: str) -> State:
    """Return the state of a stream, which is empty if nothing was written to it."""
    if not is_name(run_id) or not is_name(name):
        return State(0, closed=False)
    return _read(session, run_id, name)


def _read(session: Session, run_id: str, name: str, *, holds: bool = False) -> State:
    sql = "SELECT length, closed FROM streams WHERE run_id = ? AND name = ?"
    row = session.one(sql, (run_id, name), holds=holds)
    return State(0, closed=False) if row is None else State(int(row[0]), bool(row[1]))


def look(session: Session, run_id: str, name: str, place: int, limit: int = _LOOK) -> Look:
    """Return the chunks of a stream from a place on."""
    state = find(session, run_id, name)
    if place >= state.length:
        return Look([], place, state.closed)
    which = (run_id, name, place, min(place + limit, state.length))
    rows = session.all(_CHUNKS, (*which, *which, _LOOK_BYTES))
    reached = place + len(rows)
    return Look([bytes(row[0]) for row in rows], reached, state.closed and reached >= state.length)


def list_names(session: Session, run_id: str) -> list[str]:
    """Return the names of the streams that a run wrote to or closed."""
    if not is_name(run_id):
        return []
    rows = session.all("SELECT name FROM streams WHERE run_id = ? ORDER BY name", (run_id,))
    return [str(row[0]) for row in rows]
