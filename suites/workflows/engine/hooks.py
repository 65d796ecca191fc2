"""Workflows that wait for payloads from outside."""

from __future__ import annotations

from typing import Any

from world_harness_nemesis.payloads import Payload

from .bodies import labor
from .registry import registry


@registry.step
async def note(key: str) -> str:
    """Record a mark for a payload."""
    return await labor("note", key, {})


@registry.workflow
async def listening(token: str) -> list[Any]:
    """Receive payloads, with one step each, until one is `stop`; then dispose of the hook."""
    seen = []
    async with Payload.wait(token=token) as hook:
        async for payload in hook:
            seen.append(payload.value["number"])
            await note(f"payload-{payload.value['number']}")
            if payload.value.get("stop"):
                break
    return seen


@registry.workflow
async def claiming(token: str) -> dict[str, Any]:
    """Wait for one payload with a token, or return the run that already holds the token."""
    try:
        return {"payload": (await Payload.wait(token=token)).value}
    except Exception as error:  # noqa: BLE001 - which one it is, is the answer
        return {"refused": type(error).__name__}
