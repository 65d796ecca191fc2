"""Counts how many more messages a worker may lease."""

from __future__ import annotations

import threading


class Room:
    """The places for deliveries, shared by all threads.

    Args:
        places: The largest number of concurrent deliveries.
        own: With this many deliveries, a process leaves new messages to any process with room.
    """

    def __init__(self, places: int, own: int) -> None:
        self._places = places
        self._own = own
        self._taken = 0
        self._waiting = False
        self._is_open = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Allow reservations from now on."""
        self._is_open = True

    def close(self) -> None:
        """Allow no more reservations."""
        self._is_open = False

    def note_waiting(self, waiting: bool) -> None:
        """Note whether messages wait in the store, because a new message must not overtake them."""
        self._waiting = waiting

    def reserve(self) -> bool:
        """Reserve one place for a new message, unless it would overtake waiting ones."""
        with self._lock:
            fair = self._is_open and not self._waiting
            if not fair or self._taken >= min(self._own, self._places):
                return False
            self._taken += 1
            return True

    def reserve_all(self, most: int) -> int:
        """Reserve all free places up to a limit; return their number."""
        with self._lock:
            kept = max(0, min(most, self._places - self._taken))
            self._taken += kept
            return kept

    def release(self) -> bool:
        """Release one place; return whether a message waited for it."""
        with self._lock:
            self._taken -= 1
            return self._waiting
