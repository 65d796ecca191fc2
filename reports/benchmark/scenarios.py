"""The sections of the scenarios: a table for every kind of World, fastest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.descriptions import Cell, Scenario
from harness.measure.statistics import Decision, Mode
from reports.benchmark.findings import Entry, Findings
from reports.benchmark.flaws import explain_briefly, sign_flaw
from reports.benchmark.wins import decide_together
from reports.writing.names import LANGUAGES
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, count, escape, format_estimate, format_ms

_TIMES = {"Workflow Time": "workflow", "Wall Time": "wall"}
_STREAM_TIMES = {"TTFB": "ttfb", "Slurp": "slurp"}


#: Scenario and section -> who is the fastest there.
Decisions = Mapping[tuple[str, str], Decision[Cell]]


def decide_sections(findings: Findings) -> Decisions:
    """Decide every table of times; they are corrected for together."""
    compared = {
        (scenario.id, section): {entry.cell: entry for entry in entries if entry.competes}
        for scenario in findings.results.header.scenarios
        for section, entries in list_sections(findings, scenario).items()
    }
    decided = decide_together(findings, list(compared.values()))
    return dict(zip(compared, decided, strict=True))


def list_sections(findings: Findings, scenario: Scenario) -> dict[str, list[Entry]]:
    """Return section -> the entries of its table; those of dev servers come first."""
    sections: dict[str, list[Entry]] = {}
    for entry in sorted(findings.of_scenario(scenario), key=lambda it: it.cell.mode):
        sections.setdefault(name_section(findings, entry.cell), []).append(entry)
    return sections


def render_scenario(findings: Findings, scenario: Scenario, decisions: Decisions) -> str:
    """Render the section of one scenario."""
    parts = [f"### {escape(scenario.title)}"]
    for section, entries in list_sections(findings, scenario).items():
        decision = decisions[scenario.id, section]
        parts += [f"#### {escape(section)}", _render_section(findings, entries, decision)]
    parts += _render_notes(findings, scenario)
    return "\n\n".join(parts)


def _render_notes(findings: Findings, scenario: Scenario) -> list[str]:
    """Say what is different in the languages that were measured."""
    spoken = dict.fromkeys(item.language for item in findings.results.header.frameworks)
    return [
        f"In {LANGUAGES[language]}: {escape(scenario.notes[language])}"
        for language in spoken
        if language in scenario.notes
    ]


def name_section(findings: Findings, cell: Cell) -> str:
    """Return the section that a cell stands in: that of its World, or of its World's dev servers.

    Where there were several machines, each has sections of its own.
    """
    header = findings.results.header
    world = next((world for world in header.worlds if world.id == cell.world), None)
    section = world.section if world else cell.world
    if cell.mode == "development":
        section = f"💻 {world.title if world else cell.world} Development"
    part = header.part_of(cell)
    return f"{section} (machine {part})" if part else section


def _render_section(findings: Findings, entries: Sequence[Entry], decision: Decision[Cell]) -> str:
    fastest = find_pace(entries)
    rows = []
    for entry in sorted(entries, key=order_entries):
        row = findings.names.columns(entry.cell, "line", "world", "framework")
        if entry.cell == decision.winner:
            row["Framework"] = f"🥇 {row['Framework']}"
        row |= _show_times(entry)
        row["Samples"] = _count_samples(findings, entry)
        row["vs Fastest"] = _compare(entry, decision, fastest)
        rows.append(row)
    return render_table(rows)


def _show_times(entry: Entry) -> dict[str, str]:
    """Show every time with its interval; the overhead, a difference of two, without."""
    found = entry.estimates
    shown = {title: format_estimate(found.get(key)) for title, key in _TIMES.items()}
    if entry.workflow is None:
        shown["Workflow Time"] = sign_flaw(entry.flaws)
    elif modes := entry.modes:
        shown["Workflow Time"] += f" ({describe_modes(modes)})"
    shown["Overhead"] = format_ms(found["overhead"].center if "overhead" in found else None)
    if entry.scenario.kind == "streams":
        shown |= {title: format_estimate(found.get(key)) for title, key in _STREAM_TIMES.items()}
    return shown


def find_pace(entries: Iterable[Entry]) -> float | None:
    """Return the time that others are divided by: the smallest without a flaw, where there is one.

    `None` if no entry is compared.
    """
    timed = [(not entry.may_win, time.center) for entry in entries if (time := entry.contender)]
    return min(timed)[1] if timed else None


def describe_modes(modes: Sequence[Mode]) -> str:
    """Name the peaks of a sample: no center describes both."""
    peaks = ", ".join(f"{format_ms(mode.center)} in {mode.share:.0%}" for mode in modes)
    return f"two peaks: {peaks}"


def order_entries(entry: Entry) -> tuple[bool, bool, bool, float]:
    """Order rows: without a flaw, compared in spite of it, not compared; the fastest first."""
    time = entry.workflow
    return not entry.may_win, not entry.competes, time is None, time.center if time else 0.0


def _count_samples(findings: Findings, entry: Entry) -> str:
    """Say how many samples a time comes from, and out of how many, where some are lacking."""
    if not entry.taken:
        return NOTHING
    number = f"{entry.correct:,}"
    if entry.correct != entry.taken:
        number += f" of {entry.taken:,}"
    if entry.workflow and entry.workflow.forks != findings.results.header.forks:
        number += f" in {count(entry.workflow.forks, 'fork')}"
    return f"{number}, {entry.polled:,} polled" if entry.polled else number


def _compare(entry: Entry, decision: Decision[Cell], fastest: float | None) -> str:
    """Say how an entry stands to the fastest of its table, or why it does not."""
    if entry.flaws and not entry.is_whole:
        return explain_briefly(entry)
    ratio = NOTHING
    if entry.workflow and fastest and fastest > 0:
        ratio = f"{entry.workflow.center / fastest:.2f}x"
    if entry.cell in decision.tied and len(decision.tied) > 1:
        ratio += " 🤝 tied"
    return f"{ratio} {explain_briefly(entry)}" if entry.flaws else ratio
