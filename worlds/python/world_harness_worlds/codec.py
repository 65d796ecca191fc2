"""Encodes values for storage and transport: a JSON head, followed by the bytes it refers to.

Bytes, dates and other values that JSON cannot represent are preserved.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from .errors import refuse

_MAGIC = b"wv1\n"
_HEAD = struct.Struct(">4sI")
_DEEPEST = 64


class CodecError(ValueError):
    """These bytes were not written by this codec."""


def pack(value: Any) -> bytes:
    """Encode a value.

    Raises:
        WorkflowWorldError: it contains something that cannot be stored.
    """
    blobs = bytearray()
    try:
        head = json.dumps(_write(value, blobs, 0), separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise refuse(f"a value cannot be stored: {error}") from error
    return b"".join((_HEAD.pack(_MAGIC, len(head)), head, blobs))


def unpack(data: bytes | memoryview) -> Any:
    """Decode a value.

    Raises:
        CodecError: the bytes are not an encoded value.
    """
    whole = bytes(data)
    try:
        magic, length = _HEAD.unpack_from(whole)
        if magic != _MAGIC:
            raise CodecError("these bytes were not written by this World")
        start = _HEAD.size
        blobs = whole[start + length :]
        return json.loads(
            whole[start : start + length], object_hook=lambda found: _read(found, blobs)
        )
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise CodecError(f"a value cannot be read: {error}") from error


def _write(value: Any, blobs: bytearray, depth: int) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        start = len(blobs)
        blobs += value
        return {"$bytes": [start, len(blobs)]}
    if isinstance(value, datetime):
        return {"$date": as_utc(value).isoformat()}
    return _write_container(value, blobs, depth + 1)


def _write_container(value: Any, blobs: bytearray, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError(f"it is nested more than {_DEEPEST} levels deep")
    if isinstance(value, Mapping):
        return _write_mapping(value, blobs, depth)
    if isinstance(value, (list, tuple)):
        return [_write(item, blobs, depth) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"$set": [_write(item, blobs, depth) for item in value]}
    raise TypeError(f"a {type(value).__name__} is not a type that the World can store")


def _write_mapping(value: Mapping[Any, Any], blobs: bytearray, depth: int) -> Any:
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {str(key): _write(item, blobs, depth) for key, item in value.items()}
    items = value.items()
    return {
        "$map": [[_write(key, blobs, depth), _write(item, blobs, depth)] for key, item in items]
    }


def _read(found: dict[str, Any], blobs: bytes) -> Any:
    if len(found) != 1:
        return found
    ((key, content),) = found.items()
    if key == "$bytes":
        start, end = content
        return blobs[start:end]
    reader = _READERS.get(key)
    return found if reader is None else reader(content)


_READERS: dict[str, Callable[[Any], Any]] = {
    "$date": datetime.fromisoformat,
    "$set": set,
    "$map": dict,
}


def as_utc(moment: datetime) -> datetime:
    """Convert a time to UTC; a time without a time zone counts as UTC, as in the SDK."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def from_ms(ms: int) -> datetime:
    """Return the time that is a number of ms since 1970."""
    seconds, rest = divmod(ms, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
