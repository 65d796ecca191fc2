"""How long an app takes from the start of its process to its first answer.

A dev server compiles in this time. It is a figure by itself, because no timed sample contains it: a
fork runs each workflow once, as a warm-up, before it times that workflow.
"""

from __future__ import annotations

import msgspec

from harness.descriptions import Cell
from harness.measure.statistics import Estimate, estimate
from reports.benchmark.findings import Findings, latest_ends
from reports.writing.tables import render_table
from reports.writing.text import count, format_estimate, format_ms

TITLE = "💻 Start-Up and First Compile"

#: With more cells than this, the summary gives their range.
_NAMED_CELLS = 4

_EXPLANATION = (
    "From the start of the process to the answer of its first workflow. A dev server compiles in "
    "this time; in every fork its app is as if newly cloned. No time in the tables above contains "
    "any of it: each workflow runs once before it is timed. Dev servers are compared with each "
    "other only, never with builds."
)


def measure_first_answers(findings: Findings) -> dict[Cell, Estimate]:
    """Measure, over forks, how long each requested cell takes to answer its first workflow.

    A fork counts if it finished and its first run was correct. The time, in ms, is from the start
    of the process to its first healthy answer, and then that of the first request.
    """
    results = findings.results
    firsts = {
        (sample.fork, sample.attempt): sample.request_ms
        for sample in results.samples
        if sample.sequence == 0 and sample.outcome == "correct"
    }
    times: dict[Cell, dict[int, list[float]]] = {}
    for end in latest_ends(results.forks).values():
        asked_ms = firsts.get((end.fork, end.attempt))
        if end.kind != "timing" or end.outcome != "finished":
            continue
        if asked_ms is not None and end.startup_ms is not None:
            times.setdefault(end.cell, {})[end.block] = [end.startup_ms + asked_ms]
    return {
        cell: estimate(times[cell], results.header.seed)
        for cell in results.header.cells
        if cell in times
    }


def describe_first_compiles(findings: Findings) -> str:
    """Give the start-up and first compile of each dev server, as plain text; empty without any."""
    found = {
        cell: time
        for cell, time in measure_first_answers(findings).items()
        if cell.mode == "development"
    }
    if not found:
        return ""
    if len(found) > _NAMED_CELLS:
        centers = [time.center for time in found.values()]
        span = f"{format_ms(min(centers))} to {format_ms(max(centers))}"
        return f"Start-up and first compile: {span} in {count(len(found), 'cell')}"
    named = [
        f"{format_estimate(time)} in {findings.names.label(cell)}" for cell, time in found.items()
    ]
    return f"Start-up and first compile: {'; '.join(named)}"


def render_first_compiles(findings: Findings) -> str:
    """Render one row per cell that a dev server ran; empty without any."""
    cells = [cell for cell in findings.results.header.cells if cell.mode == "development"]
    if not cells:
        return ""
    found = measure_first_answers(findings)
    rows = []
    for cell in cells:
        time = found.get(cell)
        built = found.get(msgspec.structs.replace(cell, mode="production"))
        rows.append(
            {
                **findings.names.columns(cell, "line", "world", "framework"),
                "Start-Up and First Compile": format_estimate(time),
                "The Same in Production": format_estimate(built),
                "Forks": str(time.forks if time else 0),
            }
        )
    return "\n\n".join([f"## {TITLE}", _EXPLANATION, render_table(rows)])
