"""Values that serialization may change, and one that cannot be serialized."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from world_harness_nemesis import marked

from .registry import registry

# The Python SDK cannot serialize a mapping with keys that are not strings: it refuses it.
_VALUES: dict[str, Callable[[], Any]] = {
    "nul": lambda: "a\0b",
    "unicode": lambda: "žluťoučký 馬 👩‍👩‍👧‍👦 \u2028",
    "date": lambda: datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC),
    "map": lambda: {"k": 1, "2": datetime(1970, 1, 1, 0, 0, 0, 5_000, tzinfo=UTC)},
    "set": lambda: {"x", "y"},
    "bytes": lambda: bytes([0, 1, 127, 128, 255]),
    "view": lambda: memoryview(bytes([9, 8, 7, 6, 5]))[1:3],
    "large": lambda: "0123456789abcdef" * 65_536,
    "missing": lambda: None,
    "big": lambda: 12_345_678_901_234_567_890,
    "nested": lambda: {"list": [{"deep": [None, -0.0, math.inf]}]},
}


_RENDERERS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (bool, lambda value: f"bool {value}"),
    # A big integer is returned as a subclass of `int` that the SDK defines.
    (int, lambda value: f"int {int(value)}"),
    (datetime, lambda value: f"datetime {value.isoformat()}"),
    (bytes | bytearray | memoryview, lambda value: f"bytes {','.join(map(str, bytes(value)))}"),
    (set | frozenset, lambda value: f"set {';'.join(sorted(map(_render, value)))}"),
    (list | tuple, lambda value: f"[{';'.join(map(_render, value))}]"),
    (
        dict,
        lambda value: f"{{{';'.join(f'{name}:{_render(part)}' for name, part in value.items())}}}",
    ),
    (object, lambda value: f"{type(value).__name__} {value}"),
)


def _render(value: Any) -> str:
    return next(render(value) for kind, render in _RENDERERS if isinstance(value, kind))


@registry.step
async def back(name: str, value: Any) -> list[Any]:
    """Return a description of the received value, and the value."""

    async def body(entered: int, failed: int) -> list[Any]:
        return [_render(value), value]

    return await marked("back", name, body)


@registry.workflow
async def odd() -> list[str]:
    """Send each odd value to a step and back; return the names of those that changed."""
    changed = []
    for name, make in _VALUES.items():
        expected = _render(make())
        there, again = await back(name, make())
        if there != expected:
            changed.append(f"{name} as an argument: {there[:60]}")
        if _render(again) != expected:
            changed.append(f"{name} as a result: {_render(again)[:60]}")
    return changed


@registry.step(max_retries=1)
async def return_function() -> Any:
    """Return a value that cannot be serialized."""

    async def body(entered: int, failed: int) -> Any:
        return lambda: 1

    return await marked("returnFunction", "function", body)


@registry.workflow
async def unserializable() -> dict[str, str]:
    """Catch the error of a step that returns a value that cannot be serialized."""
    try:
        return {"returned": type(await return_function()).__name__}
    except Exception as error:  # noqa: BLE001 - which one it is, is the answer
        return {"caught": type(error).__name__}
