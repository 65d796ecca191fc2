"""The encoding of values and errors: JSON, with a tag for every type that JSON does not have."""

from __future__ import annotations

import base64
import dataclasses
import enum
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_MAX_DEPTH = 64
_STACK_CHARACTERS = 4000


def encode(value: Any, depth: int = 0) -> Any:
    """Encode any value as JSON data."""
    if value is None or isinstance(value, (str, bool)):
        return value.value if isinstance(value, enum.Enum) else value
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return _encode_container(value, depth + 1)


def _encode_integer(value: int) -> Any:
    return value if abs(value) < 1 << 53 else {"$bigint": str(value)}


def _encode_bytes(value: bytes) -> Any:
    return {"$bytes": base64.b64encode(bytes(value)).decode("ascii")}


def _encode_float(value: float) -> Any:
    if math.isfinite(value):
        return {"$number": "-0"} if value == 0 and math.copysign(1, value) < 0 else value
    return {"$number": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}


def _encode_date(value: datetime) -> Any:
    if value.tzinfo is None:
        return {"$other": "datetime without a time zone"}
    moment = value.astimezone(UTC).isoformat(timespec="milliseconds")
    return {"$date": moment.replace("+00:00", "Z")}


#: Which function writes what; whatever is not here is a container.
_WRITERS: tuple[tuple[Any, Any], ...] = (
    (int, _encode_integer),
    (float, _encode_float),
    ((bytes, bytearray, memoryview), _encode_bytes),
    (datetime, _encode_date),
)


def _encode_container(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return {"$other": "nested too deeply"}
    if isinstance(value, (list, tuple)):
        return [encode(item, depth) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"$set": [encode(item, depth) for item in value]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return _encode_mapping(value, depth)
    return {"$other": type(value).__name__}


def _encode_mapping(value: Mapping[Any, Any], depth: int) -> Any:
    if not all(isinstance(key, str) for key in value):
        return {"$map": [[encode(key, depth), encode(item, depth)] for key, item in value.items()]}
    if any(key.startswith("$") for key in value):
        return {"$object": [[key, encode(item, depth)] for key, item in value.items()]}
    return {key: encode(item, depth) for key, item in value.items()}


class Undefined:
    """JavaScript's `undefined`; as an argument it means a missing one."""


UNDEFINED = Undefined()


def decode(value: Any) -> Any:
    """Decode JSON data into a value."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, content),) = value.items()
        if key in _READERS:
            return _READERS[key](content)
    decoded = {key: decode(item) for key, item in value.items()}
    return {key: item for key, item in decoded.items() if item is not UNDEFINED}


def _read_view(content: list[Any]) -> bytes:
    text, start, end = content
    return base64.b64decode(text)[start:end]


_READERS: dict[str, Any] = {
    "$bytes": base64.b64decode,
    "$view": _read_view,
    "$date": datetime.fromisoformat,
    "$undefined": lambda _: UNDEFINED,
    "$bigint": int,
    "$number": lambda text: float(text.replace("Infinity", "inf")),
    "$map": lambda entries: {decode(key): decode(item) for key, item in entries},
    "$set": lambda items: {decode(item) for item in items},
    "$object": lambda entries: {key: decode(item) for key, item in entries},
}


def encode_error(thrown: BaseException) -> dict[str, Any]:
    """Describe an exception that a World raised."""
    told: dict[str, Any] = {
        "name": str(getattr(thrown, "name", None) or type(thrown).__name__),
        "message": str(thrown),
    }
    status = getattr(thrown, "status", None)
    if isinstance(status, (int, float)):
        told["status"] = status
    if getattr(thrown, "code", None) is not None:
        told["code"] = str(getattr(thrown, "code", ""))
    if getattr(thrown, "retry_after", None) is not None:
        told["retryAfter"] = encode(getattr(thrown, "retry_after", None))
    if thrown.__cause__ is not None:
        told["cause"] = f"{type(thrown.__cause__).__name__}: {thrown.__cause__}"[:1000]
    return told


def scramble(value: Any) -> None:
    """Change everything mutable inside a value; it must not affect what a World stored."""
    if isinstance(value, bytearray):
        value[:] = b"\xee" * len(value)
    elif isinstance(value, list):
        for item in value:
            scramble(item)
        value.append("scrambled")
    elif isinstance(value, dict):
        for item in value.values():
            scramble(item)
        value["scrambled"] = True
