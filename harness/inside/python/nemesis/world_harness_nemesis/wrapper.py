"""A wrapper around the World: it records every call and message, and injects the run's faults.

A run without a plan is only recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .deliveries import current_delivery, quiet, wrap_handler
from .faults import Fault, Happening, bind_starting, may_hurry, take_due
from .messages import kind_of, run_of, step_id_of, step_of
from .notes import notes
from .reading import damage_page
from .sdk import make_error, register

#: The World's methods, by their names in plans and journals.
_METHODS: Mapping[str, str] = {
    "queue": "queue",
    "runs_get": "runs.get",
    "steps_get": "steps.get",
    "hooks_get_by_token": "hooks.getByToken",
    "events_create": "events.create",
    "events_list": "events.list",
    "streams_write": "streams.write",
    "streams_write_multi": "streams.writeMulti",
    "streams_close": "streams.close",
    "streams_list": "streams.list",
    "streams_get_chunks": "streams.getChunks",
    "streams_get_info": "streams.getInfo",
}
_NEEDED = ("queue", "create_queue_handler", "events_create")


@dataclass(frozen=True)
class _Call:
    method: str
    run_id: str | None = None
    events: tuple[str, ...] = ()
    step: str | None = None
    #: Further fields for the journal.
    note: Mapping[str, Any] = field(default_factory=dict)


#: Step id -> the step's name, which only the creation of the step contains.
_step_names: dict[str, str] = {}


class WrappedWorld:
    """A World for `set_world` that wraps another World.

    Args:
        world: The wrapped World.
        asked: The World for calls of the harness itself.
    """

    def __init__(self, world: Any, asked: Any) -> None:
        self._world = world
        self._asked = asked

    @property
    def bare(self) -> Any:
        """The World without its wrapper, for calls of the harness itself."""
        return self._asked

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._world, name)
        return _record(_METHODS[name], member) if name in _METHODS else member

    def create_queue_handler(self, queue_name_prefix: str, handler: Any) -> Any:
        """Make the World deliver to the nemesis, which delivers to the engine."""
        wrapped = wrap_handler(queue_name_prefix, handler)
        return self._world.create_queue_handler(queue_name_prefix, wrapped)

    async def streams_get(
        self, run_id: str, name: str, start_index: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Read a stream; the wrapped stream is opened at the request for the first chunk."""

        async def begin() -> Any:
            return self._world.streams_get(run_id, name, start_index)

        stream = await _record("streams.get", begin, run_id=run_id)()
        async with contextlib.aclosing(stream):
            async for chunk in stream:
                yield chunk


def wrap(world: Any, *, asked: Any = None) -> WrappedWorld:
    """Wrap a World, so that its calls are recorded and faults are injected.

    Args:
        world: The World for the engine.
        asked: The World for calls of the harness itself, without a defect; by default `world`.

    Raises:
        TypeError: the argument is not a World.
    """
    missing = [name for name in _NEEDED if not callable(getattr(world, name, None))]
    if missing:
        raise TypeError(f"this World cannot be wrapped: it has no {' and no '.join(missing)}")
    register(WrappedWorld)
    return WrappedWorld(world, world if asked is None else asked)


@contextlib.contextmanager
def ask_quietly() -> Iterator[None]:
    """Make calls for the harness itself: not recorded, and without faults."""
    token = quiet.set(True)
    try:
        yield
    finally:
        quiet.reset(token)


def _record(
    method: str, member: Callable[..., Awaitable[Any]], run_id: str | None = None
) -> Callable[..., Awaitable[Any]]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        if quiet.get():
            return await member(*args, **kwargs)
        called = _describe(method, run_id, args, kwargs)
        bind_starting(called.run_id)
        result = await _perform(called, kwargs, lambda: member(*args, **kwargs))
        return _reread(called, kwargs, result)

    return call


def _describe(
    method: str, run_id: str | None, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> _Call:
    if method == "events.create":
        return _describe_event(_find(args, kwargs, 0, "run_id"), _find(args, kwargs, 1, "data"))
    if method == "queue":
        return _describe_message(_find(args, kwargs, 1, "message"), kwargs)
    given = run_id or _find(args, kwargs, 0, "run_id")
    is_run = isinstance(given, str) and method != "hooks.getByToken"
    return _Call(method, given if is_run else None)


def _find(args: tuple[Any, ...], kwargs: Mapping[str, Any], place: int, name: str) -> Any:
    return args[place] if len(args) > place else kwargs.get(name)


def _describe_event(run_id: str | None, event: Any) -> _Call:
    """Describe an event. A lazy start also creates the step, so it counts as both."""
    kind = str(event.event_type)
    data = getattr(event, "event_data", None)
    lazy = kind == "step_started" and getattr(data, "input", None) is not None
    correlation_id = getattr(event, "correlation_id", None)
    name = getattr(data, "step_name", None)
    if name and correlation_id:
        _step_names[correlation_id] = name
    return _Call(
        "events.create",
        run_id,
        ("step_created", kind) if lazy else (kind,),
        _step_names.get(correlation_id or ""),
        {"event": kind, "lazy": lazy or None, "correlationId": correlation_id},
    )


def _describe_message(message: Any, options: Mapping[str, Any]) -> _Call:
    return _Call(
        "queue",
        run_of(message),
        (),
        step_of(message),
        {
            "message": kind_of(message),
            "stepId": step_id_of(message),
            "key": options.get("idempotency_key"),
            "delaySeconds": options.get("delay_seconds"),
        },
    )


async def _perform(call: _Call, options: dict[str, Any], act: Callable[[], Awaitable[Any]]) -> Any:
    began = notes.now()

    def write(**outcome: Any) -> None:
        notes.write(
            "call",
            call.run_id,
            method=call.method,
            step=call.step,
            **call.note,
            beganAtMs=began,
            delivery=current_delivery(),
            **outcome,
        )

    try:
        await _suffer(call, "before", options)
        result = await act()
    except BaseException as error:
        write(error=type(error).__name__)
        raise
    props = getattr(getattr(result, "event", None), "server_props", None)
    write(eventId=getattr(props, "event_id", None))
    await _suffer(call, "after", options)
    return result


async def _suffer(call: _Call, side: str, options: dict[str, Any]) -> None:
    what = Happening("call", side=side, method=call.method, events=call.events, step=call.step)
    for fault in take_due(call.run_id, what):
        await _strike(call, fault, options)


async def _strike(call: _Call, fault: Fault, options: dict[str, Any]) -> None:
    match fault.do:
        case "hurry":
            # A delayed message is delivered at once.
            if options.get("delay_seconds") and may_hurry(call.run_id, fault):
                options["delay_seconds"] = None
        case "slow":
            await asyncio.sleep(float(fault.settings["ms"]) / 1000)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "fail":
            raise make_error(fault.settings["error"])


def _reread(call: _Call, kwargs: Mapping[str, Any], result: Any) -> Any:
    if call.method == "events.list":
        cursor = getattr(kwargs.get("pagination"), "cursor", None)
        page = result.data
        damaged = damage_page(call.run_id, page, incremental=bool(cursor))
        return result if damaged is page else result.model_copy(update={"data": damaged})
    if call.method == "events.create" and getattr(result, "events", None):
        damaged = damage_page(call.run_id, result.events, incremental=False)
        return result.model_copy(update={"events": damaged})
    return result
