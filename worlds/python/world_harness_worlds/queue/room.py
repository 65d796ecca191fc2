"""How many more messages a worker may have in hand."""

from __future__ import annotations

import threading


class Room:
    """The places for deliveries, counted for all threads.

    Args:
        places: How many deliveries there may be at a time.
        own: With so many in hand, a process leaves what it queues to any process with room.
    """

    def __init__(self, places: int, own: int) -> None:
        self._places = places
        self._own = own
        self._taken = 0
        self._waiting = False
        self._is_open = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Let places be kept from now on."""
        self._is_open = True

    def close(self) -> None:
        """Keep no more places."""
        self._is_open = False

    def note_waiting(self, waiting: bool) -> None:
        """Note whether messages wait in the store: a new one must not come before them."""
        self._waiting = waiting

    def reserve(self) -> bool:
        """Keep one place for a message that is not in the store yet, if that is fair."""
        with self._lock:
            fair = self._is_open and not self._waiting
            if not fair or self._taken >= min(self._own, self._places):
                return False
            self._taken += 1
            return True

    def reserve_all(self, most: int) -> int:
        """Keep as many places as there are, up to a limit; return how many."""
        with self._lock:
            kept = max(0, min(most, self._places - self._taken))
            self._taken += kept
            return kept

    def release(self) -> bool:
        """Give one place back; return whether somebody waited for it."""
        with self._lock:
            self._taken -= 1
            return self._waiting
