"""Where the time of steps goes: to the first one, between them, and around them."""

from __future__ import annotations

from statistics import median

from harness.descriptions import Cell, Scenario
from harness.measure.metrics import gaps
from reports.benchmark.findings import Entry, Findings
from reports.benchmark.flaws import sign_flaw
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, count, escape, fold, format_estimate, format_ms

_NUMBERS = ("TTFS", "TTLS", "STSO inline", "STSO queue-hop", "WO")

#: Cell, scenario id, and whether the gap lay within one invocation -> fork -> gaps in ms.
_Gaps = dict[tuple[Cell, str, bool], dict[str, list[float]]]


def render_latency(findings: Findings) -> str:
    """Render the latencies of steps; empty without scenarios that have any."""
    scenarios = [item for item in findings.results.header.scenarios if item.kind == "steps"]
    if not scenarios:
        return ""
    found = _collect_gaps(findings)
    tables = [fold(escape(item.title), _render_table(findings, found, item)) for item in scenarios]
    return "\n\n".join(["## Step Latency (TTFS / TTLS / STSO / WO)", *tables])


def _collect_gaps(findings: Findings) -> _Gaps:
    """Collect the step-to-step overheads of everything whose times count."""
    collected: _Gaps = {}
    for sample in findings.counted:
        for gap in gaps(sample):
            forks = collected.setdefault((sample.cell, sample.scenario, gap.inline), {})
            forks.setdefault(sample.fork, []).append(gap.ms)
    return collected


def _render_table(findings: Findings, found: _Gaps, scenario: Scenario) -> str:
    rows = []
    for entry in findings.of_scenario(scenario):
        row = findings.names.columns(entry.cell)
        row |= dict.fromkeys(_NUMBERS, NOTHING)
        if entry.correct:
            row |= _measure(entry, found)
        else:
            row["TTFS"] = sign_flaw(entry.flaws)
        rows.append(row)
    return render_table(rows)


def _measure(entry: Entry, found: _Gaps) -> dict[str, str]:
    return {
        "TTFS": format_estimate(entry.estimates.get("ttfs")),
        "TTLS": format_estimate(entry.estimates.get("ttls")),
        "STSO inline": _summarize(found.get((entry.cell, entry.scenario.id, True), {})),
        "STSO queue-hop": _summarize(found.get((entry.cell, entry.scenario.id, False), {})),
        "WO": format_estimate(entry.estimates.get("wo")),
    }


def _summarize(forks: dict[str, list[float]]) -> str:
    """Return the median of the forks' medians, and how many gaps there were."""
    if not forks:
        return NOTHING
    center = median(median(found) for found in forks.values())
    return f"{format_ms(center)} ({count(sum(map(len, forks.values())), 'gap')})"
