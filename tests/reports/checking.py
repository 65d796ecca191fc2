"""Checks of the engine suites as they might have been recorded, built by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from harness.descriptions import Cell, World
from harness.engine.clauses import EngineClause
from harness.engine.verdicts import CheckOutcome
from harness.results.records import CellEnd, Check, EngineResults
from tests.reports.factories import EXPRESS, make_engine_header, make_world

LOCAL = make_world("local", category="local")
POSTGRES = make_world("postgres", category="postgres")

#: Outcome -> verdict and state of a check that comes to it.
RECORDED: dict[CheckOutcome, tuple[str, str]] = {
    "failed": ("failed", ""),
    "unexpected pass": ("passed", "unexpected pass"),
    "known": ("failed", "known"),
    "flaky": ("failed", "flaky"),
    "inconclusive": ("inconclusive", ""),
    "passed": ("passed", ""),
    "not applicable": ("not applicable", ""),
}

_ALWAYS_FAILS = {
    "message": "the body ran twice",
    "witness": ("0.0 ms  #1 flow message is delivered", "4.2 ms  the body of subject begins"),
    "tried": 10,
    "reproduced": 10,
}
_NOT_DECIDED = {"message": "no fault was applied"}
_BESIDE: dict[CheckOutcome, dict[str, Any]] = {
    "failed": _ALWAYS_FAILS,
    "known": {**_ALWAYS_FAILS, "reason": "starts are counted, not failures"},
    "flaky": {**_ALWAYS_FAILS, "reproduced": 4, "reason": "depends on the clock"},
    "unexpected pass": {"reason": "starts are counted, not failures"},
    "inconclusive": _NOT_DECIDED,
    "not applicable": {"message": "it does not hold for line v4"},
}


def make_check(outcome: CheckOutcome = "passed", cell: Cell = EXPRESS, **changes: Any) -> Check:
    """Make a check that comes to an outcome."""
    verdict, state = RECORDED[outcome]
    again = f"pytest -k test_body_runs_once --line {cell.line} --world {cell.world}"
    return Check(
        **{
            "cell": cell,
            "suite": "single-executor",
            "clause": "ENG-BODY-EXCLUSIVE",
            "check": "test_body_runs_once",
            "verdict": verdict,
            "state": state,
            "reproduce": again if verdict in {"failed", "inconclusive"} else "",
            "seed": 7,
            "examples": 6,
            **_BESIDE.get(outcome, {}),
            **changes,
        }
    )


def make_results(
    checks: Sequence[Check],
    *,
    cells: Sequence[Cell] | None = None,
    ended: bool = True,
    worlds: Sequence[World] = (LOCAL, POSTGRES),
    **header: Any,
) -> EngineResults:
    """Make a file of tests alone, of the cells of its checks if nothing else is said.

    Args:
        checks: Its checks.
        cells: The cells that were asked for.
        ended: Whether the suites came to their end on every cell with a check.
        worlds: What its Worlds are.
        header: Other fields of the header.
    """
    asked = dict.fromkeys(check.cell for check in checks) if cells is None else cells
    return EngineResults(
        header=make_engine_header(tuple(asked), worlds=tuple(worlds), **header),
        footer=None,
        checks=tuple(checks),
        cells=tuple(
            CellEnd(cell=cell, checks=number, seconds=1.0)
            for cell, number in Counter(check.cell for check in checks).items()
            if ended
        ),
    )


def on_windows(results: EngineResults) -> EngineResults:
    """Return the same results from another machine."""
    machine = msgspec.structs.replace(results.header.machine, system="Windows 11")
    header = msgspec.structs.replace(results.header, machine=machine)
    return msgspec.structs.replace(results, header=header)


def make_clause(name: str = "ENG-BODY-EXCLUSIVE", **changes: Any) -> EngineClause:
    """Make a clause of the suite that checks belong to."""
    return EngineClause(
        **{
            "id": name,
            "requirement": "A body does not run twice at the same time.",
            "levels": {"v4": "SHOULD", "v5": "MUST"},
            "sources": ("vercel/workflow#1338", "foundations/idempotency"),
            "suite": "single-executor",
            **changes,
        }
    )
