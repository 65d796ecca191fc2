"""Why a cell has no time, or cannot win with the time it has."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from harness.descriptions import Cell, Scenario
from harness.results.records import BenchHeader, Kind
from reports.benchmark.findings import (
    GRAVITY,
    NO_REASON,
    OF_SAMPLES,
    Entry,
    Findings,
    Flaw,
    FlawKind,
)
from reports.writing.text import count, escape, fence, flatten, quote_code, shorten

#: The heading of what is on the list of known faults.
KNOWN_TITLE = "## Known Faults"

#: In place of a time.
_SIGNS: dict[FlawKind, str] = {
    "incorrect": "❌ incorrect",
    "failed": "❌ failed",
    "timeout": "❌ timed out",
    "fork": "❌ fork failed",
    "missing": "❌ missing",
    "untimed": "❌ not timed",
}

#: Stands before a fault that leaves its cell in the comparison.
FAULT = "⚠"

#: What a sample was: `1 of 9 wrong`.
_BAD: dict[FlawKind, str] = {"incorrect": "wrong", "failed": "failed", "timeout": "timed out"}

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


def explain_briefly(entry: Entry) -> str:
    """Explain the flaws of an entry within a cell of a table, with the gravest reason, shortened.

    `⚠ 1 of 9 wrong, known: …` if at most single samples are bad; otherwise `❌ 1 failed fork: …`.
    """
    reason = _quote_reason(entry.flaws[0])
    if entry.is_whole:
        return f"{FAULT} {describe_rate(entry)}: {reason}"
    known = f", {text}" if (text := _state_known(entry.flaws)) else ""
    return f"❌ {count_flaws(entry.flaws)}{known}: {reason}"


def describe_rate(entry: Entry) -> str:
    """Say how many of an entry's runs were bad, and whether that is known, as plain text.

    `1 of 9 wrong, known`, `2 of 9 wrong, 1 of 9 failed, not known`; empty if none was bad.
    """
    rate = _count_bad(entry, entry.flaws)
    return f"{rate}, {_state_known(entry.flaws) or 'not known'}" if rate else ""


def tell_flaws(entry: Entry, flaws: Sequence[Flaw]) -> str:
    """Count flaws of an entry: as a rate of its runs, where some of them were correct."""
    if not entry.correct:
        return count_flaws(flaws)
    others = count_flaws(flaw for flaw in flaws if flaw.kind not in OF_SAMPLES)
    return ", ".join(text for text in (_count_bad(entry, flaws), others) if text)


def state_reason(flaw: Flaw) -> str:
    """Return why something is wrong, as plain text: of a known fault, what the list says."""
    if flaw.state == "expired":
        return f"{flaw.cause}: {flaw.reason}"
    return flaw.cause if flaw.is_known else flaw.reason


def _count_bad(entry: Entry, flaws: Iterable[Flaw]) -> str:
    """Count bad samples among all runs of an entry: `1 of 9 wrong, 2 of 9 failed`."""
    totals: Counter[FlawKind] = Counter()
    for flaw in flaws:
        totals[flaw.kind] += flaw.times
    rates = {kind: f"{totals[kind]:,} of {entry.runs:,} {word}" for kind, word in _BAD.items()}
    return ", ".join(rate for kind, rate in rates.items() if totals[kind])


def _state_known(flaws: Sequence[Flaw]) -> str:
    """Say what the list of known faults says of bad samples; empty if it says nothing."""
    bad = [flaw for flaw in flaws if flaw.kind in OF_SAMPLES]
    known = sum(flaw.times for flaw in bad if flaw.is_known)
    if known:
        return "known" if all(flaw.is_known for flaw in bad) else f"{known:,} of them known"
    return "no longer known" if any(flaw.state == "expired" for flaw in bad) else ""


def _quote_reason(flaw: Flaw) -> str:
    """Put a reason in a cell of a table: a message as code, and what the list says as text."""
    if flaw.is_known:
        return escape(shorten(flatten(flaw.cause)))
    return quote_code(shorten(flatten(flaw.reason)))


class CellFailure(msgspec.Struct, frozen=True):
    """What went wrong with one cell, told once however many scenarios it concerns."""

    cell: Cell
    #: Empty when it concerns all that were asked for.
    scenarios: tuple[Scenario, ...]
    #: How much of what went wrong, as plain text.
    what: str
    flaws: tuple[Flaw, ...]
    #: Whether all of it is on the list of known faults.
    known: bool = False


def list_failures(findings: Findings) -> tuple[CellFailure, ...]:
    """Return what went wrong and is not known: bad samples, failed forks, what is missing."""
    return (
        *_list_bad_samples(findings, known=False),
        *_list_failed_forks(findings),
        *_list_missing(findings),
    )


def list_known_faults(findings: Findings) -> tuple[CellFailure, ...]:
    """Return what went wrong and is on the list of known faults."""
    return tuple(_list_bad_samples(findings, known=True))


def render_failures(findings: Findings) -> str:
    """Render failures, then known faults, with the commands that reproduce them; empty if none."""
    told = {"## Failures": list_failures(findings), KNOWN_TITLE: list_known_faults(findings)}
    return "\n\n".join(
        "\n\n".join([title, *(_render_failure(findings, failure) for failure in failures)])
        for title, failures in told.items()
        if failures
    )


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


def _list_bad_samples(findings: Findings, *, known: bool) -> Iterator[CellFailure]:
    """Samples have reasons of their own: one failure a cell and scenario."""
    for entry in findings.entries.values():
        flaws = [
            flaw
            for flaw in entry.flaws
            if flaw.kind not in ("fork", "missing") and flaw.is_known == known
        ]
        if flaws:
            yield CellFailure(
                entry.cell, (entry.scenario,), tell_flaws(entry, flaws), tuple(flaws), known
            )


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
        if flaw.cause:
            blocks.append(f"{'Known' if flaw.is_known else 'Not known'}: {escape(flaw.cause)}.")
    command = reproduce(failure, findings.results.header)
    return "\n\n".join([*blocks, fence(command, "sh")])


def _describe(findings: Findings, failure: CellFailure) -> str:
    names, cell = findings.names, failure.cell
    framework, world = names.title("framework", cell.framework), names.title("world", cell.world)
    mode = [cell.mode] if cell.mode != "production" else []
    scenarios = [scenario.title for scenario in failure.scenarios]
    place = " · ".join([cell.line, world, framework, *mode, *scenarios])
    return escape(f"{place}: {failure.what}")
