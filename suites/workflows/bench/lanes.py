"""Computes pseudorandom bytes at once: a loop would measure Python instead of the World."""

from __future__ import annotations

import functools

_SPREAD = 2654435761
#: Size of a lane in bytes: holds a product of two 32-bit numbers and a carry.
_LANE = 10
_MOST = 262_144


@functools.cache
def _indexes() -> int:
    """Return 0, 1, 2… as lanes of one large number."""
    return int.from_bytes(
        b"".join(index.to_bytes(_LANE, "little") for index in range(_MOST)), "little"
    )


@functools.cache
def _ones() -> int:
    return int.from_bytes((b"\x01" + bytes(_LANE - 1)) * _MOST, "little")


def mix(start: int, size: int) -> bytes:
    """Return the top bytes of (start + index) * 2654435761 modulo 2**32, for each index.

    Args:
        start: The start index, modulo 2**32.
        size: The number of bytes, at most 262,144.
    """
    used = (1 << (8 * _LANE * size)) - 1
    lanes = (_indexes() & used) + (start % 2**32) * (_ones() & used)
    return (lanes * _SPREAD).to_bytes(_LANE * (size + 1), "little")[3 : _LANE * size : _LANE]
