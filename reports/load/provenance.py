"""Where the numbers of a load come from, and the command that repeats it."""

from __future__ import annotations

from harness.results.records import LoadResults
from reports.writing.facts import (
    describe_harness,
    describe_machine,
    describe_workers,
    list_lines,
    render_facts,
)
from reports.writing.text import escape, quote_code


def describe_load_provenance(results: LoadResults, source: str) -> str:
    """Render where the numbers of a load come from, and the command that loads again."""
    header = results.header
    load = header.load
    shared = f", one of {load.generators} generators" if load.generators > 1 else ""
    facts = {
        "Harness": describe_harness(header),
        "Arrivals": f"{load.arrivals}{shared}",
        "SDK": list_lines(header),
        **describe_workers(header),
        "Seed": str(header.seed),
        "Machine": f"{describe_machine(header.machine)}: the generator, the app and its World "
        "share it, unless the app is remote",
        "Session": f"began {escape(header.started_at)}",
        "Raw data": quote_code(source),
    }
    return render_facts(facts, header, "Reproduce:")
