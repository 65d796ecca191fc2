"""Values on the wire: JSON, with a tag for everything that JSON would lose.

In Python a value is `None`, a bool, an int, a float, a str, `bytes`, an aware `datetime`, a list or
a dict with text keys; beyond these there are `UNDEFINED` and the records of this module.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec


class Undefined(msgspec.Struct, frozen=True):
    """What JavaScript calls undefined: not there, and not null either."""

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


class View(msgspec.Struct, frozen=True):
    """Some bytes of a larger buffer, as an argument: only those in view belong to the value."""

    buffer: bytes
    start: int
    end: int


class Other(msgspec.Struct, frozen=True):
    """Something that has no counterpart: a function, a promise, an error where a value belongs."""

    type: str


class BigInt(msgspec.Struct, frozen=True):
    """An integer of JavaScript's own big kind, which is not equal to a number there."""

    value: int


class Pairs(msgspec.Struct, frozen=True):
    """A map whose keys can be anything."""

    entries: tuple[tuple[Any, Any], ...]


class Unordered(msgspec.Struct, frozen=True):
    """A set."""

    items: tuple[Any, ...]


def encode(value: object) -> object:
    """Turn a value into what JSON can carry.

    Raises:
        TypeError: it is of no kind that can be sent.
    """
    if value is None or isinstance(value, (bool, str, int)):
        return value
    writer = _WRITERS.get(type(value))
    if writer is None:
        raise TypeError(f"a {type(value).__name__} cannot be sent to an adapter")
    return writer(value)


def decode(value: Any) -> Any:
    """Turn what came over the wire back into a value.

    Raises:
        ValueError: a tag holds what it must not hold.
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, content),) = value.items()
        reader = _READERS.get(key)
        if reader is not None:
            return reader(content)
    decoded = {key: decode(item) for key, item in value.items()}
    # To JavaScript, a property that is undefined and one that is not there are the same.
    return {key: item for key, item in decoded.items() if item is not UNDEFINED}


def _write_float(value: float) -> object:
    if math.isnan(value):
        return {"$number": "NaN"}
    if math.isinf(value):
        return {"$number": "Infinity" if value > 0 else "-Infinity"}
    return {"$number": "-0"} if value == 0 and math.copysign(1, value) < 0 else value


def _write_dict(value: Mapping[str, object]) -> object:
    if any(key.startswith("$") for key in value):
        return {"$object": [[key, encode(item)] for key, item in value.items()]}
    return {key: encode(item) for key, item in value.items()}


def _write_date(value: datetime) -> object:
    moment = value.astimezone(UTC).isoformat(timespec="milliseconds")
    return {"$date": moment.replace("+00:00", "Z")}


def _write_bytes(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


_WRITERS: dict[type, Callable[[Any], object]] = {
    float: _write_float,
    bytes: lambda value: {"$bytes": _write_bytes(value)},
    list: lambda value: [encode(item) for item in value],
    tuple: lambda value: [encode(item) for item in value],
    dict: _write_dict,
    datetime: _write_date,
    Undefined: lambda value: {"$undefined": True},
    View: lambda value: {"$view": [_write_bytes(value.buffer), value.start, value.end]},
    BigInt: lambda value: {"$bigint": str(value.value)},
    Pairs: lambda value: {"$map": [[encode(key), encode(item)] for key, item in value.entries]},
    Unordered: lambda value: {"$set": [encode(item) for item in value.items]},
    Other: lambda value: {"$other": value.type},
}


def _read_number(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


def _read_pairs(entries: list[list[Any]]) -> Pairs:
    return Pairs(tuple((decode(key), decode(item)) for key, item in entries))


_READERS: dict[str, Callable[[Any], Any]] = {
    "$bytes": base64.b64decode,
    "$date": datetime.fromisoformat,
    "$undefined": lambda _: UNDEFINED,
    "$bigint": lambda text: BigInt(int(text)),
    "$number": _read_number,
    "$map": _read_pairs,
    "$set": lambda items: Unordered(tuple(decode(item) for item in items)),
    "$other": Other,
    "$object": lambda entries: {key: decode(item) for key, item in entries},
}
