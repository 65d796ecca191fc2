"""Checks as the engine suites record them."""

from __future__ import annotations

from typing import Any

from harness.descriptions import Cell
from harness.results.records import Check

CELL = Cell("v4", "express", "local")


def make_check(**changes: Any) -> Check:
    fields: dict[str, Any] = {
        "cell": CELL,
        "suite": "retry-inflation",
        "clause": "ENG-INFLATION-GUARD",
        "check": "test_guard",
        "verdict": "passed",
    }
    return Check(**{**fields, **changes})
