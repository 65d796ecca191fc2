"""Which engine clauses a cell can be asked."""

from __future__ import annotations

from harness.descriptions import Cell, World
from harness.engine.clauses import EngineClause, Need

#: Lines whose SDK has workflow attributes.
_ATTRIBUTES = {"v5", "v5-latest"}


def explain_inapplicable(clause: EngineClause, cell: Cell, world: World) -> str:
    """Say why a clause is not asked of a cell; empty when it is."""
    if cell.line not in clause.levels:
        return f"it does not hold for line {cell.line}"
    return next((reason for need in clause.needs if (reason := _explain(need, cell, world))), "")


def _explain(need: Need, cell: Cell, world: World) -> str:
    match need:
        case "process" if world.remote:
            return "the app runs elsewhere: its process is out of reach"
        case "several processes" if world.remote:
            return "the app runs elsewhere: its process is out of reach"
        case "several processes" if world.processes == "one":
            return f"World {world.id} is documented for one process"
        case "attributes" if cell.line not in _ATTRIBUTES:
            return f"line {cell.line} has no attributes"
        case "concurrency" if not world.concurrency:
            return f"World {world.id} has no setting for its queue's concurrency"
    return ""
