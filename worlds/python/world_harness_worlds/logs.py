"""A cache of event logs: a log only grows, so a process reads each event once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from functools import partial
from types import NoneType
from typing import Any

from .rows import Entity, Page
from .wire import show_event

#: Size of the cache, in bytes as stored; the least recently used run is dropped first.
_KEPT_BYTES = 32 * 1024 * 1024
#: Immutable types.
_FIXED = (NoneType, bool, int, float, str, bytes, datetime)


class _Log:
    """The part of a run's log that was read: functions that return its events."""

    def __init__(self) -> None:
        self.events: list[Callable[[], Any]] = []
        self.size = 0


class Logs:
    """The beginnings of logs. Logged events never change, whichever process wrote them.

    Every caller gets its own copies of the events, so it may change them.
    """

    def __init__(self, kept_bytes: int = _KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._size = 0
        self._age = 0
        self._lock = threading.Lock()

    def count(self, run_id: str, age: int) -> int:
        """Return how many events of a run are cached, from the beginning of its log.

        Args:
            run_id: The run.
            age: The age of the store; events read at another age are dropped.
        """
        with self._lock:
            if age != self._age:
                self._logs.clear()
                self._size, self._age = 0, age
            log = self._logs.get(run_id)
            return len(log.events) if log else 0

    def extend(self, run_id: str, known: int, page: Page, age: int) -> list[Any] | None:
        """Add the events after the cached ones, and return all events.

        Returns `None` if the cached events were dropped meanwhile: then read the whole log.

        Args:
            run_id: The run.
            known: How many events were cached when the rest was read.
            page: The rest, to the end of the log.
            age: The age of the store after the rest was read.
        """
        shown = self._note(run_id, known, page, age)
        if shown is None and not known:
            # The page is the whole log, and is too large to cache.
            return [show_event(event) for event in page.events]
        return None if shown is None else [show() for show in shown]

    def _note(
        self, run_id: str, known: int, page: Page, age: int
    ) -> list[Callable[[], Any]] | None:
        with self._lock:
            log = self._logs.get(run_id) or _Log()
            if age != self._age or len(log.events) < known:
                return None
            # Another thread may have added some of these events meanwhile.
            new = page.events[len(log.events) - known :]
            log.events.extend(_keep_apart(event) for event in new)
            if log.events:
                self._keep(run_id, log, page.size if new else 0)
            return log.events.copy()

    def _keep(self, run_id: str, log: _Log, more: int) -> None:
        log.size += more
        self._size += more
        self._logs[run_id] = log
        self._logs.move_to_end(run_id)
        while self._size > self._kept_bytes:
            _, oldest = self._logs.popitem(last=False)
            self._size -= oldest.size


def _keep_apart(event: Entity) -> Callable[[], Any]:
    """Return a function that returns a new copy of an event each time."""
    fields = (event.get("eventData") or {}).values()
    if all(isinstance(value, _FIXED) for value in fields):
        return partial(show_event, event)
    return lambda: show_event(deepcopy(event))
