"""Steps that take and return payloads."""

from __future__ import annotations

import asyncio

from world_harness_bench_app.marks import marked

from .lanes import mix
from .registry import registry

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
#: The five upper bits of a byte select the letter.
_CHOICE = bytes(_LETTERS[byte >> 3] for byte in range(256))


def _letters(seed: int, size: int) -> str:
    return mix(seed, size).translate(_CHOICE).decode()


def _shift(payload: str, places: int) -> str:
    """Shift every letter by a number of places, so that all payloads of a chain differ."""
    moved = _LETTERS[places:] + _LETTERS[:places]
    return payload.translate(str.maketrans(_LETTERS.decode(), moved.decode()))


@registry.step
async def produce(seed: int, size: int) -> str:
    """Return a payload."""
    with marked():
        return _letters(seed, size)


@registry.step
async def alter(payload: str, places: int) -> str:
    """Return another payload."""
    with marked():
        return _shift(payload, places)


@registry.workflow
async def sequential_payloads(count: int, size: int, seed: int) -> str:
    """Pass a payload through `count` steps, each of which alters it; return the last payload."""
    payload = _letters(seed, size)
    for index in range(count):
        payload = await alter(payload, 1 + index % 31)
    return payload


@registry.workflow
async def concurrent_payloads(count: int, size: int, seed: int) -> list[str]:
    """Run `count` steps at once, each with a different payload; return all payloads in order."""
    return list(await asyncio.gather(*(produce(seed + index, size) for index in range(count))))
