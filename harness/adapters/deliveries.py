"""Queue deliveries of a World, and the harness's decision about each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

from harness.adapters.process import AdapterProcess
from harness.adapters.protocol import Message
from harness.adapters.values import decode


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the app's queue handler."""

    number: int
    queue_name: str
    message_id: str
    attempt: Any
    message: Any
    #: ms since 1970, by the adapter's clock.
    at: float


class Fate(msgspec.Struct, frozen=True):
    """How the handler settles a delivery: `ack`, `retry` (after seconds), `error` or `never`."""

    action: str
    seconds: float = 0


ACK = Fate("ack")
ERROR = Fate("error")
NEVER = Fate("never")


def retry_in(seconds: float) -> Fate:
    """Return the decision to ask for the same message again."""
    return Fate("retry", seconds)


class Inbox:
    """Everything that a World delivers to one process, in order of arrival.

    `rule` decides about each delivery at once. It may return `None` to hold a delivery until
    :meth:`decide` settles it. It runs in the reading thread and must not call the World.
    """

    def __init__(self, process: AdapterProcess) -> None:
        self._process = process
        self._changed = threading.Condition()
        self._deliveries: list[Delivery] = []
        self._settled: dict[int, float] = {}
        self._dropped = 0
        self.rule: Callable[[Delivery], Fate | None] = lambda delivery: ACK
        process.listen("delivery", self._take)
        process.listen("settled", self._settle)
        process.listen("dropped", self._drop)

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """All deliveries so far."""
        with self._changed:
            return tuple(self._deliveries)

    @property
    def dropped(self) -> int:
        """How many connections were cut by the operation `drop`."""
        with self._changed:
            return self._dropped

    def settled_at(self, delivery: Delivery) -> float | None:
        """When the app finished a delivery (ms since 1970); `None` until then."""
        with self._changed:
            return self._settled.get(delivery.number)

    def decide(self, delivery: Delivery, decision: Fate) -> None:
        """Settle a held delivery."""
        self._process.send(
            "decide",
            delivery=delivery.number,
            action=decision.action,
            seconds=decision.seconds,
        )

    def wait_for(
        self, enough: Callable[[tuple[Delivery, ...]], bool], within_s: float
    ) -> tuple[Delivery, ...]:
        """Wait for enough deliveries or the time limit; return the deliveries so far."""
        deadline = time.monotonic() + within_s
        with self._changed:
            while not enough(tuple(self._deliveries)):
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return tuple(self._deliveries)

    def _take(self, message: Message) -> None:
        delivery = Delivery(
            number=message.delivery,
            queue_name=message.queue_name,
            message_id=message.message_id,
            attempt=decode(message.attempt),
            message=decode(message.message),
            at=message.at,
        )
        decision = self.rule(delivery)
        if decision is not None:
            self.decide(delivery, decision)
        with self._changed:
            self._deliveries.append(delivery)
            self._changed.notify_all()

    def _settle(self, message: Message) -> None:
        with self._changed:
            self._settled[message.delivery] = message.at
            self._changed.notify_all()

    def _drop(self, message: Message) -> None:
        with self._changed:
            self._dropped += 1
            self._changed.notify_all()
