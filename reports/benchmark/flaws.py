"""Why a cell has no time, or cannot win with the time it has."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from harness.descriptions import Cell, Scenario
from harness.results.records import BenchHeader, Kind
from reports.benchmark.findings import GRAVITY, NO_REASON, Findings, Flaw, FlawKind
from reports.writing.text import count, escape, fence, flatten, quote_code, shorten

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


class CellFailure(msgspec.Struct, frozen=True):
    """What went wrong with one cell, told once however many scenarios it concerns."""

    cell: Cell
    #: Empty when it concerns all that were asked for.
    scenarios: tuple[Scenario, ...]
    #: How much of what went wrong, as plain text.
    what: str
    flaws: tuple[Flaw, ...]


def list_failures(findings: Findings) -> tuple[CellFailure, ...]:
    """Return everything that went wrong: bad samples, then failed forks, then what is missing."""
    return (
        *_list_bad_samples(findings),
        *_list_failed_forks(findings),
        *_list_missing(findings),
    )


def render_failures(findings: Findings) -> str:
    """Render every failure whole, with the command that reproduces it; empty without one."""
    failures = [_render_failure(findings, failure) for failure in list_failures(findings)]
    return "\n\n".join(["## Failures", *failures]) if failures else ""


def reproduce(failure: CellFailure, header: BenchHeader) -> str:
    """Return the command that measures again what failed."""
    cell = failure.cell
    if cell not in header.cells:  # Only the whole session knows of it.
        return header.command
    words = ["world-harness", "bench", "--line", cell.line, "--framework", cell.framework]
    words += ["--world", cell.world]
    words += ["--mode", cell.mode] if cell.mode != "production" else []
    for scenario in failure.scenarios:
        words += ["--scenario", scenario.id]
    return shlex.join([*words, "--seed", str(header.seed)])


def _list_bad_samples(findings: Findings) -> Iterator[CellFailure]:
    """Samples have reasons of their own: one failure a cell and scenario."""
    for entry in findings.entries.values():
        flaws = [flaw for flaw in entry.flaws if flaw.kind not in ("fork", "missing")]
        if flaws:
            yield CellFailure(entry.cell, (entry.scenario,), count_flaws(flaws), tuple(flaws))


def _list_failed_forks(findings: Findings) -> Iterator[CellFailure]:
    """A fork that failed concerns all scenarios: one failure a cell and kind of fork."""
    reasons: dict[tuple[Cell, Kind], Counter[str]] = {}
    for end in findings.failed_forks:
        met = reasons.setdefault((end.cell, end.kind), Counter())
        met[end.reason or NO_REASON] += 1
    for (cell, kind), met in reasons.items():
        flaws = tuple(Flaw("fork", reason, times) for reason, times in met.items())
        yield CellFailure(cell, (), count(met.total(), f"failed {kind} fork"), flaws)


def _list_missing(findings: Findings) -> Iterator[CellFailure]:
    """What is missing mostly is so for one reason: one failure a cell and reason."""
    missing: dict[tuple[Cell, str], list[Scenario]] = {}
    for entry in findings.entries.values():
        for flaw in entry.flaws:
            if flaw.kind == "missing":
                missing.setdefault((entry.cell, flaw.reason), []).append(entry.scenario)
    everything = len(findings.results.header.scenarios)
    for (cell, reason), scenarios in missing.items():
        whole = len(scenarios) == everything
        flaws = (Flaw("missing", reason, len(scenarios)),)
        yield CellFailure(cell, () if whole else tuple(scenarios), count_flaws(flaws), flaws)


def _render_failure(findings: Findings, failure: CellFailure) -> str:
    blocks = [f"**{_describe(findings, failure)}**"]
    for flaw in failure.flaws:
        if len(failure.flaws) > 1:
            blocks.append(f"{count_flaws([flaw])}:")
        blocks.append(fence(flaw.reason, "text"))
    command = reproduce(failure, findings.results.header)
    return "\n\n".join([*blocks, fence(command, "sh")])


def _describe(findings: Findings, failure: CellFailure) -> str:
    names, cell = findings.names, failure.cell
    framework, world = names.title("framework", cell.framework), names.title("world", cell.world)
    mode = [cell.mode] if cell.mode != "production" else []
    scenarios = [scenario.title for scenario in failure.scenarios]
    place = " · ".join([cell.line, world, framework, *mode, *scenarios])
    return escape(f"{place}: {failure.what}")
