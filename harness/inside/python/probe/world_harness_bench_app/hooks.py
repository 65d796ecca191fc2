"""The hooks of a run: resumed by the app, each as soon as the run waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pydantic
from vercel.workflow import BaseHook, HookNotFoundError, get_hook_by_token

from .probe import probe

_PAUSE_S = 0.005
#: The run waits, and does not only begin to, when the app has been idle for so long.
_QUIET_MS = 10.0
_QUIET_LIMIT_MS = 5_000.0


class Place(pydantic.BaseModel, BaseHook):
    """What a hook is resumed with: its place in the list."""

    place: int


async def resume_hooks(tokens: Sequence[str]) -> list[float]:
    """Resume each hook with its place; return when each call began, in ms since the epoch."""
    resumed_at_ms = []
    for place, token in enumerate(tokens):
        while not await _exists(token):
            await asyncio.sleep(_PAUSE_S)
        await probe.settle(_QUIET_MS, _QUIET_LIMIT_MS)
        resumed_at_ms.append(probe.now())
        await Place(place=place).resume(token)
    return resumed_at_ms


async def _exists(token: str) -> bool:
    with probe.asking():
        try:
            await get_hook_by_token(token)
        except HookNotFoundError:
            return False
    return True
