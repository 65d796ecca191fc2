"""How a check of the engine ends when it does not simply pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from suites.conformance.violations import Inconclusive, NotApplicable

__all__ = ["EngineViolation", "Inconclusive", "NotApplicable", "violate"]


class EngineViolation(AssertionError):  # noqa: N818 - a verdict
    """The engine broke its promise. The message is one sentence that says how."""

    def __init__(self, message: str, witness: Sequence[str] = ()) -> None:
        self.message = message
        self.witness = tuple(witness)
        super().__init__(message)


def violate(message: str, witness: Sequence[str] = ()) -> NoReturn:
    """Say how the engine broke its promise."""
    raise EngineViolation(message, witness)
