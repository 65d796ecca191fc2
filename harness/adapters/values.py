"""The encoding of values: JSON, with a tag for every type that JSON does not have.

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
    """JavaScript's `undefined`, which differs from `null`."""

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


class View(msgspec.Struct, frozen=True):
    """A view of a larger buffer, as an argument: only the bytes in view belong to the value."""

    buffer: bytes
    start: int
    end: int


class Other(msgspec.Struct, frozen=True):
    """Something that cannot be encoded: a function, a promise, or an error in place of a value."""

    type: str


class BigInt(msgspec.Struct, frozen=True):
    """A JavaScript BigInt, which is never identical to a number there."""

    value: int


class ValuePairs(msgspec.Struct, frozen=True):
    """A map with keys of any type."""

    entries: tuple[tuple[Any, Any], ...]


class Unordered(msgspec.Struct, frozen=True):
    """A set."""

    items: tuple[Any, ...]


def encode(value: object) -> object:
    """Encode a value as JSON data.

    Raises:
        TypeError: its type cannot be sent.
    """
    if value is None or isinstance(value, (bool, str, int)):
        return value
    writer = _WRITERS.get(type(value))
    if writer is None:
        raise TypeError(f"a {type(value).__name__} cannot be sent to an adapter")
    return writer(value)


def decode(value: Any) -> Any:
    """Decode JSON data into a value.

    Raises:
        ValueError: a tag has invalid content.
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
    # Treat an undefined property like a missing one, as JavaScript code does.
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
    ValuePairs: lambda value: {
        "$map": [[encode(key), encode(item)] for key, item in value.entries]
    },
    Unordered: lambda value: {"$set": [encode(item) for item in value.items]},
    Other: lambda value: {"$other": value.type},
}


def _read_number(text: str) -> float:
    return float(text.replace("Infinity", "inf"))


def _read_pairs(entries: list[list[Any]]) -> ValuePairs:
    return ValuePairs(tuple((decode(key), decode(item)) for key, item in entries))


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
