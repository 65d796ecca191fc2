"""The worker: leases due messages and delivers them to the app until they are consumed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from harness.contract.model import Model, QueueMessage
from worlds.reference.owners import Owner
from worlds.reference.transport import Answer, post

#: How many deliveries run at a time.
CONCURRENCY = 50
#: How often to check the journal, in seconds.
LOOK_EVERY_S = 0.005
#: How often to check the other owners, in seconds.
VISIT_EVERY_S = 0.1
#: Pauses after a failed delivery, in seconds: the first, and the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
#: How long to wait for deliveries in flight when the World is closed, in seconds.
FAREWELL_S = 10.0

_STEP_TOPIC = re.compile(r"__([a-z][a-z0-9]*_)?wkf_step_")
_ROUTES = "/.well-known/workflow/v1"


class Storage(Protocol):
    """The part of the World that a worker uses."""

    @property
    def model(self) -> Model:
        """The model after the last command that this process has read."""

    def sync(self) -> None:
        """Read the commands of other processes."""

    def apply(self, method: str, args: list[object]) -> Any:
        """Make one call that changes the state."""


class Worker:
    """Delivers the messages of one storage, which any number of workers and processes can share.

    Args:
        storage: The storage of the messages.
        owner: The owner that leases the messages.
        find_port: Returns the port of the app, or `None` while that is unknown.
    """

    def __init__(self, storage: Storage, owner: Owner, find_port: Callable[[], int | None]) -> None:
        self._storage = storage
        self._owner = owner
        self._find_port = find_port
        self._deliveries: set[asyncio.Task[None]] = set()
        self._news = asyncio.Event()
        self._closing = False
        self._visited = 0.0
        self._loop = asyncio.create_task(self._work())

    def wake(self) -> None:
        """Check for messages now."""
        self._news.set()

    async def stop(self, patience: float = FAREWELL_S) -> None:
        """Lease no more messages, wait for deliveries in flight, and free the rest."""
        self._closing = True
        self.wake()
        await self._loop
        if self._deliveries:
            _, late = await asyncio.wait(self._deliveries, timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._storage.sync()
        self.take_back(self._owner.name)

    async def _work(self) -> None:
        while not self._closing:
            self._storage.sync()
            self.visit_owners()
            if self._find_port() is not None:
                self.take_due()
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), LOOK_EVERY_S)
            except TimeoutError:
                continue

    def take_due(self) -> None:
        """Start deliveries of due messages, up to the limit."""
        while len(self._deliveries) < CONCURRENCY and self.is_anything_due():
            message = self._storage.apply("queue.lease", [self._owner.name])
            if message is None:
                return
            task = asyncio.create_task(self.deliver(message))
            self._deliveries.add(task)
            task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._deliveries.discard(task)
        self.wake()

    def is_anything_due(self) -> bool:
        """Tell whether any message is due, before taking the lock."""
        due_at = self._storage.model.next_due()
        return due_at is not None and due_at <= datetime.now(UTC)

    def visit_owners(self) -> None:
        """Free the messages of dead owners."""
        now = asyncio.get_running_loop().time()
        if now - self._visited < VISIT_EVERY_S:
            return
        self._visited = now
        messages = self._storage.model.state.messages.values()
        for name in {message.owner for message in messages if message.owner}:
            if not self._owner.is_alive(name):
                self.take_back(name)
                self._owner.remove(name)

    def take_back(self, owner: str) -> None:
        """Free all messages that an owner leases."""
        if any(m.owner == owner for m in self._storage.model.state.messages.values()):
            self._storage.apply("queue.expire", [owner])

    async def deliver(self, message: QueueMessage) -> None:
        """Deliver one message, and record the outcome."""
        port = self._find_port()
        try:
            if port is None:
                raise ConnectionRefusedError("the port of the app is unknown")
            answer = await post(port, self.find_route(message.queue_name), message)
        except ConnectionRefusedError:
            # No handler has seen the message, so this does not count as an attempt.
            self._record("queue.defer", message, FIRST_PAUSE_S)
            return
        except OSError:
            self.record_failure(message)
            return
        self.record_answer(message, answer)

    def find_route(self, queue_name: str) -> str:
        """Return the path of the handler of a topic."""
        return f"{_ROUTES}/{'step' if _STEP_TOPIC.match(queue_name) else 'flow'}"

    def record_answer(self, message: QueueMessage, answer: Answer) -> None:
        """Record the response of a handler."""
        seconds = answer.seconds_to_wait
        if seconds is not None:
            self._record("queue.defer", message, seconds)
        elif 200 <= answer.status < 300:
            self._record("queue.ack", message)
        else:
            self.record_failure(message)

    def record_failure(self, message: QueueMessage) -> None:
        """Record that a delivery failed."""
        self._record("queue.fail", message, self.choose_pause(message.attempt))

    def choose_pause(self, attempt: int) -> float:
        """Return how long to wait after a failed attempt."""
        return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(attempt - 1, 10)))

    def _record(self, method: str, message: QueueMessage, *more: float) -> None:
        self._storage.apply(method, [message.message_id, self._owner.name, *more])


def read_port(*environments: Mapping[str, str]) -> int | None:
    """Return the port of the app, from the first environment that sets it."""
    for environment in environments:
        text = environment.get("PORT", "")
        if text.isdecimal() and int(text):
            return int(text)
    return None
