"""What the adapter needs of a World, and the two kinds of Worlds that it can bind.

A *native* World offers the calls by their names on the wire; a World of the Python SDK is bound
method by method (`sdk`).
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Protocol

#: (message, attempt, queue name, message id) -> seconds until it is wanted again, or None.
Deliver = Callable[[Any, Any, str, str], Awaitable[float | None]]

#: (headers, body) -> (status, body)
Handler = Callable[[Mapping[str, str], bytes], Awaitable[tuple[int, bytes]]]


class NoWorldError(Exception):
    """The entry is not a World."""


class LoadError(Exception):
    """The module of the World cannot be imported, or has no such attribute."""


class Binding(Protocol):
    """A World as the adapter calls it."""

    spec_version: int | None
    shape: str
    methods: tuple[str, ...]
    capabilities: Mapping[str, Any]
    package: tuple[str, str]

    async def perform(self, method: str, args: list[Any]) -> Any:
        """Call a method and return its answer, ready to be encoded."""

    def read_stream(self, run_id: str, name: str, start_index: int | None) -> AsyncIterator[bytes]:
        """Read a stream live."""

    def create_queue_handler(self, prefix: str, deliver: Deliver) -> Handler:
        """Return the handler of the queue's route."""


class Native:
    """A World that implements the calls directly, like the reference World."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self.spec_version = world.spec_version
        self.shape: str = world.shape
        self.methods = tuple(world.methods)
        self.capabilities: Mapping[str, Any] = world.capabilities
        self.package: tuple[str, str] = world.package
        self.perform = world.perform
        self.read_stream = world.read_stream

    def create_queue_handler(self, prefix: str, deliver: Deliver) -> Handler:
        """Return the handler of the queue's route."""

        async def handle(message: Any, metadata: Mapping[str, Any]) -> dict[str, float] | None:
            seconds = await deliver(
                message, metadata["attempt"], metadata["queueName"], metadata["messageId"]
            )
            return None if seconds is None else {"timeoutSeconds": seconds}

        handler: Handler = self._world.create_queue_handler(prefix, handle)
        return handler


def open_binding(entry: str, folder: str) -> Binding:
    """Import `module:attribute` and make a World of it.

    Raises:
        LoadError: it cannot be imported.
        NoWorldError: it is not a World.
    """
    module_name, _, attribute = entry.partition(":")
    sys.path.insert(0, folder)
    try:
        made: Any = importlib.import_module(module_name)
        for part in (attribute or "World").split("."):
            made = getattr(made, part)
    except Exception as error:
        raise LoadError(f"{type(error).__name__}: {error}") from error
    world = _make(made)
    if hasattr(world, "perform") and hasattr(world, "methods"):
        return Native(world)
    if hasattr(world, "events_create"):
        from .sdk import SdkWorld

        return SdkWorld(world)
    raise NoWorldError(f"{entry} is a {type(world).__name__} without events_create")


def _make(made: Any) -> Any:
    """Call a factory of Worlds; return a World unchanged."""
    if not callable(made):
        return made
    needed = [
        parameter
        for parameter in inspect.signature(made).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return made(os.environ) if needed else made()
