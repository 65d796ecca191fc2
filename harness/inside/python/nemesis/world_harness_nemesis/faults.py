"""Which faults are due: a plan belongs to a run, and each of its faults waits for its matches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from .notes import notes

MessageKind: TypeAlias = Literal["start", "step", "wake"]

#: Where each kind of fault can happen.
_KNOWN: Mapping[str, tuple[str, ...]] = {
    "redeliver": ("message",),
    "delay": ("message",),
    "hold": ("message",),
    "refuse": ("message",),
    "shuffle": ("message",),
    "chaos": ("message",),
    "fail": ("call",),
    "slow": ("call",),
    "kill": ("message", "call", "body"),
    "damage": ("call",),
    "echo": ("call",),
    "hurry": ("message", "call"),
}
_CHOICES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "redeliver": ("when", ("together", "after", "late")),
    "damage": ("change", ("drop", "repeat", "again", "replace", "swap", "insert")),
    "echo": ("change", ("twice", "early")),
}
_PLACES = ("message", "call", "body")
#: A match does not always give these faults something to do; they are noted only when it does.
_NOTED_WHEN_DONE = ("shuffle", "chaos", "damage", "echo", "hurry")


class PlanError(ValueError):
    """A fault plan contains something that this nemesis does not know."""


@dataclass
class Fault:
    """One fault of a run's plan."""

    do: str
    at: Mapping[str, Any]
    nth: int
    times: int
    #: Its index in the run's plan.
    index: int
    settings: Mapping[str, Any]
    #: How many matches it has seen.
    seen: int = 0
    #: How many messages the seed has decided about.
    drawn: int = 0
    #: How many messages were hurried.
    hurried: int = 0


@dataclass(frozen=True)
class Happening:
    """Something that a fault may be waiting for."""

    on: str
    side: str = "before"
    kind: str | None = None
    method: str | None = None
    events: Collection[str] = ()
    step: str | None = None


@dataclass
class Start:
    """A start in progress: its plan waits here for the run's id."""

    plan: Sequence[Mapping[str, Any]]
    run_id: str | None = None


@dataclass
class _State:
    plans: dict[str, list[Fault]] = field(default_factory=dict)
    gates: dict[tuple[str, str], list[asyncio.Future[bool]]] = field(default_factory=dict)
    opened: set[tuple[str, str]] = field(default_factory=set)


_state = _State()
_starting: ContextVar[Start | None] = ContextVar("world_harness_starting", default=None)


def check_plan(plan: Sequence[Mapping[str, Any]]) -> None:
    """Raise `PlanError` if a plan contains something that this nemesis does not know."""
    for fault in plan:
        kind, at = str(fault.get("do")), fault.get("at") or {}
        on = at.get("on")
        if kind not in _KNOWN:
            raise PlanError(f"the fault plan names an unknown fault: {kind}")
        if on not in _PLACES:
            raise PlanError(f"the fault plan names an unknown point: {on}")
        if on not in _KNOWN[kind]:
            places = " or a ".join(_KNOWN[kind])
            raise PlanError(f"the fault {kind} cannot happen at a {on}; place it at a {places}")
        if at.get("side") == "after" and on != "call":
            raise PlanError(f"the fault {kind} cannot happen after a {on}; only a call has sides")
        setting, values = _CHOICES.get(kind, ("", ()))
        if setting and fault.get(setting) not in values:
            given = fault.get(setting)
            raise PlanError(f"the fault {kind} has an unknown {setting}: {given}")


def bind_plan(run_id: str, plan: Sequence[Mapping[str, Any]]) -> None:
    """Add faults to a run's plan.

    Raises:
        PlanError: the plan contains something that this nemesis does not know.
    """
    check_plan(plan)
    bound = _state.plans.setdefault(run_id, [])
    for given in plan:
        settings = {name: value for name, value in given.items() if name not in {"do", "at"}}
        bound.append(
            Fault(
                do=given["do"],
                at=given["at"],
                nth=settings.pop("nth", 1),
                times=settings.pop("times", 1),
                index=len(bound),
                settings=settings,
            )
        )


@contextlib.contextmanager
def starting(plan: Sequence[Mapping[str, Any]]) -> Iterator[Start]:
    """Give a plan to the run that the block starts; the yielded object then has the run's id.

    Raises:
        PlanError: the plan contains something that this nemesis does not know.
    """
    check_plan(plan)
    start = Start(plan)
    token = _starting.set(start)
    try:
        yield start
    finally:
        _starting.reset(token)


def bind_starting(run_id: str | None) -> None:
    """Bind the plan of the start in progress to the run, with its first known run id."""
    start = _starting.get()
    if start is None or start.run_id is not None or not run_id:
        return
    start.run_id = run_id
    bind_plan(run_id, start.plan)


def forget_starting() -> None:
    """Leave the start's context: work that begins here does not belong to the start."""
    _starting.set(None)


def has_step(name: str | None, step: str) -> bool:
    """Return whether a step's name is that of a function: `tried_once` is `triedOnce` in plans."""
    function = (name or "").rpartition("//")[2]
    return name is not None and step in {name, function, _camel(function)}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _matches(fault: Fault, what: Happening) -> bool:
    at = fault.at
    return (
        at["on"] == what.on
        and (at.get("side") or "before") == what.side
        and at.get("kind") in {None, what.kind}
        and at.get("method") in {None, what.method}
        and (at.get("event") is None or at["event"] in what.events)
        and (at.get("step") is None or has_step(what.step, at["step"]))
    )


def take_due(run_id: str | None, what: Happening) -> list[Fault]:
    """Return the faults that are due now; note those that always happen when due."""
    due = []
    for fault in _state.plans.get(run_id, ()) if run_id else ():
        if not _matches(fault, what):
            continue
        fault.seen += 1
        if not fault.nth <= fault.seen < fault.nth + fault.times:
            continue
        if fault.do not in _NOTED_WHEN_DONE:
            note_fault(run_id, fault)
        due.append(fault)
    return due


def list_faults(run_id: str, kind: str) -> list[Fault]:
    """Return the faults of one kind in a run's plan; do not trigger them."""
    return [fault for fault in _state.plans.get(run_id, ()) if fault.do == kind]


def note_fault(run_id: str | None, fault: Fault) -> None:
    """Record that a fault happened."""
    notes.write("fault", run_id, fault=fault.index, do=fault.do)


def may_hurry(run_id: str | None, fault: Fault) -> bool:
    """Return whether to hurry a message, and record it; each fault has a limit."""
    if fault.hurried >= int(fault.settings.get("most", 1)):
        return False
    fault.hurried += 1
    note_fault(run_id, fault)
    return True


async def pass_gate(run_id: str, gate: str, limit_s: float) -> bool:
    """Wait until the gate of a run is opened; false if it was not opened in time."""
    key = (run_id, gate)
    if key in _state.opened:
        return True
    opened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    _state.gates.setdefault(key, []).append(opened)
    try:
        return await asyncio.wait_for(opened, limit_s)
    except TimeoutError:
        return False


def open_gate(run_id: str, gate: str) -> None:
    """Open a gate of a run, for everything that waits there or comes later; from any thread."""
    key = (run_id, gate)
    _state.opened.add(key)
    for waiting in _state.gates.pop(key, ()):
        waiting.get_loop().call_soon_threadsafe(_let_pass, waiting)


def _let_pass(waiting: asyncio.Future[bool]) -> None:
    if not waiting.done():
        waiting.set_result(True)


def draw(seed: int, *place: int) -> float:
    """Return a number in [0, 1) that depends only on seed and place, the same in both languages."""
    bits = 0xFFFFFFFF
    mixed = (2166136261 ^ seed) & bits
    for part in place:
        mixed = ((mixed ^ part) & bits) * 16777619 & bits
        mixed ^= mixed >> 15
        mixed = mixed * 2246822507 & bits
    mixed ^= mixed >> 13
    mixed = mixed * 3266489909 & bits
    return (mixed ^ (mixed >> 16)) / 4294967296
