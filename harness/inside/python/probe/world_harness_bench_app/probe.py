"""What the app records about itself during a measurement.

It records the invocation of each step body, the end of each run, and (in a recording fork) the
calls of the World. Everything happens on one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

#: Whether other processes serve this app as well, and take some of its deliveries.
PARTIAL = int(os.environ.get("WORLD_HARNESS_WORKERS", "1")) > 1


@dataclass
class Ledger:
    """The calls that a run made to its World, by name and in bytes."""

    invocations: Counter[str] = field(default_factory=Counter)
    world_calls: Counter[str] = field(default_factory=Counter)
    queue_messages: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)


class Probe:
    """The state of one process."""

    def __init__(self) -> None:
        self._invocation: ContextVar[str | None] = ContextVar("invocation", default=None)
        self._own_question: ContextVar[bool] = ContextVar("own_question", default=False)
        self._numbers = itertools.count(1)
        self._marks: dict[str, list[dict[str, Any]]] = {}
        self._endings: dict[str, asyncio.Event] = {}
        self._in_flight = 0
        self._last_change_ms = 0.0
        self._ledger: Ledger | None = None
        self._queued: set[str] = set()
        self._early: set[str] = set()
        self._ids_match = False

    def now(self) -> float:
        """Return milliseconds since the epoch, from the process's monotonic clock."""
        return _begin_ms() + time.perf_counter() * 1000

    async def run_invocation(
        self, route: str, message_id: str, handle: Callable[[], Awaitable[T]]
    ) -> T:
        """Run one delivery with its own id."""
        self._meet(message_id)
        self._in_flight += 1
        self._last_change_ms = self.now()
        if self._ledger:
            self._ledger.invocations[route] += 1
        token = self._invocation.set(f"{os.getpid()}-{next(self._numbers)}")
        try:
            result = await handle()
            self._queued.discard(message_id)
            return result
        finally:
            self._invocation.reset(token)
            self._in_flight -= 1
            self._last_change_ms = self.now()

    def await_delivery(self, message_id: str) -> None:
        """A message is on the queue, to be delivered at once: the app is not idle before."""
        if message_id in self._early:
            self._early.discard(message_id)
            self._ids_match = True
        else:
            self._queued.add(message_id)

    def _meet(self, message_id: str) -> None:
        """Match an id: a World may deliver before its `queue` returns, or under another id."""
        if message_id in self._queued:
            self._ids_match = True
        else:
            self._early.add(message_id)

    @contextlib.contextmanager
    def in_step(self, run_id: str, step_id: str, attempt: int) -> Iterator[None]:
        """Mark when, and in which invocation, a step's body runs."""
        mark: dict[str, Any] = {
            "stepId": step_id,
            "attempt": attempt,
            "invocation": self._invocation.get(),
            "enteredAtMs": self.now(),
        }
        self._marks.setdefault(run_id, []).append(mark)
        try:
            yield
        finally:
            mark["leftAtMs"] = self.now()

    def has_entered(self, run_id: str) -> bool:
        """Return whether this process has entered any step of a run."""
        return run_id in self._marks

    def take_marks(self, run_id: str) -> list[dict[str, Any]]:
        """Return the marks of a run, and forget them."""
        return self._marks.pop(run_id, [])

    def note_ending(self, run_id: str) -> None:
        """Wake the waiting request: the run's last event has been committed."""
        self.ending(run_id).set()

    def ending(self, run_id: str) -> asyncio.Event:
        """Return what is set when this process has committed the run's last event."""
        return self._endings.setdefault(run_id, asyncio.Event())

    def forget_ending(self, run_id: str) -> None:
        """Stop waiting for the run."""
        self._endings.pop(run_id, None)

    async def settle(self, quiet_ms: float, limit_ms: float) -> bool:
        """Wait until the app has been idle for a while; return whether it became idle.

        The app is not idle during a delivery, or while a message waits for immediate delivery.
        """
        deadline = self.now() + limit_ms
        while self.now() < deadline:
            awaited = self._ids_match and self._queued and not PARTIAL
            busy = self._in_flight or awaited
            quiet_for = 0.0 if busy else self.now() - self._last_change_ms
            if not busy and quiet_for >= quiet_ms:
                return True
            await asyncio.sleep(max(5.0, quiet_ms - quiet_for) / 1000)
        return False

    def open_ledger(self) -> None:
        """Start counting."""
        self._ledger = Ledger()
        self._queued.clear()
        self._early.clear()

    def close_ledger(self) -> Ledger | None:
        """Stop counting; return the counts."""
        closed, self._ledger = self._ledger, None
        return closed

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Call the World for the harness itself: the ledger does not count it."""
        token = self._own_question.set(True)
        try:
            yield
        finally:
            self._own_question.reset(token)

    def note_world_call(self, method: str, size: int) -> None:
        """Count a call of the World and the bytes of its arguments."""
        if self._ledger and not self._own_question.get():
            self._ledger.world_calls[method] += 1
            self._ledger.bytes[method] += size

    def note_queue_message(self, route: str) -> None:
        """Count a message put on the queue."""
        if self._ledger:
            self._ledger.queue_messages[route] += 1


_origin_ms: list[float] = []


def _begin_ms() -> float:
    """Return the epoch time at which the monotonic clock was zero; asked first outside a replay."""
    if not _origin_ms:
        _origin_ms.append(time.time() * 1000 - time.perf_counter() * 1000)
    return _origin_ms[0]


probe = Probe()
