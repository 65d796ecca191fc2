"""What a session tells later ones of its machine."""

from __future__ import annotations

import math

from harness.measure.machines import Memory, identify_subject
from reports.benchmark.findings import Findings

#: A twin in fewer scenarios says something of its own session only.
_LEAST_SCENARIOS = 5


def summarize_session(findings: Findings) -> Memory:
    """Return what is remembered of a session: its centers, and how its twins spread."""
    header = findings.results.header
    centers = {
        f"{cell.id} {scenario}": math.log(time.center)
        for (cell, scenario), entry in findings.entries.items()
        if cell in header.cells and (time := entry.contender) and time.center > 0
    }
    telling = len(header.scenarios) >= _LEAST_SCENARIOS
    return Memory(
        started_at=header.started_at,
        subject=identify_subject(header),
        inflation=findings.own_inflation if telling else None,
        whole_inflation=findings.own_whole_inflation if telling else None,
        methodology=header.methodology,
        centers=centers,
    )
