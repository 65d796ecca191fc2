"""What the columns mean, what was measured, and how to measure it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.descriptions import World
from harness.machine import Machine
from harness.measure.results import Header, Results
from reports.findings import Findings
from reports.names import Names, find_language
from reports.tables import render_table
from reports.text import (
    NOTHING,
    count,
    escape,
    fence,
    fold,
    format_bytes,
    format_seconds,
    quote_code,
)

_DEFINITIONS = {
    "Workflow Time": "the run's completedAt - createdAt, as its record has them; it decides who "
    "is the fastest",
    "Wall Time": "what a client waits: from calling `start()` to holding the answer and the last "
    "byte",
    "Overhead": "wall time minus workflow time, the median without its interval",
    "TTFB": "time to first byte: from calling `start()` to the first byte of a stream",
    "Slurp": "from the first byte of a stream to the end of the last one",
    "TTFS": "time to first step: from calling `start()` to entering the first step's body",
    "STSO": "step-to-step overhead: from leaving a step's body to entering the next; *inline* "
    "when both ran in one invocation, *queue-hop* when a queue message lay between them",
    "WO": "workflow overhead: workflow time outside step bodies",
    "117 ms [112, 125]": "the median of the forks' medians, and its 95% bootstrap interval over "
    "forks and samples (1 ms wider on both sides for what the run's record times, in whole "
    "milliseconds); [?] where one fork gives none",
    "Samples": "correct ones, warm-ups excluded; *polled*: the end was seen by asking once a "
    "second, so that the wall time may be a second too long",
    "vs Fastest": "workflow time divided by the smallest of the table",
    "🥇": "in a table of times: the winner among its rows, whose interval lies below that of "
    "every other",
    "🤝 tied": "cannot be told from the fastest row of the table; then nobody wins",
    "❌": "a wrong answer, a failed run, a timeout, a failed fork or a missing result: shown, "
    "never averaged, and no win",
    "Wins and Ties": "scenarios won, and scenarios that nobody won, among cells that differ in "
    "this one part only",
    "Invocations": "deliveries of queue messages to the app's workflow endpoints in one run",
    "N^0.92": "workflow time fitted as a power of the number of steps: 1 is proportional, 2 is "
    "quadratic",
}


def render_definitions() -> str:
    """Render what every column and sign means."""
    rows = [f"- **{term}**: {meaning}" for term, meaning in _DEFINITIONS.items()]
    return "\n".join(["## Column Definitions", "", *rows])


def render_worlds(header: Header, names: Names) -> str:
    """Render what each World is, with its packages on every line that was measured."""
    lines = list(dict.fromkeys(cell.line for cell in header.cells))
    rows = [
        {
            "World": escape(names.title("world", world.id)),
            "Description": _describe_world(world, lines),
            **{f"Package on {escape(line)}": _list_packages(world, line) for line in lines},
        }
        for world in header.worlds
        if any(cell.world == world.id for cell in header.cells)
    ]
    return f"## Worlds:\n\n{render_table(rows)}" if rows else ""


def _describe_world(world: World, lines: Sequence[str]) -> str:
    """Say what a World is: where it differs between languages, line by line."""
    texts = {line: world.on(line).description for line in lines if line in world.packages}
    if len(set(texts.values())) > 1:
        return "; ".join(f"on {escape(line)}: {escape(text)}" for line, text in texts.items())
    return escape(next(iter(texts.values()), world.description))


def render_provenance(findings: Findings, source: str) -> str:
    """Render where the numbers come from, and the command that measures them again."""
    header = findings.results.header
    facts = {
        "Harness": _describe_harness(header),
        "Methodology": f"{header.methodology}; results of another are not comparable",
        "Profile": f"{escape(header.profile)}: {count(len(header.cells), 'cell')}, "
        f"{count(len(header.scenarios), 'scenario')}, {count(header.forks, 'fork')} a cell",
        "SDK": _list_lines(header),
        **_describe_workers(header),
        "Seed": str(header.seed),
        **_describe_machines(header),
        "Session": _describe_session(findings),
        **_describe_precision(findings),
        "Harness's own use": _describe_own_use(findings),
        "Raw data": quote_code(source),
    }
    return _render_facts(facts, header, "Measure it again:")


def render_test_provenance(results: Results, source: str) -> str:
    """Render where the results of tests come from, and the command that tests again."""
    header = results.header
    took = f", took {format_seconds(results.footer.seconds)}" if results.footer else ""
    facts = {
        "Harness": _describe_harness(header),
        "Methodology": f"{header.methodology}; results of another are not comparable",
        "Cells": str(len(header.cells)),
        "Seed": str(header.seed),
        "Machine": describe_machine(header.machine),
        "Session": f"began {escape(header.started_at)}{took}",
        "Raw data": quote_code(source),
    }
    return _render_facts(facts, header, "Test it again:")


def describe_load_provenance(results: Results, source: str) -> str:
    """Render where the numbers of a load come from, and the command that loads again."""
    header, load = results.header, results.header.load
    shared = f", one of {load.generators} generators" if load and load.generators > 1 else ""
    facts = {
        "Harness": _describe_harness(header),
        "Arrivals": f"{load.arrivals if load else 'unknown'}{shared}",
        "SDK": _list_lines(header),
        **_describe_workers(header),
        "Seed": str(header.seed),
        "Machine": f"{describe_machine(header.machine)}: the generator, the app and its World "
        "share it, unless the app is remote",
        "Session": f"began {escape(header.started_at)}",
        "Raw data": quote_code(source),
    }
    return _render_facts(facts, header, "Load it again:")


def _render_facts(facts: Mapping[str, str], header: Header, again: str) -> str:
    listed = "\n".join(f"- **{name}**: {fact}" for name, fact in facts.items())
    parts = ["## Provenance", listed, again, fence(header.command, "sh")]
    return "\n\n".join(
        [*parts, fold("Exact versions of everything installed", list_installed(header.pins))]
    )


def _describe_harness(header: Header) -> str:
    commit = quote_code(header.harness_commit) if header.harness_commit else "unknown"
    return f"{escape(header.harness_version)}, commit {commit}"


def _describe_machines(header: Header) -> dict[str, str]:
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


def _describe_workers(header: Header) -> dict[str, str]:
    """Say how many processes served an app, where that was asked for."""
    if header.workers == 1:
        return {}
    text = f"{header.workers} processes an app; steps and calls are not seen in all, and left out"
    return {"Workers": text}


def _list_lines(header: Header) -> str:
    """Say which lines were measured, and what each is for."""
    lines = dict.fromkeys(cell.line for cell in header.cells)
    return ", ".join(f"{escape(line)} ({find_language(header, line)})" for line in lines)


def _list_packages(world: World, line: str) -> str:
    packages = world.packages.get(line, {})
    return (
        ", ".join(f"{quote_code(name)} {escape(pin)}" for name, pin in packages.items()) or NOTHING
    )


def describe_machine(machine: Machine) -> str:
    """Describe a machine, in a line of Markdown."""
    return escape(
        f"{machine.processor}, {count(machine.cores, 'core')}, "
        f"{format_bytes(machine.memory_bytes)}, {machine.system}, "
        f"Python {machine.python}, Node {machine.node}"
    )


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
        return "not known: the session did not end"
    share, memory = footer.harness_cpu_share, format_bytes(footer.harness_memory_bytes)
    return f"{share:.1%} of one core while samples were taken, {memory} of memory at its peak"


def list_installed(pins: Mapping[str, Mapping[str, str]]) -> str:
    """List line -> package -> version as a table."""
    rows = [
        {"Line": escape(line), "Package": quote_code(package), "Version": escape(version)}
        for line, packages in pins.items()
        for package, version in sorted(packages.items())
    ]
    return render_table(rows) if rows else "none recorded"
