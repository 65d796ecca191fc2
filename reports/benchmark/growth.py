"""How time grows with the number of steps."""

from __future__ import annotations

from harness.descriptions import Cell
from harness.measure.metrics import workflow_ms
from harness.measure.statistics import Estimate, estimate_growth
from reports.benchmark.findings import Findings
from reports.benchmark.pace import render_pace
from reports.writing.tables import render_table
from reports.writing.text import escape, format_exponent

TITLE = "How workflow time grows with N"

#: Size -> fork -> workflow times.
_Series = dict[int, dict[str, list[float]]]


def render_growth(findings: Findings) -> str:
    """Render the answer about long runs, and the fitted exponents; empty if there is neither.

    The table has one row a cell and one column a family.
    """
    parts = [part for part in (render_pace(findings), _render_exponents(findings)) if part]
    return "\n\n".join([f"### {TITLE}", *parts]) if parts else ""


def _render_exponents(findings: Findings) -> str:
    fitted = estimate_exponents(findings)
    fitting = {family for (_, family), exponent in fitted.items() if exponent}
    asked = dict.fromkeys(scenario.family for scenario in findings.results.header.scenarios)
    families = [family for family in asked if family in fitting]
    if not families:
        return ""
    rows = []
    for cell in findings.results.header.cells:
        exponents = {
            escape(family): format_exponent(fitted.get((cell, family))) for family in families
        }
        rows.append(findings.names.columns(cell) | exponents)
    return render_table(rows)


def estimate_exponents(findings: Findings) -> dict[tuple[Cell, str], Estimate | None]:
    """Fit how workflow time follows N, for each cell that was asked for and family of scenarios."""
    seed = findings.results.header.seed
    series = _collect_series(findings)
    return {key: estimate_growth(sizes, seed) for key, sizes in series.items()}


def _collect_series(findings: Findings) -> dict[tuple[Cell, str], _Series]:
    header = findings.results.header
    scenarios = {scenario.id: scenario for scenario in header.scenarios}
    asked = {*header.cells}
    collected: dict[tuple[Cell, str], _Series] = {}
    for sample in findings.counted:
        time = workflow_ms(sample)
        scenario = scenarios.get(sample.scenario)
        if sample.cell not in asked:
            continue  # A twin, or another version.
        if sample.kind == "timing" and time is not None and scenario is not None:
            sizes = collected.setdefault((sample.cell, scenario.family), {})
            forks = sizes.setdefault(scenario.size, {})
            forks.setdefault(sample.fork, []).append(time)
    return collected
