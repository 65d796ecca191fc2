"""From the end of a test to its record."""

from __future__ import annotations

from typing import Any

import pytest

from harness.certification.records import clean_text
from harness.checks.reproducing import write_check_command
from harness.descriptions import Cell
from harness.engine.clauses import EngineClause
from harness.errors import HarnessError
from harness.results.records import Check
from suites.engine.cases import CaseOutcome, Cases
from suites.engine.stage import EngineError
from suites.engine.violations import EngineViolation, Inconclusive, NotApplicable


def describe_outcome(
    item: pytest.Item,
    clause: EngineClause,
    error: BaseException | None,
    duration_ms: float,
    cases: Cases | None,
) -> Check:
    """Return the record of a check that ended."""
    verdict, message = _judge(error)
    found = cases.found if cases else CaseOutcome()
    cell: Cell = item.callspec.params["cell"]  # type: ignore[attr-defined]
    name = item.originalname or item.name  # type: ignore[attr-defined]
    seed = item.config.getoption("--seed") or 0
    witness = error.witness if isinstance(error, EngineViolation) else ()
    return Check(
        cell=cell,
        mode="development" if item.config.getoption("--development") else "production",
        suite=clause.suite,
        clause=clause.id,
        check=name,
        verdict=verdict,
        message=clean_text(message),
        witness=tuple(clean_text(line) for line in witness),
        reproduce=_write_command(item, name, cell, seed, found)
        if verdict in {"failed", "inconclusive"}
        else "",
        seed=seed,
        examples=found.examples,
        tried=found.tried,
        reproduced=found.reproduced,
        duration_ms=duration_ms,
        answers={key: clean_text(value) for key, value in found.answers.items()},
    )


def _judge(error: BaseException | None) -> tuple[Any, str]:
    match error:
        case None:
            return "passed", ""
        case EngineViolation():
            return "failed", error.message
        case NotApplicable():
            return "not applicable", str(error)
        case Inconclusive() | HarnessError() | EngineError():
            return "inconclusive", str(error)
    return "inconclusive", f"the check itself broke: {type(error).__name__}: {error}"


def _write_command(item: pytest.Item, name: str, cell: Cell, seed: int, found: CaseOutcome) -> str:
    options = {
        "--line": cell.line,
        "--framework": cell.framework,
        "--world": cell.world,
        "--case": found.case or None,
        "--seed": None if found.case else seed,
        "--development": item.config.getoption("--development"),
        "--mutant": item.config.getoption("--mutant"),
    }
    return write_check_command(f"suites.engine.{item.path.stem}", name, options)
