"""Facts about a session: harness, machine, packages, and the command that repeats it."""

from __future__ import annotations

from collections.abc import Mapping

from harness.machine import Machine
from harness.results.records import Header, MeasuredHeader
from reports.writing.names import find_language
from reports.writing.tables import render_table
from reports.writing.text import count, escape, fence, fold, format_bytes, quote_code


def render_facts(facts: Mapping[str, str], header: Header, again: str) -> str:
    """Render a list of facts, the command that repeats the session, and its packages."""
    listed = "\n".join(f"- **{name}**: {fact}" for name, fact in facts.items())
    parts = ["## Provenance", listed, again, fence(header.command, "sh")]
    return "\n\n".join(
        [*parts, fold("Exact versions of everything installed", list_installed(header.pins))]
    )


def describe_harness(header: Header) -> str:
    """Name the version of the harness and its commit."""
    commit = quote_code(header.harness_commit) if header.harness_commit else "unknown"
    return f"{escape(header.harness_version)}, commit {commit}"


def describe_workers(header: MeasuredHeader) -> dict[str, str]:
    """Say how many processes served an app, where that was asked for."""
    if header.workers == 1:
        return {}
    text = f"{header.workers} processes an app; steps and calls are not seen in all, and left out"
    return {"Workers": text}


def list_lines(header: Header) -> str:
    """Say which lines were measured, and what each is for."""
    lines = dict.fromkeys(cell.line for cell in header.cells)
    return ", ".join(f"{escape(line)} ({find_language(header, line)})" for line in lines)


def describe_machine(machine: Machine) -> str:
    """Describe a machine, in a line of Markdown."""
    return escape(
        f"{machine.processor}, {count(machine.cores, 'core')}, "
        f"{format_bytes(machine.memory_bytes)}, {machine.system}, "
        f"Python {machine.python}, Node {machine.node}"
    )


def list_installed(pins: Mapping[str, Mapping[str, str]]) -> str:
    """List line -> package -> version as a table."""
    rows = [
        {"Line": escape(line), "Package": quote_code(package), "Version": escape(version)}
        for line, packages in pins.items()
        for package, version in sorted(packages.items())
    ]
    return render_table(rows) if rows else "none recorded"
