"""Faults of a message between the World's queue and the engine's handler."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from .faults import (
    Fault,
    Happening,
    MessageKind,
    draw,
    forget_starting,
    has_step,
    may_hurry,
    note_fault,
    pass_gate,
    take_due,
)
from .messages import is_probe, kind_of, run_of, step_id_of, step_of
from .notes import notes

Handler: TypeAlias = Callable[..., Awaitable[Any]]

_KEPT_MESSAGES = 500
_GATE_LIMIT_S = 60.0
_SHUFFLE_LIMIT_S = 1.5
_SHUFFLE_GAP_S = 0.015
_COPY_TRIES = 12
_COPY_PAUSE_S = 0.5
#: A copy with a longer retry delay than this is dropped: the World's own message comes back.
_COPY_WAIT_LIMIT_S = 30.0


class RefusedError(Exception):
    """The nemesis refused a delivery."""


@dataclass(frozen=True)
class Delivery:
    """A message as the World delivers it."""

    prefix: str
    message: Any
    attempt: int
    queue_name: str
    message_id: str


@dataclass
class _Batch:
    """Deliveries that wait for others, to be shuffled with them."""

    timer: asyncio.TimerHandle
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


@dataclass
class _State:
    handlers: dict[str, Handler] = field(default_factory=dict)
    messages: dict[str, list[Delivery]] = field(default_factory=dict)
    batches: dict[tuple[str, int], _Batch] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    #: Tasks that no caller awaits; the event loop alone would drop them.
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


_state = _State()
_current: ContextVar[str | None] = ContextVar("world_harness_delivery", default=None)
#: Whether a call is for the harness itself: not recorded, and without faults.
quiet: ContextVar[bool] = ContextVar("world_harness_quiet", default=False)


def current_delivery() -> str | None:
    """Return the delivery under which this happens."""
    return _current.get()


def wrap_handler(prefix: str, handler: Handler) -> Handler:
    """Return a handler that is placed between the World's queue and the engine."""
    _state.handlers[prefix] = handler

    async def receive(message: Any, *, attempt: int, queue_name: str, message_id: str) -> Any:
        delivery = Delivery(prefix, message, attempt, queue_name, message_id)
        run_id = run_of(message)
        if run_id is None or is_probe(message):
            return await _call(handler, delivery)
        return await _receive(run_id, delivery)

    return receive


async def _receive(run_id: str, delivery: Delivery) -> Any:
    _remember(run_id, delivery)
    message = delivery.message
    what = Happening("message", kind=kind_of(message), step=step_of(message))
    due = []
    for fault in take_due(run_id, what):
        due.extend(_decide(run_id, fault) if fault.do == "chaos" else [fault])
    for fault in due:
        await _obstruct(run_id, fault)
    _send_copies(due, delivery, "together", "late")
    try:
        result = await _handle(delivery, "world", 0)
        hurries = (may_hurry(run_id, fault) for fault in due if fault.do == "hurry")
        return (
            replace(result, delay_seconds=0.0) if _seconds_of(result) and any(hurries) else result
        )
    finally:
        _send_copies(due, delivery, "after")


def _send_copies(due: Iterable[Fault], delivery: Delivery, *moments: str) -> None:
    for fault in due:
        when = fault.settings.get("when") if fault.do == "redeliver" else None
        if when not in moments:
            continue
        if when == "together":
            for number in range(1, _copies_of(fault) + 1):
                _go_on(_copy_at_once(fault, delivery, number))
        else:
            _go_on(_copy_in_turn(fault, delivery))


def _copies_of(fault: Fault) -> int:
    return int(fault.settings.get("copies", 1))


def _go_on(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work)
    _state.tasks.add(task)
    task.add_done_callback(_state.tasks.discard)


async def _copy_at_once(fault: Fault, delivery: Delivery, number: int) -> None:
    """Deliver one of several simultaneous copies, or one with a delay after the copy before."""
    await asyncio.sleep(number * _delay_s(fault))
    await _deliver_until_taken(delivery, number, 1 if fault.settings.get("once") else _COPY_TRIES)


async def _copy_in_turn(fault: Fault, delivery: Delivery) -> None:
    if fault.settings["when"] == "late":
        await asyncio.sleep(_delay_s(fault))
    for number in range(1, _copies_of(fault) + 1):
        await _deliver_until_taken(delivery, number)


def _delay_s(fault: Fault) -> float:
    return float(fault.settings.get("delayMs", 0)) / 1000


async def _obstruct(run_id: str, fault: Fault) -> None:
    """Delay or refuse a message, or kill the process, before the engine sees it."""
    match fault.do:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "delay":
            await asyncio.sleep(float(fault.settings["ms"]) / 1000)
        case "shuffle":
            await _wait_for_others(run_id, fault)
        case "refuse":
            raise RefusedError("the nemesis refused this delivery")
        case "hold":
            gate = str(fault.settings["gate"])
            if not await pass_gate(run_id, gate, _GATE_LIMIT_S):
                notes.write("gate", run_id, gate=gate, expired=True)


def _decide(run_id: str, fault: Fault) -> list[Fault]:
    """Return the faults that the seed chooses for the next message of a run."""
    fault.drawn += 1
    seed, number = int(fault.settings["seed"]), fault.drawn
    if draw(seed, number, 1) >= fault.settings["rate"]:
        return []
    note_fault(run_id, fault)
    choice = draw(seed, number, 2)
    ms = 20 + int(400 * draw(seed, number, 3))
    if choice < 0.75:
        when = "together" if choice < 0.35 else "after" if choice < 0.6 else "late"
        delay = {"delayMs": ms} if when == "late" else {}
        return [replace(fault, do="redeliver", settings={"when": when, "copies": 1, **delay})]
    return [replace(fault, do="delay", settings={"ms": ms})]


async def _wait_for_others(run_id: str, fault: Fault) -> None:
    """Collect messages and release them in the order that the seed determines."""
    loop, key = asyncio.get_running_loop(), (run_id, fault.index)
    if key not in _state.batches:
        timer = loop.call_later(_SHUFFLE_LIMIT_S, _release_batch, run_id, fault)
        _state.batches[key] = _Batch(timer)
    waiting = _state.batches[key].waiting
    turn: asyncio.Future[None] = loop.create_future()
    waiting.append(turn)
    if len(waiting) >= int(fault.settings["count"]):
        _release_batch(run_id, fault)
    await turn


def _release_batch(run_id: str, fault: Fault) -> None:
    batch = _state.batches.pop((run_id, fault.index), None)
    if batch is None:
        return
    batch.timer.cancel()
    seed, places = int(fault.settings["seed"]), range(len(batch.waiting))
    order = sorted(places, key=lambda place: draw(seed, place))
    if order != list(places):
        note_fault(run_id, fault)
    for index, place in enumerate(order):
        asyncio.get_running_loop().call_later(_SHUFFLE_GAP_S * index, _let_go, batch.waiting[place])


def _let_go(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


async def _deliver_until_taken(delivery: Delivery, number: int, limit: int = _COPY_TRIES) -> None:
    """Deliver a copy as a queue does: again after a failure, and again on request."""
    for tries in range(limit):
        wait_s = _COPY_PAUSE_S
        try:
            result = await _handle(delivery, "nemesis", number + tries)
        except Exception:  # noqa: BLE001, S110 - a queue delivers again what its handler refused
            pass
        else:
            seconds = _seconds_of(result)
            if not seconds or seconds > _COPY_WAIT_LIMIT_S:
                return
            wait_s = seconds
        await asyncio.sleep(wait_s)


async def _handle(delivery: Delivery, cause: str, extra: int) -> Any:
    handler = _state.handlers.get(delivery.prefix)
    if handler is None:
        raise RuntimeError(f"this process has no handler for {delivery.prefix}")
    message, run_id = delivery.message, run_of(delivery.message)
    again = replace(delivery, attempt=(delivery.attempt or 1) + extra)
    number = f"{os.getpid()}-{next(_state.numbers)}"
    notes.write(
        "delivery",
        run_id,
        delivery=number,
        message=kind_of(message),
        step=step_of(message),
        stepId=step_id_of(message),
        messageId=str(delivery.message_id),
        attempt=again.attempt,
        cause=cause,
    )
    token = _current.set(number)
    try:
        result = await _call(handler, again)
    except BaseException as error:
        outcome = f"error {type(error).__name__}: {error}"
        notes.write("delivered", run_id, delivery=number, outcome=outcome)
        raise
    finally:
        _current.reset(token)
    seconds = _seconds_of(result)
    outcome = "done" if seconds is None else f"again in {seconds:g} s"
    notes.write("delivered", run_id, delivery=number, outcome=outcome)
    return result


async def _call(handler: Handler, delivery: Delivery) -> Any:
    # A queue hands down the context in which somebody first used it: perhaps a start, or a
    # question of the harness.
    forget_starting()
    quiet.set(False)
    return await handler(
        delivery.message,
        attempt=delivery.attempt,
        queue_name=delivery.queue_name,
        message_id=delivery.message_id,
    )


def _seconds_of(result: Any) -> float | None:
    seconds = getattr(result, "delay_seconds", None)
    return None if seconds is None else float(seconds)


def _remember(run_id: str, delivery: Delivery) -> None:
    known = _state.messages.setdefault(run_id, [])
    known.append(delivery)
    del known[:-_KEPT_MESSAGES]


def find_messages(
    run_id: str, kind: MessageKind | None = None, step: str | None = None
) -> list[Delivery]:
    """Return the messages of a run that this process received, in order."""
    return [
        delivery
        for delivery in _state.messages.get(run_id, ())
        if kind in {None, kind_of(delivery.message)}
        and (step is None or has_step(step_of(delivery.message), step))
    ]


async def deliver_again(delivery: Delivery, copies: int) -> None:
    """Deliver copies of a message at the same time; return when all are handled."""
    numbers = range(1, copies + 1)
    await asyncio.gather(*(_deliver_until_taken(delivery, number) for number in numbers))
