"""The calls of a history."""

from __future__ import annotations

from math import inf
from typing import Any

import msgspec


class TimedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a history: when it ran and how it ended."""

    method: str
    args: tuple[Any, ...]
    #: ms since 1970, by one clock for all calls.
    start: float
    end: float = inf
    value: Any = None
    #: The refusal's name, if the World refused.
    refusal: str | None = None
    #: Whether its end is unknown: it may have happened, at any later time, or not.
    lost: bool = False
    process: int = 0
