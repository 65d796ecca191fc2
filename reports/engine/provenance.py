"""Where the results of engine checks come from, and the command that runs them again."""

from __future__ import annotations

from harness.results.records import EngineResults
from reports.writing.facts import describe_harness, describe_machine, render_facts
from reports.writing.text import escape, format_seconds, quote_code


def render_engine_provenance(results: EngineResults, source: str) -> str:
    """Render where results of engine suites come from, and the command that repeats them."""
    header = results.header
    took = f", took {format_seconds(results.footer.seconds)}" if results.footer else ""
    facts = {
        "Harness": describe_harness(header),
        "Methodology": f"{header.methodology}; results of another are not comparable",
        "Cells": str(len(header.cells)),
        "Seed": str(header.seed),
        "Machine": describe_machine(header.machine),
        "Session": f"began {escape(header.started_at)}{took}",
        "Raw data": quote_code(source),
    }
    return render_facts(facts, header, "Reproduce:")
