"""The worker: takes messages that are due and brings them to the app until it has consumed them."""

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
#: How often the journal is looked at, in seconds.
LOOK_EVERY_S = 0.005
#: How often other owners are looked at, in seconds.
VISIT_EVERY_S = 0.1
#: Pauses after a failed delivery, in seconds: the first, and the longest.
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 2.0
#: How long what is in flight may still take once the World is being closed, in seconds.
FAREWELL_S = 10.0

_STEP_TOPIC = re.compile(r"__([a-z][a-z0-9]*_)?wkf_step_")
_ROUTES = "/.well-known/workflow/v1"


class Storage(Protocol):
    """What a worker needs of its World."""

    @property
    def model(self) -> Model:
        """The model as of the last command that is known."""

    def sync(self) -> None:
        """Learn what other processes wrote."""

    def apply(self, method: str, args: list[object]) -> Any:
        """Make one call that changes something."""


class Worker:
    """Delivers messages of one storage; there can be many, in many processes.

    Args:
        storage: Where messages are.
        owner: In whose name they are taken.
        find_port: Returns where the app listens, or `None` while that is unknown.
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
        """Look at once."""
        self._news.set()

    async def stop(self, patience: float = FAREWELL_S) -> None:
        """Take no more messages, wait for deliveries in flight, return the rest."""
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
        """Begin deliveries of what is due, as many as fit."""
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
        """Tell whether to ask for a message is worth a lock."""
        due_at = self._storage.model.next_due()
        return due_at is not None and due_at <= datetime.now(UTC)

    def visit_owners(self) -> None:
        """Take back what dead owners had in hand."""
        now = asyncio.get_running_loop().time()
        if now - self._visited < VISIT_EVERY_S:
            return
        self._visited = now
        messages = self._storage.model.state.messages.values()
        for name in {message.owner for message in messages if message.owner}:
            if not self._owner.is_alive(name):
                self.take_back(name)
                self._owner.bury(name)

    def take_back(self, owner: str) -> None:
        """Make everything due again that an owner has in hand."""
        if any(m.owner == owner for m in self._storage.model.state.messages.values()):
            self._storage.apply("queue.expire", [owner])

    async def deliver(self, message: QueueMessage) -> None:
        """Bring one message, and record how that went."""
        port = self._find_port()
        try:
            if port is None:
                raise ConnectionRefusedError("the address of the app is unknown")
            answer = await post(port, self.find_route(message.queue_name), message)
        except ConnectionRefusedError:
            # No handler has seen the message, so this was no attempt.
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
        """Record what a handler said to a message."""
        seconds = answer.seconds_to_wait
        if seconds is not None:
            self._record("queue.defer", message, seconds)
        elif 200 <= answer.status < 300:
            self._record("queue.ack", message)
        else:
            self.record_failure(message)

    def record_failure(self, message: QueueMessage) -> None:
        """Record that a message was not consumed."""
        self._record("queue.fail", message, self.choose_pause(message.attempt))

    def choose_pause(self, attempt: int) -> float:
        """Return how long to wait after a failed attempt."""
        return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(attempt - 1, 10)))

    def _record(self, method: str, message: QueueMessage, *more: float) -> None:
        self._storage.apply(method, [message.message_id, self._owner.name, *more])


def read_port(*environments: Mapping[str, str]) -> int | None:
    """Return where the app listens, by the first environment that says so."""
    for environment in environments:
        text = environment.get("PORT", "")
        if text.isdecimal() and int(text):
            return int(text)
    return None
