"""Calls of the World: one at a time or concurrent, each with its start and end time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

from .binding import Binding
from .wire import UNDEFINED, decode, encode, encode_error, scramble


class NoSuchMethodError(Exception):
    """The World has no such method."""


def now() -> float:
    """Return the time in ms since 1970, with fractions."""
    return time.time() * 1000


async def perform(world: Binding, request: dict[str, Any]) -> dict[str, Any]:
    """Call one method; whatever is raised becomes the answer."""
    given = [None if item is UNDEFINED else item for item in decode(request.get("args", []))]
    method = request["method"]
    start = now()
    try:
        if method not in world.methods:
            raise NoSuchMethodError(f"this World has no {method}")
        value = await world.perform(method, given)
        answer = {"ok": encode(value), "start": start, "end": now()}
    except Exception as error:  # noqa: BLE001 - what a World throws becomes an answer
        return {"error": encode_error(error), "start": start, "end": now()}
    if request.get("mutate") == "args":
        scramble(given)
    if request.get("mutate") == "answer":
        scramble(value)
    return answer


async def perform_all(world: Binding, request: dict[str, Any]) -> list[dict[str, Any]]:
    """Call several methods concurrently (at most `inFlight` at a time); answers come in order."""
    calls = request["calls"]
    at = request.get("at")
    if at is not None:
        await asyncio.sleep(max(0.0, (at - now() - 2) / 1000))
        while now() < at:
            pass
    gate = asyncio.Semaphore(request.get("inFlight") or max(1, len(calls)))

    async def one(call: dict[str, Any]) -> dict[str, Any]:
        async with gate:
            return await perform(world, call)

    return await asyncio.gather(*(one(call) for call in calls))


async def read_stream(world: Binding, request: dict[str, Any]) -> dict[str, Any]:
    """Read a stream until it ends, enough chunks have arrived or the time limit is reached."""
    chunks: list[Any] = []
    times: list[float] = []
    wanted = request.get("maxChunks")
    start = now()
    content: dict[str, Any] = {"chunks": chunks, "times": times, "done": False}
    stream = world.read_stream(request["runId"], request["name"], request.get("startIndex"))

    async def read() -> None:
        async for chunk in stream:
            chunks.append(encode(chunk))
            times.append(now())
            if wanted is not None and len(chunks) >= wanted:
                return
        content["done"] = True

    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(read(), request["forMs"] / 1000)
        return {"ok": content, "start": start, "end": now()}
    except Exception as error:  # noqa: BLE001 - what a World throws becomes an answer
        told = {**encode_error(error), "partial": {"chunks": chunks, "times": times}}
        return {"error": told, "start": start, "end": now()}
