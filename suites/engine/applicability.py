"""Which engine clauses a cell can be asked."""

from __future__ import annotations

from harness.descriptions import Cell, Mode, World
from harness.engine.clauses import EngineClause, Need

#: Lines whose SDK has workflow attributes.
_ATTRIBUTES = {"v5", "v5-latest", "py"}


def explain_inapplicable(clause: EngineClause, cell: Cell, world: World, mode: Mode) -> str:
    """Say why a clause is not asked of a cell; empty when it is."""
    if cell.line not in clause.levels:
        return f"it does not hold for line {cell.line}"
    return next(
        (reason for need in clause.needs if (reason := _explain(need, cell, world, mode))), ""
    )


def _explain(need: Need, cell: Cell, world: World, mode: Mode) -> str:
    if need in {"process", "several processes"}:
        return _explain_processes(need, world, mode)
    lacking: dict[Need, tuple[bool, str]] = {
        "server": (not world.services, f"World {world.id} has no server to lose"),
        "attributes": (cell.line not in _ATTRIBUTES, f"line {cell.line} has no attributes"),
        "incremental reads": (not world.incremental, f"World {world.id} gives whole logs only"),
        "folder": (not world.list_storage(), f"World {world.id} keeps its data in no folder"),
        "concurrency": (
            not world.concurrency,
            f"World {world.id} has no setting for its queue's concurrency",
        ),
    }
    lacks, reason = lacking[need]
    return reason if lacks else ""


def _explain_processes(need: Need, world: World, mode: Mode) -> str:
    if world.remote:
        return "the app runs elsewhere: its process is out of reach"
    if mode == "development":
        return "the dev server starts and ends the app's processes by itself"
    if need == "several processes" and world.processes == "one":
        return f"World {world.id} is documented for one process"
    return ""
