"""Values of the model: copies that no caller can change, and rules for absent values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

Entity: TypeAlias = dict[str, Any]

#: Names of the types that represent JavaScript's undefined. The adapters define the type, and the
#: contract must not import them, so it recognizes the type by name.
_UNDEFINED = frozenset({"Undefined", "UnsetType"})


def is_undefined(value: object) -> bool:
    """Tell whether a value represents JavaScript's undefined."""
    return type(value).__name__ in _UNDEFINED


def is_absent(value: object) -> bool:
    """Tell whether an option is absent: `None` and undefined mean the same."""
    return value is None or is_undefined(value)


def copy_value(value: Any) -> Any:
    """Copy a value deeply, as far as it is mutable.

    Keys with an undefined value are dropped; in a list, undefined becomes `None`.
    """
    if isinstance(value, Mapping):
        return {key: copy_value(item) for key, item in value.items() if not is_undefined(item)}
    if isinstance(value, (list, tuple)):
        return [None if is_undefined(item) else copy_value(item) for item in value]
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return value


def read_option(options: object, key: str) -> Any:
    """Return one option, or `None` if it is absent or there are no options."""
    if not isinstance(options, Mapping):
        return None
    value = options.get(key)
    return None if is_absent(value) else value


def read_time(value: object) -> datetime | None:
    """Return a time that is a date, ISO text or ms since 1970; `None` for anything else."""
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value / 1000, UTC)
        parsed = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return parsed.replace(tzinfo=UTC) if parsed is not None and parsed.tzinfo is None else parsed
