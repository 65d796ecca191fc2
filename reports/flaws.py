"""Why a cell has no time, or cannot win with the time it has."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from harness.descriptions import Cell, Scenario
from harness.measure.results import Kind
from reports.findings import GRAVITY, Findings, Flaw, FlawKind
from reports.text import count, escape, fence, flatten, quote_code, shorten

#: In place of a time.
_SIGNS: dict[FlawKind, str] = {
    "incorrect": "❌ incorrect",
    "failed": "❌ failed",
    "timeout": "❌ timed out",
    "fork": "❌ fork failed",
    "missing": "❌ missing",
    "untimed": "❌ not timed",
}

_WORDS: dict[FlawKind, str] = {
    "incorrect": "incorrect answer",
    "failed": "failed run",
    "timeout": "timeout",
    "fork": "failed fork",
    "missing": "missing result",
    "untimed": "untimed run",
}


def sign_flaw(flaws: Sequence[Flaw]) -> str:
    """Return what stands where a time would: the gravest flaw, in two words."""
    return _SIGNS[flaws[0].kind]


def count_flaws(flaws: Iterable[Flaw]) -> str:
    """Count flaws by kind, gravest first: `2 incorrect answers, 1 failed fork`."""
    totals: Counter[FlawKind] = Counter()
    for flaw in flaws:
        totals[flaw.kind] += flaw.times
    return ", ".join(count(totals[kind], _WORDS[kind]) for kind in GRAVITY if totals[kind])


def explain_briefly(flaws: Sequence[Flaw]) -> str:
    """Explain flaws within a cell of a table: how many, and the gravest reason, shortened."""
    return f"{count_flaws(flaws)}: {quote_code(shorten(flatten(flaws[0].reason)))}"


def render_failures(findings: Findings) -> str:
    """Render every flaw whole, with the command that reproduces it; empty when there is none."""
    parts = [*_render_bad_samples(findings), *_render_failed_forks(findings)]
    parts += _render_missing(findings)
    return "\n\n".join(["## Failures", *parts]) if parts else ""


def reproduce(findings: Findings, cell: Cell, scenarios: Sequence[Scenario] = ()) -> str:
    """Return the command that measures a cell again; without scenarios, all that were asked for."""
    words = ["world-harness", "bench", "--line", cell.line, "--framework", cell.framework]
    words += ["--world", cell.world]
    for scenario in scenarios:
        words += ["--scenario", scenario.id]
    return shlex.join([*words, "--seed", str(findings.results.header.seed)])


def _render_bad_samples(findings: Findings) -> Iterator[str]:
    """Samples have reasons of their own: one part a cell and scenario."""
    for entry in findings.entries.values():
        flaws = [flaw for flaw in entry.flaws if flaw.kind not in ("fork", "missing")]
        if flaws:
            about = f"{_name_cell(findings, entry.cell)}, {escape(entry.scenario.title)}"
            command = reproduce(findings, entry.cell, [entry.scenario])
            yield _render_part(f"{about}: {count_flaws(flaws)}", flaws, command)


def _render_failed_forks(findings: Findings) -> Iterator[str]:
    """A fork that failed concerns all scenarios: one part a cell and kind of fork."""
    reasons: dict[tuple[Cell, Kind], Counter[str]] = {}
    for end in findings.failed_forks:
        found = reasons.setdefault((end.cell, end.kind), Counter())
        found[end.reason or "no reason was given"] += 1
    for (cell, kind), met in reasons.items():
        flaws = [Flaw("fork", reason, times) for reason, times in met.items()]
        number = count(met.total(), f"{kind} fork that failed", f"{kind} forks that failed")
        about = f"{_name_cell(findings, cell)}: {number}"
        yield _render_part(about, flaws, reproduce(findings, cell))


def _render_missing(findings: Findings) -> Iterator[str]:
    """What is missing mostly is so for one reason: one part a cell and reason."""
    missing: dict[tuple[Cell, str], list[Scenario]] = {}
    for entry in findings.entries.values():
        for flaw in entry.flaws:
            if flaw.kind == "missing":
                missing.setdefault((entry.cell, flaw.reason), []).append(entry.scenario)
    everything = len(findings.results.header.scenarios)
    for (cell, reason), scenarios in missing.items():
        names = ", ".join(escape(scenario.title) for scenario in scenarios)
        whole = len(scenarios) == everything
        about = f"{_name_cell(findings, cell)}: {'everything' if whole else names} is missing"
        command = reproduce(findings, cell, () if whole else scenarios)
        yield _render_part(about, [Flaw("missing", reason, 1)], command)


def _render_part(about: str, flaws: Sequence[Flaw], command: str) -> str:
    blocks = [f"**{about}**"]
    for flaw in flaws:
        if flaw.times > 1:
            blocks.append(f"{flaw.times:,} times:")
        blocks.append(fence(flaw.reason, "text"))
    return "\n\n".join([*blocks, fence(command, "sh")])


def _name_cell(findings: Findings, cell: Cell) -> str:
    names = findings.names
    framework, world = names.title("framework", cell.framework), names.title("world", cell.world)
    return f"{escape(cell.line)} · {escape(world)} · {escape(framework)}"
