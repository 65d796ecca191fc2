"""Mutants of the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from harness.contract.model import Model, QueueMessage
from harness.contract.model.values import read_option
from worlds.mutants import mutant
from worlds.mutants.workers import WorkerMutant
from worlds.reference import ReferenceWorld
from worlds.reference.transport import QueueHandler, UserHandler, post
from worlds.reference.worker import Worker

_replace = msgspec.structs.replace


@mutant("QUEUE-AT-LEAST-ONCE", "whose handler failed twice was not delivered again")
class GivesUpAfterTwoFailures(Model):
    """A message whose handler failed twice is thrown away."""

    def fail_delivery(self, message_id: str, owner: str, pause: float) -> None:
        """Take a message back once only."""
        message = self.find_leased(message_id, owner)
        if message is not None and message.attempt >= 2:
            self.acknowledge(message_id, owner)
        else:
            super().fail_delivery(message_id, owner, pause)


class _LosingWorker(Worker):
    async def deliver(self, message: QueueMessage) -> None:
        try:
            answer = await post(
                self._find_port() or 0, self.find_route(message.queue_name), message
            )
        except OSError:
            self._record("queue.ack", message)
            return
        self.record_answer(message, answer)


@mutant("QUEUE-AT-LEAST-ONCE", "a message whose connection broke must come, but did not within")
class LosesMessagesWithTheirConnection(WorkerMutant):
    """A message whose connection broke counts as consumed."""

    worker_type = _LosingWorker


class _HastyWorker(Worker):
    async def deliver(self, message: QueueMessage) -> None:
        try:
            async with asyncio.timeout(1):
                await super().deliver(message)
        except TimeoutError:
            self.record_failure(message)


@mutant("QUEUE-NO-FALSE-REDELIVERY", "while its handler was still at work")
class CutsHandlersAfterASecond(WorkerMutant):
    """A delivery that takes longer than a second is given up and made again."""

    worker_type = _HastyWorker


@mutant("QUEUE-ATTEMPT", "must be told attempts 1, 2")
class CallsEveryAttemptTheFirst(Model):
    """The handler is told attempt 1 however often it failed."""

    def lease(self, owner: str) -> QueueMessage | None:
        """Hand out a message as if for the first time."""
        message = super().lease(owner)
        return None if message is None else _replace(message, attempt=1)


@mutant("QUEUE-ATTEMPT", "must be told attempts 1, 2", line="v4")
class CountsAttemptsFromTwo(Model):
    """The handler is told one attempt more than there were."""

    def lease(self, owner: str) -> QueueMessage | None:
        """Hand out a message with its next attempt."""
        message = super().lease(owner)
        return None if message is None else _replace(message, attempt=message.attempt + 1)


@mutant("QUEUE-DELAY", "ms too early")
class IgnoresDelays(Model):
    """A message with a delay is delivered at once."""

    def read_delay(self, seconds: object) -> timedelta:
        """Wait for nothing."""
        return timedelta()


@mutant("QUEUE-DELAY", "delayed by 25 days was delivered after")
class OverflowsLongDelays(Model):
    """A delay that does not fit into 31 bits of milliseconds is none."""

    def read_delay(self, seconds: object) -> timedelta:
        """Wait for what a small timer can hold."""
        delay = super().read_delay(seconds)
        return timedelta() if delay.total_seconds() * 1000 >= 2**31 else delay


@mutant("QUEUE-DEFER", "deferred by 1 s came again")
class DefersForNoTime(Model):
    """A message that the handler wants later comes again at once."""

    def defer(self, message_id: str, owner: str, seconds: float) -> None:
        """Take a message back for now."""
        super().defer(message_id, owner, 0)


@mutant("QUEUE-DEFER", "deferred by 0 s must come again")
class TakesNoTimeForNoDeferral(Model):
    """A handler that wants its message again at once is understood to have consumed it."""

    def defer(self, message_id: str, owner: str, seconds: float) -> None:
        """Take a message back unless for no time."""
        if seconds:
            super().defer(message_id, owner, seconds)
        else:
            self.acknowledge(message_id, owner)


@mutant("QUEUE-DEFER", "in a row did not come again")
class CountsDeferralsAsFailures(Model):
    """A message is thrown away after ten deliveries, deferred or not."""

    def defer(self, message_id: str, owner: str, seconds: float) -> None:
        """Take a message back, which costs an attempt."""
        message = self.find_leased(message_id, owner)
        if message is not None and message.attempt >= 10:
            self.acknowledge(message_id, owner)
        elif message is not None:
            self.fail_delivery(message_id, owner, seconds)


@mutant("QUEUE-IDEMPOTENCY", "led to 3 deliveries")
class IgnoresIdempotencyKeys(Model):
    """Every message is delivered, whatever its key."""

    def find_pending(self, name: str, key: object) -> QueueMessage | None:
        """Find no message with the key."""
        return None


@mutant("QUEUE-IDEMPOTENCY", "deliveries")
class KnowsKeysOfItsOwnProcessOnly(ReferenceWorld):
    """A key holds back what the same process queues, and nothing of other processes."""

    _queued: dict[object, Any]

    def apply(self, method: str, args: list[object]) -> Any:
        """Look keys up in memory only."""
        key = read_option(args[2] if len(args) > 2 else None, "idempotencyKey")
        if method != "queue" or key is None:
            return super().apply(method, args)
        known: dict[object, Any] = self.__dict__.setdefault("_queued", {})
        if key not in known:
            known[key] = super().apply(method, args[:2])
        return known[key]


@mutant("QUEUE-IDEMPOTENCY-BOUND", "with the content of the first")
class NeverRepeatsAContent(Model):
    """A message equal to one that was ever queued is held back, whatever its key."""

    def enqueue(self, name: object, payload: object, options: object = None) -> dict[str, str]:
        """Queue what was never queued before."""
        seen: dict[str, dict[str, str]] = self.__dict__.setdefault("seen", {})
        content = repr(payload)
        if content not in seen:
            seen[content] = super().enqueue(name, payload, options)
        return seen[content]


@mutant("QUEUE-PAYLOAD", "bytes of every value")
class WritesMessagesAsPlainJson(Model):
    """Bytes in a message become objects with a number for each byte."""

    def enqueue(self, name: object, payload: object, options: object = None) -> dict[str, str]:
        """Queue what plain JSON makes of a message."""
        return super().enqueue(name, _flatten(payload), options)


@mutant("QUEUE-PAYLOAD", "NUL characters", line="v4")
class CutsTextAtNul(Model):
    """Text in a message ends at its first NUL character."""

    def enqueue(self, name: object, payload: object, options: object = None) -> dict[str, str]:
        """Queue what a C string holds of a message's text."""
        return super().enqueue(name, _cut(payload), options)


@mutant("QUEUE-HANDLER-GUARD", "was handed to the handler")
class HandlesForeignQueues(ReferenceWorld):
    """The HTTP handler takes deliveries of any queue."""

    def create_queue_handler(self, prefix: str, handler: UserHandler) -> QueueHandler:
        """Make a handler for everything."""
        return super().create_queue_handler("", handler)


@mutant("QUEUE-HANDLER-GUARD", "must be answered with 400")
class AnswersBadRequestsWithSuccess(ReferenceWorld):
    """A request that is no delivery is answered as if it had been one."""

    def create_queue_handler(self, prefix: str, handler: UserHandler) -> QueueHandler:
        """Make a handler that is always content."""
        inner = super().create_queue_handler(prefix, handler)

        async def handle(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            status, content = await inner(headers, body)
            return (200, b"{}") if status == 400 else (status, content)

        return handle


@mutant("QUEUE-INDEPENDENT", "2 of the same run")
class DeliversARunsMessagesOneByOne(Model):
    """A message waits while another one of its run is being handled."""

    def is_due(self, message: QueueMessage) -> bool:
        """Tell whether a message can be handed out, and its run is idle."""
        run = read_option(message.payload, "runId")
        busy = any(
            other.owner is not None and read_option(other.payload, "runId") == run
            for other in self.state.messages.values()
        )
        return super().is_due(message) and not busy


def _flatten(value: Any) -> Any:
    # A message of a mebibyte would become one of twenty, which takes long and shows no more.
    if isinstance(value, bytes) and len(value) < 1000:
        return {str(index): byte for index, byte in enumerate(value)}
    return _map(value, _flatten)


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value.split("\x00")[0]
    return _map(value, _cut)


def _map(value: Any, change: Any) -> Any:
    if isinstance(value, dict):
        return {key: change(item) for key, item in value.items()}
    if isinstance(value, list):
        return [change(item) for item in value]
    return value
