"""What a process has read of logs: they only grow, so that nothing of it is read twice."""

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

#: How much of all logs is kept, in bytes as stored; the run that was asked for last stays longest.
_KEPT_BYTES = 32 * 1024 * 1024
#: Types that cannot be changed in place.
_FIXED = (NoneType, bool, int, float, str, bytes, datetime)


class _Log:
    """The beginning of a run's log, as far as it was read: what shows its events."""

    def __init__(self) -> None:
        self.events: list[Callable[[], Any]] = []
        self.size = 0


class Logs:
    """The beginnings of logs. What is written in one never changes, whichever process writes.

    Everybody is given events of his own: to change one alters none that was read before or will be.
    """

    def __init__(self, kept_bytes: int = _KEPT_BYTES) -> None:
        self._kept_bytes = kept_bytes
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._size = 0
        self._age = 0
        self._lock = threading.Lock()

    def count(self, run_id: str, age: int) -> int:
        """Return how many events of a run are known: as many as its log begins with.

        Args:
            run_id: Whose log it is.
            age: The store's; what was read in another one is forgotten.
        """
        with self._lock:
            if age != self._age:
                self._logs.clear()
                self._size, self._age = 0, age
            log = self._logs.get(run_id)
            return len(log.events) if log else 0

    def extend(self, run_id: str, known: int, page: Page, age: int) -> list[Any] | None:
        """Note what follows the known events, and return all of them.

        `None` when what was known has been dropped meanwhile: then all has to be read.

        Args:
            run_id: Whose log it is.
            known: How many were known when the rest was read.
            page: The rest, to the end of the log.
            age: The store's, after the rest was read.
        """
        shown = self._note(run_id, known, page, age)
        if shown is None and not known:
            # Nothing but what was read just now, and not to be kept.
            return [show_event(event) for event in page.events]
        return None if shown is None else [show() for show in shown]

    def _note(
        self, run_id: str, known: int, page: Page, age: int
    ) -> list[Callable[[], Any]] | None:
        with self._lock:
            log = self._logs.get(run_id) or _Log()
            if age != self._age or len(log.events) < known:
                return None
            # Somebody else may have noted some of it since.
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
    """Return what shows an event, each time as an object of its own."""
    fields = (event.get("eventData") or {}).values()
    if all(isinstance(value, _FIXED) for value in fields):
        return partial(show_event, event)
    return lambda: show_event(deepcopy(event))
