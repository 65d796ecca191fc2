"""The calls of a history."""

from __future__ import annotations

from math import inf
from typing import Any

import msgspec


class TimedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a history, with its times and its outcome."""

    method: str
    args: tuple[Any, ...]
    #: ms since 1970, on one clock for all calls.
    start: float
    end: float = inf
    value: Any = None
    #: The name of the refusal, if the World refused the call.
    refusal: str | None = None
    #: Whether the outcome is unknown: the call may take effect at any later time, or never.
    lost: bool = False
    process: int = 0
