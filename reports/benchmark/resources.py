"""What a cell's processes used: memory, CPU, and the time to start."""

from __future__ import annotations

from statistics import median

import pandas as pd

from harness.results.records import ForkEnd
from reports.benchmark.findings import CELL, Findings, cell_key
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, format_bytes, format_ms


def render_resources(findings: Findings) -> str:
    """Render memory and CPU of timing forks, over all that they ran, warm-ups included."""
    ends = [
        end for end in findings.results.forks if end.kind == "timing" and end.outcome == "finished"
    ]
    used = _frame_use(findings, ends)
    startups = [(cell_key(end.cell), end.startup_ms) for end in ends if end.startup_ms is not None]
    rows = []
    for cell in findings.results.header.cells:
        own = used[(used[CELL] == list(cell_key(cell))).all(axis=1)]
        memory, cpu = own["memory"].median(), own["cpu"].median()
        started = [time for key, time in startups if key == cell_key(cell)]
        rows.append(
            findings.names.columns(cell)
            | {
                "Peak memory": NOTHING if pd.isna(memory) else format_bytes(memory),
                "CPU a fork": NOTHING if pd.isna(cpu) else f"{cpu / 1000:.1f} s",
                "Start-up": format_ms(median(started)) if started else NOTHING,
                "Forks": str(sum(end.cell == cell for end in ends)),
            }
        )
    return f"## Memory and CPU\n\n{render_table(rows)}"


def _frame_use(findings: Findings, ends: list[ForkEnd]) -> pd.DataFrame:
    """Return one row a fork: the peak of its memory and the sum of its CPU time."""
    finished = {(end.fork, end.attempt) for end in ends}
    rows = [
        (*cell_key(sample.cell), sample.fork, sample.memory_bytes, sample.cpu_ms)
        for sample in findings.results.samples
        if (sample.fork, sample.attempt) in finished
    ]
    frame = pd.DataFrame(rows, columns=[*CELL, "fork", "memory", "cpu"])
    frame = frame.astype({"memory": float, "cpu": float})
    forks = frame.groupby([*CELL, "fork"], sort=False)
    use = forks.agg(memory=("memory", "max"), cpu=("cpu", _add_up))
    return use.reset_index()


def _add_up(used: pd.Series[float]) -> float:
    """Add what is known; nothing known is not zero."""
    return float(used.sum(min_count=1))
