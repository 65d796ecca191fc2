"""Where the numbers of a benchmark come from, and the command that measures them again."""

from __future__ import annotations

from harness.results.records import BenchHeader
from reports.benchmark.findings import Findings
from reports.writing.facts import (
    describe_harness,
    describe_machine,
    describe_workers,
    list_lines,
    render_facts,
)
from reports.writing.text import count, escape, format_bytes, format_seconds, quote_code


def render_provenance(findings: Findings, source: str) -> str:
    """Render where the numbers come from, and the command that measures them again."""
    header = findings.results.header
    facts = {
        "Harness": describe_harness(header),
        "Methodology": f"{header.methodology}; results of another are not comparable",
        "Profile": f"{escape(header.profile)}: {count(len(header.cells), 'cell')}, "
        f"{count(len(header.scenarios), 'scenario')}, {count(header.forks, 'fork')} per cell",
        "SDK": list_lines(header),
        **describe_workers(header),
        "Seed": str(header.seed),
        **_describe_machines(header),
        "Session": _describe_session(findings),
        **_describe_precision(findings),
        "Harness overhead": _describe_own_use(findings),
        "Raw data": quote_code(source),
    }
    return render_facts(facts, header, "Reproduce:")


def _describe_machines(header: BenchHeader) -> dict[str, str]:
    """Say where it was measured; of several machines, which Worlds on which."""
    if not header.parts:
        shard = header.shard
        spread = f"; shard {shard.number} of {shard.count} of a session" if shard else ""
        return {"Machine": f"{describe_machine(header.machine)}{spread}"}
    told = {}
    for part in header.parts:
        worlds = ", ".join(escape(name) for name in dict.fromkeys(c.world for c in part.cells))
        told[f"Machine {part.number} of {part.count}"] = (
            f"{describe_machine(part.machine)}, began {escape(part.started_at)}: {worlds}. "
            "Not compared with what others measured"
        )
    there = {part.number for part in header.parts}
    missing = [n for n in range(1, header.parts[0].count + 1) if n not in there]
    if missing:
        told["Missing"] = f"**{count(len(missing), 'shard')}**: {', '.join(map(str, missing))}"
    return told


def _describe_session(findings: Findings) -> str:
    results = findings.results
    ended = f"{len(findings.planned) - len(findings.unended)} of {len(findings.planned)} forks"
    failed = f", {len(findings.failed_forks)} of them failed" if findings.failed_forks else ""
    if results.footer is None:
        return f"began {escape(results.header.started_at)}, **incomplete**: {ended} ended{failed}"
    took = format_seconds(results.footer.seconds)
    return f"began {escape(results.header.started_at)}, took {took}: {ended} ended{failed}"


def _describe_precision(findings: Findings) -> dict[str, str]:
    """Say why forks were added, and why no more; nothing where the plan was all."""
    header, footer = findings.results.header, findings.results.footer
    if header.precision is None and header.budget_s is None:
        return {}
    budget = format_seconds(header.budget_s or 0.0)
    if header.precision is None:
        wanted, title = f"as many blocks as {budget} have room for", "Budget"
        ends: dict[str, str] = {"budget": wanted}
    else:
        wanted, title = f"intervals of ±{header.precision:.1%}", "Precision"
        ends = {
            "precision": f"{wanted} reached, or as near as a clock of whole milliseconds lets",
            "budget": f"{wanted} not reached everywhere: the budget of {budget} was used up",
        }
    ends["failed"] = f"{wanted}; what is left could not be measured: cells or samples failed"
    if footer is None:
        return {title: f"{wanted} wanted, not reached: the session did not end"}
    return {title: ends.get(footer.stopped, wanted)}


def _describe_own_use(findings: Findings) -> str:
    footer = findings.results.footer
    if footer is None:
        return "unknown: the session did not end"
    share, memory = footer.harness_cpu_share, format_bytes(footer.harness_memory_bytes)
    return f"{share:.1%} of one core while samples were taken, {memory} of memory at its peak"
