"""The queue: a message stays until a handler consumes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from harness.contract.model.state import QueueMessage
from harness.contract.model.streams import Streams
from harness.contract.model.values import copy_value, read_option

#: Longer delays are shortened to this one, because later dates cannot be represented.
LONGEST_DELAY_S = 10 * 366 * 86_400.0

_replace = msgspec.structs.replace


class Queue(Streams):
    """The life of messages. The model does not deliver them."""

    METHODS = Streams.METHODS | {
        "queue": "enqueue",
        "queue.lease": "lease",
        "queue.ack": "acknowledge",
        "queue.fail": "fail_delivery",
        "queue.defer": "defer",
        "queue.expire": "expire_leases",
    }

    def enqueue(self, name: object, payload: object, options: object = None) -> dict[str, str]:
        """Answer `queue`."""
        key = read_option(options, "idempotencyKey")
        same = self.find_pending(str(name), key)
        if same is not None:
            return {"messageId": same.message_id}
        message = QueueMessage(
            message_id=self.fresh("msg"),
            queue_name=str(name),
            payload=copy_value(payload),
            due_at=self.now + self.read_delay(read_option(options, "delaySeconds")),
            idempotency_key=key,
        )
        self.keep(message)
        return {"messageId": message.message_id}

    def find_pending(self, name: str, key: object) -> QueueMessage | None:
        """Return the unconsumed message with an idempotency key."""
        if key is None:
            return None
        for message in self.state.messages.values():
            if message.queue_name == name and message.idempotency_key == key:
                return message
        return None

    def read_delay(self, seconds: object) -> timedelta:
        """Return how long a message waits before its first delivery."""
        if not isinstance(seconds, (int, float)) or not seconds > 0:
            return timedelta(0)
        return timedelta(seconds=min(float(seconds), LONGEST_DELAY_S))

    def keep(self, message: QueueMessage) -> None:
        """Store a message."""
        self.state.messages[message.message_id] = message

    def lease(self, owner: str) -> QueueMessage | None:
        """Lease the message that has been due for the longest time, or return `None`."""
        due = [message for message in self.state.messages.values() if self.is_due(message)]
        if not due:
            return None
        first = min(due, key=lambda message: message.due_at)
        leased = _replace(first, owner=owner, attempt=first.attempt + 1)
        self.keep(leased)
        return leased

    def is_due(self, message: QueueMessage) -> bool:
        """Tell whether a message can be leased."""
        return message.owner is None and message.due_at <= self.now

    def find_leased(self, message_id: str, owner: str) -> QueueMessage | None:
        """Return a message that its owner still leases."""
        message = self.state.messages.get(message_id)
        return message if message is not None and message.owner == owner else None

    def acknowledge(self, message_id: str, owner: str) -> None:
        """Delete a message that was consumed."""
        if self.find_leased(message_id, owner) is not None:
            del self.state.messages[message_id]

    def fail_delivery(self, message_id: str, owner: str, pause: float) -> None:
        """Return a message to the queue after its handler failed."""
        message = self.find_leased(message_id, owner)
        if message is not None:
            self.keep(_replace(message, owner=None, due_at=self.now + timedelta(seconds=pause)))

    def defer(self, message_id: str, owner: str, seconds: float) -> None:
        """Return a message to the queue that its handler wants later; this is not an attempt."""
        message = self.find_leased(message_id, owner)
        if message is None:
            return
        due_at = self.now + self.read_delay(seconds)
        self.keep(_replace(message, owner=None, due_at=due_at, attempt=message.attempt - 1))

    def expire_leases(self, owner: str) -> int:
        """End all leases of a dead owner; return their number."""
        lost = [message for message in self.state.messages.values() if message.owner == owner]
        for message in lost:
            self.keep(_replace(message, owner=None, due_at=self.now))
        return len(lost)

    def next_due(self) -> Any:
        """Return when the next message is due, or `None` if none is waiting."""
        waiting = [m.due_at for m in self.state.messages.values() if m.owner is None]
        return min(waiting, default=None)
