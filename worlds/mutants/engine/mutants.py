"""Worlds of the Python SDK with one defect each, as `mutants.mjs` has them for the TypeScript one.

Every one has to be caught by the check that `mutants.toml` names. They run in the app, between a
real World and the wrapper of the engine suites.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from typing import Any


class Changed:
    """A World with some methods replaced.

    Args:
        world: The World.
        replacements: By the name of a method, what stands in its place.
    """

    def __init__(self, world: Any, **replacements: Callable[..., Any]) -> None:
        self._world = world
        self._replacements = replacements

    def __getattr__(self, name: str) -> Any:
        return self._replacements.get(name) or getattr(self._world, name)


def delivers_twice(world: Any) -> Changed:
    """Every message reaches the engine twice: the World knows none of those that it delivered."""

    def create(queue_name_prefix: str, handler: Callable[..., Awaitable[Any]]) -> Any:
        async def deliver(message: Any, **about: Any) -> Any:
            await handler(message, **about)
            return await handler(message, **about)

        return world.create_queue_handler(queue_name_prefix, deliver)

    return Changed(world, create_queue_handler=create)


def loses_chunks(world: Any) -> Changed:
    """Every fifth chunk of a stream is not stored."""
    numbers = itertools.count(1)

    async def write(run_id: str, name: str, chunk: bytes) -> None:
        if next(numbers) % 5:
            await world.streams_write(run_id, name, chunk)

    async def write_multi(run_id: str, name: str, chunks: Any) -> None:
        kept = [chunk for chunk in chunks if next(numbers) % 5]
        await world.streams_write_multi(run_id, name, kept)

    return Changed(world, streams_write=write, streams_write_multi=write_multi)


def forgets_cancellations(world: Any) -> Changed:
    """A cancellation is accepted and not written."""

    async def create(run_id: str | None, data: Any) -> Any:
        if data.event_type == "run_cancelled":
            return None
        return await world.events_create(run_id, data)

    return Changed(world, events_create=create)
