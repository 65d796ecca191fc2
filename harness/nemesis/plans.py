"""Fault plans: what the nemesis does to one run, as the app receives it (docs/nemesis.md).

A plan is a list of faults. Each fault waits for its place (a message, a call, a body) and happens
at the matches `nth` to `nth + times - 1`, counted from 1 in the process that received the plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import msgspec

from harness.descriptions import read_table
from harness.errors import UsageError, unknown

#: The first message of a run, the message of a step, or a message that wakes the run.
MessageKind: TypeAlias = Literal["start", "step", "wake"]


_SOURCE = "docs/nemesis.md lists the faults, their settings and the points"


class _Wire(
    msgspec.Struct,
    frozen=True,
    rename="camel",
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A part of a plan; its field names are camelCase in JSON."""


class Place(_Wire, frozen=True, kw_only=True):
    """Where a fault happens. A field that is left out matches everything."""

    on: Literal["message", "call", "body"]
    #: The kind of a message.
    kind: MessageKind | None = None
    #: The method of a call: `events.create`, `queue`, `streams.write`…
    method: str | None = None
    #: The type of one of the events that a call writes.
    event: str | None = None
    #: The name of the step's function in the source.
    step: str | None = None
    side: Literal["before", "after"] = "before"


class _Fault(_Wire, frozen=True, tag_field="do", kw_only=True, omit_defaults=False):
    """One fault.

    Raises:
        UsageError: the fault cannot happen at its place.
    """

    #: The places where it can happen.
    places: ClassVar[tuple[str, ...]] = ("message",)

    at: Place
    nth: int = 1
    times: int = 1

    def __post_init__(self) -> None:
        kind, place = type(self).__name__.lower(), self.at
        if place.on not in self.places:
            raise UsageError(
                f"the fault {kind} cannot happen at a {place.on}",
                remedy=f"place it at a {' or a '.join(self.places)}",
            )
        if place.side == "after" and place.on != "call":
            raise UsageError(
                f"the fault {kind} cannot happen after a {place.on}",
                remedy="leave `side` out: only a call has sides",
            )


class Redeliver(_Fault, frozen=True, kw_only=True, tag="redeliver"):
    """Deliver a message again: at the same time, after the first delivery ended, or late.

    `delay_ms` is the time between two copies (`together`), or before the first copy (`late`).
    If the engine refuses a copy or asks for it again, it is delivered again, as from a queue. With
    `once` (only for `together`) a copy is not delivered again; only the message itself is.
    """

    at: Place = Place(on="message")
    copies: int = 1
    when: Literal["together", "after", "late"] = "together"
    delay_ms: int = 0
    once: bool = False


class Delay(_Fault, frozen=True, kw_only=True, tag="delay"):
    """Delay a delivery."""

    at: Place = Place(on="message")
    ms: int


class Hold(_Fault, frozen=True, kw_only=True, tag="hold"):
    """Hold a delivery until the harness opens the gate (at most one minute)."""

    at: Place = Place(on="message")
    gate: str


class Refuse(_Fault, frozen=True, kw_only=True, tag="refuse"):
    """Fail a delivery before the engine sees it: the World's queue has to deliver again."""

    at: Place = Place(on="message")


class Shuffle(_Fault, frozen=True, kw_only=True, tag="shuffle"):
    """Collect deliveries and release them in an order that the seed determines."""

    at: Place = Place(on="message")
    count: int
    seed: int


class Chaos(_Fault, frozen=True, kw_only=True, tag="chaos"):
    """Let the seed choose for each delivery: duplicated together, in turn, late, or unchanged."""

    at: Place = Place(on="message")
    times: int = 1_000_000
    seed: int
    #: The share of deliveries that are changed, 0..1.
    rate: float


class Fail(_Fault, frozen=True, kw_only=True, tag="fail"):
    """Fail a call of the World: before it is made, or after it (its answer is lost)."""

    places: ClassVar[tuple[str, ...]] = ("call",)

    #: `name`, `message`, and the error's other properties (`status`, `retryAfter`).
    error: dict[str, Any]


class Slow(_Fault, frozen=True, kw_only=True, tag="slow"):
    """Slow a call of the World down."""

    places: ClassVar[tuple[str, ...]] = ("call",)

    ms: int


class Kill(_Fault, frozen=True, kw_only=True, tag="kill"):
    """End the app's process with SIGKILL."""

    places: ClassVar[tuple[str, ...]] = ("message", "call", "body")


class Damage(_Fault, frozen=True, kw_only=True, tag="damage"):
    """Damage the event log as the engine reads it, in every page that holds the event.

    `repeat` and `insert` add an event with a new id after it; `again` adds the event itself once
    more. `replace` and `swap` change the event at a position; the positions keep their ids.
    """

    places: ClassVar[tuple[str, ...]] = ("call",)

    at: Place = Place(on="call", method="events.list")
    change: Literal["drop", "repeat", "again", "replace", "swap", "insert"]
    event_id: str
    #: With `swap`: the event to change places with. With `replace`: the event to copy.
    other_id: str | None = None
    #: With `insert` and `replace`: properties that are set on the copied event.
    event: dict[str, Any] | None = None


class Echo(_Fault, frozen=True, kw_only=True, tag="echo"):
    """Let each incremental read return known events: its events twice, or the one before."""

    places: ClassVar[tuple[str, ...]] = ("call",)

    at: Place = Place(on="call", method="events.list")
    change: Literal["twice", "early"]


class Hurry(_Fault, frozen=True, kw_only=True, tag="hurry"):
    """Deliver delayed messages at once, as a queue does that ignores delays.

    At a call (`queue`), ignore the delay in the call. At a message, ignore the delay after which
    the engine asks for it again.
    """

    places: ClassVar[tuple[str, ...]] = ("message", "call")

    times: int = 1_000_000
    #: How many of the matching messages. The default is all, as few have a delay.
    most: int = 1


Fault: TypeAlias = (
    Redeliver | Delay | Hold | Refuse | Shuffle | Chaos | Fail | Slow | Kill | Damage | Echo | Hurry
)
Plan: TypeAlias = Sequence[Fault]


class Point(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named point in a run's life (`points.toml`)."""

    id: str
    title: str
    on: Literal["call", "body"]
    method: str | None = None
    event: str | None = None
    side: Literal["before", "after"] = "before"

    def place(self, step: str | None = None) -> Place:
        """Return it as a place; with a step, only for that step."""
        return Place(on=self.on, method=self.method, event=self.event, side=self.side, step=step)


def describe_points() -> dict[str, Point]:
    """Return every named point by its id, in the order of a run's life."""
    return read_table(Path(__file__).with_name("points.toml"), "point", Point)


def find_point(name: str) -> Point:
    """Return the point of that name.

    Raises:
        UsageError: no point has that name.
    """
    points = describe_points()
    if name not in points:
        raise unknown("point", name, points, source=_SOURCE)
    return points[name]


def read_plan(text: str | bytes) -> tuple[Fault, ...]:
    """Read a plan from JSON; a place may be the name of a point.

    Raises:
        UsageError: it is not JSON, or names an unknown fault, point or setting.
    """
    try:
        entries = msgspec.json.decode(text, type=list[dict[str, Any]])
        return tuple(msgspec.convert(_resolve(entry), Fault) for entry in entries)
    except msgspec.DecodeError as error:
        raise UsageError("the fault plan is not valid", cause=str(error), remedy=_SOURCE) from error


def describe_faults() -> dict[str, type[_Fault]]:
    """Return every kind of fault by its name."""
    return {kind.__name__.lower(): kind for kind in get_args(Fault)}


def _resolve(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Check the names of an entry; resolve the point that it may name."""
    kinds, kind, place = describe_faults(), entry.get("do"), entry.get("at")
    if kind not in kinds:
        raise unknown("fault", str(kind), kinds, source=_SOURCE)
    _refuse_unknown(f"setting of {kind}", entry, {"do", *_names_of(kinds[kind])})
    if isinstance(place, str):
        return {**entry, "at": msgspec.to_builtins(find_point(place).place())}
    if isinstance(place, Mapping):
        _refuse_unknown("setting of a place", place, _names_of(Place))
    return dict(entry)


def _names_of(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def _refuse_unknown(kind: str, entry: Mapping[str, Any], known: set[str]) -> None:
    for name in entry:
        if name not in known:
            raise unknown(kind, name, known, source=_SOURCE)
