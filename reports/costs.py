"""What a run costs its World: invocations, calls, messages, bytes; counted, not timed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from harness.descriptions import Cell, Scenario
from harness.measure.results import Sample
from reports.findings import CELL, Findings, cell_key
from reports.laws import describe_points
from reports.tables import render_table
from reports.text import NOTHING, escape, fold, format_byte_range, format_range, quote_code

_TOTALS = ("flow", "step", "invocations", "world_calls", "queue_messages", "bytes")

#: What frameworks must agree in to share a row; the bytes of a run differ by a digit here and there.
_COMPARED = ("flow", "step", "invocations", "world_calls", "queue_messages")


@dataclass(frozen=True)
class Cost:
    """What the runs of one scenario cost in cells that agree."""

    cell: Cell
    #: How many frameworks agree, out of how many that were asked for on this line and World.
    agreeing: int
    frameworks: int
    #: Total -> what each run cost.
    totals: Mapping[str, tuple[int, ...]]
    #: What is counted -> method or route -> what each run cost.
    parts: Mapping[str, Mapping[str, tuple[int, ...]]]


def render_costs(findings: Findings) -> str:
    """Render the cost tables: how invocations and calls follow N, and every scenario's own."""
    costs = count_costs(findings)
    if not any(costs.values()):
        return "## Cost of a Run\n\nNothing was counted: no counting fork finished."
    parts = [
        "## Cost of a Run",
        "Counted in forks of their own, so that counting slows nothing that is timed.",
        "### Invocations for N steps",
        _render_laws(findings, costs, "invocations"),
        "### World calls for N steps",
        _render_laws(findings, costs, "world_calls"),
        "### Each scenario",
        _render_totals(findings, costs),
        *_render_uncounted(findings),
        fold("World calls, queue messages and bytes by method", _render_methods(findings, costs)),
    ]
    return "\n\n".join(parts)
