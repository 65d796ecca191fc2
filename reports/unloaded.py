"""What a session was to load, and did not."""

from __future__ import annotations

from harness.descriptions import Cell
from harness.measure.results import Results


def list_unloaded(results: Results) -> tuple[tuple[Cell, str], ...]:
    """Return each cell and scenario id that was asked for and of which no run was started."""
    loaded = {(run.cell, run.scenario) for run in results.loads}
    return tuple(
        (cell, scenario.id)
        for cell in results.header.cells
        for scenario in results.header.scenarios
        if (cell, scenario.id) not in loaded
    )
