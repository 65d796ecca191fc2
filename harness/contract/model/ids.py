"""Ids: a prefix and 26 characters, which are a ULID or the number of a slot."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS = {letter: value for value, letter in enumerate(_ALPHABET)}
_ULID = re.compile(f"[0-7][{_ALPHABET}]{{25}}")
_RANDOM_BITS = 80

#: Length of the part after the prefix.
ID_LENGTH = 26


def write_ulid(time_ms: int, randomness: int) -> str:
    """Encode a time and 80 random bits as a ULID."""
    number = (time_ms << _RANDOM_BITS) | (randomness & ((1 << _RANDOM_BITS) - 1))
    letters = []
    for _ in range(ID_LENGTH):
        letters.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(letters))


def read_ulid(text: str) -> int:
    """Decode a ULID to its number, whose upper bits are ms since 1970."""
    number = 0
    for letter in text:
        number = (number << 5) | _DIGITS[letter]
    return number


def read_ulid_time(text: str) -> int | None:
    """Return the time of a ULID in ms since 1970, or `None` if the text is not a ULID."""
    return read_ulid(text) >> _RANDOM_BITS if _ULID.fullmatch(text) else None


def write_slot(run_slot: int) -> str:
    """Return the id of an event that is named by its place in the run's log."""
    return f"evnt_{run_slot:0{ID_LENGTH}d}"


def read_slot(event_id: str) -> int | None:
    """Return the slot in an event id, or `None` if the id is a ULID."""
    digits = event_id.removeprefix("evnt_")
    is_slot = len(digits) == ID_LENGTH and digits.isdigit() and digits.startswith("0" * 10)
    return int(digits) if is_slot else None


class UlidSource:
    """Makes ids that increase in the order of creation, also within one millisecond.

    Args:
        randomness: Returns 80 random bits.
    """

    def __init__(self, randomness: Callable[[], int]) -> None:
        self._randomness = randomness
        self._last = 0

    def witness(self, identifier: str) -> None:
        """Register an id that another process made; later ids are larger."""
        text = identifier[-ID_LENGTH:]
        if _ULID.fullmatch(text):
            self._last = max(self._last, read_ulid(text))

    def make(self, prefix: str, now: datetime) -> str:
        """Make the next id."""
        time_ms = int(now.timestamp() * 1000)
        # Use half of the range, so that many successors fit into the same millisecond.
        number = (time_ms << _RANDOM_BITS) | (self._randomness() >> 1)
        if number <= self._last:
            number = self._last + 1
        self._last = number
        return f"{prefix}_{write_ulid(number >> _RANDOM_BITS, number)}"
