"""Messages: one row each, until a handler consumes it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ..errors import refuse
from ..names import check_name, make_name
from ..session import Session

#: Longer delays are shortened to this one, in seconds.
_LONGEST_S = 10 * 366 * 86_400.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


@dataclasses.dataclass(frozen=True)
class Message:
    """A message that a worker leases."""

    message_id: str
    queue_name: str
    attempt: int
    data: bytes


def enqueue(
    session: Session,
    queue_name: str,
    data: bytes,
    *,
    key: str | None,
    delay_s: float | None,
    owner: str | None = None,
) -> tuple[str, Message | None]:
    """Store a message, unless one with its key is waiting or in flight.

    Args:
        session: The transaction.
        queue_name: The topic of the message.
        data: The data for the handler.
        key: Only one message with the same key can wait.
        delay_s: The time before the first delivery.
        owner: The worker that leases the message from the start and delivers it now, if any.

    Returns:
        The id of the message; and the message itself, if it is new and the owner leases it.
    """
    check_name(queue_name, "queue")
    if key is not None and not key:
        key = None
    now_ms = session.now_ms()
    message = Message(make_name("msg", now_ms), queue_name, 1 if owner else 0, data)
    sql = (
        "INSERT INTO messages "
        "(message_id, queue_name, idempotency_key, due_ms, attempt, owner, dead, data) "
        "VALUES (?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT DO NOTHING"
    )
    given = (
        *(message.message_id, queue_name, check_name(key, "key") if key else None),
        *(now_ms + _read_delay(delay_s), message.attempt, owner, data),
    )
    while session.run(sql, given) == 0:
        same = session.one(
            "SELECT message_id FROM messages "
            "WHERE queue_name = ? AND idempotency_key = ? AND dead = 0",
            (queue_name, key),
        )
        # The other message may have been consumed meanwhile: then try again.
        if same is not None:
            return str(same[0]), None
    return message.message_id, message if owner else None


def is_due_at_once(delay_s: float | None) -> bool:
    """Tell whether a message with this delay may be delivered now."""
    return _read_delay(delay_s) == 0


def _read_delay(seconds: float | None) -> int:
    """Return a delay in ms."""
    if seconds is None or not seconds > 0:
        return 0
    return int(min(float(seconds), _LONGEST_S) * 1000)


def lease(session: Session, owner: str, limit: int, max_attempts: int) -> list[Message]:
    """Lease messages that are due; set aside those that failed too often."""
    rows = session.all(
        "SELECT message_id, queue_name, attempt, data FROM messages "
        "WHERE owner IS NULL AND dead = 0 AND due_ms <= ? ORDER BY due_ms LIMIT ?",
        (session.now_ms(), limit),
        takes=True,
    )
    taken = []
    for message_id, queue_name, attempt, data in rows:
        if attempt >= max_attempts:
            session.run("UPDATE messages SET dead = 1 WHERE message_id = ?", (message_id,))
            continue
        taken.append(Message(message_id, queue_name, attempt + 1, bytes(data)))
    session.run_many(
        "UPDATE messages SET owner = ?, attempt = ? WHERE message_id = ?",
        [(owner, message.attempt, message.message_id) for message in taken],
    )
    return taken


def acknowledge(session: Session, message: Message, owner: str) -> None:
    """Delete a message that was consumed."""
    session.run(
        "DELETE FROM messages WHERE message_id = ? AND owner = ? AND attempt = ?",
        (message.message_id, owner, message.attempt),
    )


def defer(session: Session, message: Message, owner: str, seconds: float, key: str | None) -> None:
    """Keep a message that its handler wants later; this is not an attempt.

    If another message with the key is waiting, drop this one.
    """
    if key and _is_taken(session, message, check_name(key, "key")):
        acknowledge(session, message, owner)
        return
    due_ms = session.now_ms() + _read_delay(seconds)
    session.run(
        "UPDATE messages SET owner = NULL, attempt = attempt - 1, due_ms = ?, "
        "idempotency_key = COALESCE(?, idempotency_key) "
        "WHERE message_id = ? AND owner = ? AND attempt = ?",
        (due_ms, key or None, message.message_id, owner, message.attempt),
    )


def _is_taken(session: Session, message: Message, key: str) -> bool:
    row = session.one(
        "SELECT 1 FROM messages WHERE queue_name = ? AND idempotency_key = ? AND dead = 0 "
        "AND message_id <> ?",
        (message.queue_name, key, message.message_id),
    )
    return row is not None


def fail(session: Session, message: Message, owner: str, trouble: str) -> None:
    """Keep a message whose handler failed; the pauses between attempts grow to a minute."""
    pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(message.attempt - 1, 10))
    session.run(
        "UPDATE messages SET owner = NULL, due_ms = ?, trouble = ? "
        "WHERE message_id = ? AND owner = ? AND attempt = ?",
        (
            *(session.now_ms() + _read_delay(pause_s), _write_plainly(trouble)),
            *(message.message_id, owner, message.attempt),
        ),
    )


def _write_plainly(text: str) -> str:
    """Return a text without characters that a store cannot keep."""
    return text[:1000].replace("\x00", "").encode("utf-8", "replace").decode()


def next_due_ms(session: Session) -> int | None:
    """Return the ms until the next message is due; `None` if none is waiting."""
    row = session.one("SELECT MIN(due_ms) FROM messages WHERE owner IS NULL AND dead = 0")
    return None if row is None or row[0] is None else int(row[0]) - session.now_ms()


def beat(session: Session, owner: str, lease_s: float) -> None:
    """Extend the lease of an owner, and free the messages of dead owners."""
    now_ms = session.now_ms()
    session.run(
        "INSERT INTO owners (owner, alive_until_ms) VALUES (?, ?) "
        "ON CONFLICT (owner) DO UPDATE SET alive_until_ms = excluded.alive_until_ms",
        (owner, now_ms + int(lease_s * 1000)),
    )
    session.run("DELETE FROM owners WHERE alive_until_ms < ?", (now_ms,))
    session.run(
        "UPDATE messages SET owner = NULL WHERE owner IS NOT NULL "
        "AND NOT EXISTS (SELECT 1 FROM owners WHERE owners.owner = messages.owner)"
    )


def find_owned(session: Session, owner: str) -> list[str]:
    """Return the messages that an owner leases."""
    rows = session.all("SELECT message_id FROM messages WHERE owner = ?", (owner,))
    return [str(row[0]) for row in rows]


def give_back(session: Session, owner: str, message_ids: Iterable[str]) -> None:
    """Free messages that an owner leases by mistake."""
    session.run_many(
        "UPDATE messages SET owner = NULL WHERE message_id = ? AND owner = ?",
        [(message_id, owner) for message_id in message_ids],
    )


def leave(session: Session, owner: str) -> None:
    """Remove an owner, and free its messages."""
    session.run("DELETE FROM owners WHERE owner = ?", (owner,))
    session.run("UPDATE messages SET owner = NULL WHERE owner = ?", (owner,))


def revive(session: Session) -> int:
    """Deliver messages again that were set aside; return their number."""
    rows = session.all("SELECT message_id FROM messages WHERE dead = 1")
    for (message_id,) in rows:
        session.run(
            "UPDATE messages SET dead = 0, attempt = 0, due_ms = ?, idempotency_key = NULL "
            "WHERE message_id = ?",
            (session.now_ms(), message_id),
        )
    return len(rows)


def find_secret(session: Session) -> bytes:
    """Return the secret that signs deliveries; only processes that share the store know it."""
    row = session.one("SELECT value FROM about WHERE key = 'secret'")
    if row is None:
        raise refuse("the store has no secret to sign deliveries with", status=500)
    return bytes.fromhex(str(row[0]))
