"""Encodes values for the journal and messages: JSON, with tags for what JSON cannot represent.

It preserves all values that the adapter protocol preserves, and values that only Python has:
microseconds, integers of any size, dicts whose keys are not text.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from harness.contract.model.values import is_undefined

_LARGEST = 1 << 53


def write_value(value: Any) -> Any:
    """Convert a value to JSON values; keys with an undefined value are left out.

    Raises:
        TypeError: values of this type cannot be stored.
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    writer = _WRITERS.get(type(value))
    if writer is not None:
        return writer(value)
    if is_undefined(value):
        return None
    raise TypeError(f"a {type(value).__name__} cannot be stored")


def read_value(value: Any) -> Any:
    """Convert the result of `write_value` back to the value."""
    if isinstance(value, list):
        return [read_value(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, content),) = value.items()
        reader = _READERS.get(key)
        if reader is not None:
            return reader(content)
    return {key: read_value(item) for key, item in value.items()}


def _write_integer(value: int) -> Any:
    return value if abs(value) < _LARGEST else {"$integer": str(value)}


def _write_float(value: float) -> Any:
    is_plain = math.isfinite(value) and not value.is_integer()
    return value if is_plain else {"$number": repr(value)}


def _write_bytes(value: bytes | bytearray | memoryview) -> Any:
    return {"$bytes": base64.b64encode(value).decode("ascii")}


def _write_list(value: Iterable[Any]) -> Any:
    return [write_value(item) for item in value]


def _write_set(value: Iterable[Any]) -> Any:
    return {"$set": _write_list(value)}


def _write_dict(value: Mapping[Any, Any]) -> Any:
    entries = {key: item for key, item in value.items() if not is_undefined(item)}
    if any(not isinstance(key, str) or key.startswith("$") for key in entries):
        return {"$map": [[write_value(key), write_value(item)] for key, item in entries.items()]}
    return {key: write_value(item) for key, item in entries.items()}


_WRITERS: dict[type, Callable[[Any], Any]] = {
    int: _write_integer,
    float: _write_float,
    bytes: _write_bytes,
    bytearray: _write_bytes,
    memoryview: _write_bytes,
    datetime: lambda value: {"$date": value.isoformat()},
    list: _write_list,
    tuple: _write_list,
    dict: _write_dict,
    set: _write_set,
    frozenset: _write_set,
}

_READERS: dict[str, Callable[[Any], Any]] = {
    "$integer": int,
    "$number": float,
    "$bytes": base64.b64decode,
    "$date": datetime.fromisoformat,
    "$set": lambda items: {read_value(item) for item in items},
    "$map": lambda entries: {read_value(key): read_value(item) for key, item in entries},
}
