"""Which engine clauses a cell can be asked."""

from __future__ import annotations

from harness.deployments.launcher import Mode
from harness.descriptions import Cell, World
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
    if need == "server" and not world.services:
        return f"World {world.id} has no server to lose"
    if need == "attributes" and cell.line not in _ATTRIBUTES:
        return f"line {cell.line} has no attributes"
    if need == "folder" and not world.list_storage():
        return f"World {world.id} keeps its data in no folder"
    if need == "concurrency" and not world.concurrency:
        return f"World {world.id} has no setting for its queue's concurrency"
    return ""


def _explain_processes(need: Need, world: World, mode: Mode) -> str:
    if world.remote:
        return "the app runs elsewhere: its process is out of reach"
    if mode == "development":
        return "the dev server starts and ends the app's processes by itself"
    if need == "several processes" and world.processes == "one":
        return f"World {world.id} is documented for one process"
    return ""
