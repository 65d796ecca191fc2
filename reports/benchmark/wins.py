"""Who wins how often: comparisons between cells that differ in one part only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

import msgspec

from harness.descriptions import Cell, Scenario
from harness.measure.metrics import RESOLUTION_MS
from harness.measure.questions import CellPart, Part
from harness.measure.statistics import FALSE_SHARE, Decision, decide
from reports.benchmark.findings import Entry, Findings
from reports.writing.names import HEADINGS, Names
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, count, escape

Key = TypeVar("Key", bound=Hashable)


class Comparison(msgspec.Struct, frozen=True):
    """One scenario in one contest: at least two contenders with correct answers."""

    scenario: str
    decision: Decision[str]


class Contest(msgspec.Struct, frozen=True):
    """Cells that differ in one part only, compared scenario by scenario."""

    #: Any of its cells: they agree in everything but the part.
    place: Cell
    part: Part
    #: Ids of the part that were asked for.
    contenders: tuple[str, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def wins(self) -> Counter[str]:
        """Id -> scenarios won."""
        winners = (comparison.decision.winner for comparison in self.comparisons)
        return Counter(winner for winner in winners if winner is not None)

    @property
    def leaders(self) -> tuple[str, ...]:
        """Those with the most wins, in the order they were asked for; empty without a win."""
        wins = self.wins
        most = max(wins.values(), default=0)
        return tuple(name for name in self.contenders if most and wins[name] == most)

    @property
    def ties(self) -> int:
        """Comparisons without a winner."""
        return len(self.comparisons) - self.wins.total()


def hold_contests(findings: Findings, part: Part) -> tuple[Contest, ...]:
    """Hold every contest of one part, in the order in which cells were asked for.

    They are decided together: the correction for many comparisons is over all of them.
    """
    header = findings.results.header
    places: dict[tuple[object, ...], list[Cell]] = {}
    for cell in header.cells:
        places.setdefault((header.part_of(cell), *_leave_out(cell, part)), []).append(cell)
    compared = {
        (place, scenario.id): contenders
        for place, cells in places.items()
        for scenario in header.scenarios
        if len(contenders := _find_contenders(findings, part, cells, scenario)) > 1
    }
    decided = decide_together(findings, list(compared.values()))
    decisions = dict(zip(compared, decided, strict=True))
    return tuple(
        Contest(
            cells[0],
            part,
            tuple(getattr(cell, part) for cell in cells),
            tuple(
                Comparison(scenario, decision)
                for (at, scenario), decision in decisions.items()
                if at == place
            ),
        )
        for place, cells in places.items()
    )


def decide_together(
    findings: Findings, comparisons: Sequence[Mapping[Key, Entry]]
) -> tuple[Decision[Key], ...]:
    """Decide comparisons of workflow times as one table; an entry with a flaw does not win."""
    return decide(
        [{key: entry.series for key, entry in entries.items()} for entries in comparisons],
        barred=[
            {key for key, entry in entries.items() if not entry.may_win} for entries in comparisons
        ],
        resolution=RESOLUTION_MS["workflow"],
        inflation=findings.inflation or 1.0,
    )


def list_parts(findings: Findings) -> tuple[Part, ...]:
    """Return what is worth comparing: lines only where there are several."""
    return (
        ("framework", "world", "line") if findings.names.several_lines else ("framework", "world")
    )


def render_summary(findings: Findings) -> str:
    """Render the fastest framework of every World, World of every framework, and line."""
    parts = ["## Summary", "winner determined by most benchmark wins"]
    for part in list_parts(findings):
        contests = hold_contests(findings, part)
        rows = [_make_row(findings.names, contest) for contest in contests]
        parts += [f"### {name_contests(part)}", render_table(rows), explain_chance(contests)]
    return "\n\n".join(parts)


def name_contests(part: Part) -> str:
    """Return the title of a table of contests: `Fastest World by Framework`."""
    others = " and ".join(
        HEADINGS[other] for other in others_than(part) if other in ("framework", "world")
    )
    return f"Fastest {HEADINGS[part]} by {others}"


def describe_leaders(names: Names, contest: Contest) -> str:
    """Say who has the most wins, as plain text: one, a tie of several, or none and why."""
    titles = [names.title(contest.part, leader) for leader in contest.leaders]
    if len(titles) == 1:
        return titles[0]
    if titles:
        return f"tie: {', '.join(titles)}"
    if len(contest.contenders) == 1:
        return f"no comparison ({names.title(contest.part, contest.contenders[0])} ran alone)"
    if contest.comparisons:
        return "no clear winner"
    return "no comparison (fewer than two without a failure)"


def describe_wins(names: Names, contest: Contest) -> str:
    """List the wins of all who have one, as plain text: `Express 12, Hono 2`."""
    wins = contest.wins
    ranked = sorted(contest.contenders, key=lambda contender: -wins[contender])
    listed = [f"{names.title(contest.part, name)} {wins[name]}" for name in ranked if wins[name]]
    return ", ".join(listed) or ("0" if contest.comparisons else NOTHING)


def describe_ties(contest: Contest) -> str:
    """Say how many of the comparisons have no winner: `4 of 18`."""
    return f"{contest.ties} of {len(contest.comparisons)}" if contest.comparisons else NOTHING


def _make_row(names: Names, contest: Contest) -> dict[str, str]:
    signs = {0: "", 1: "🥇 "}
    leaders = signs.get(len(contest.leaders), "🤝 ") + describe_leaders(names, contest)
    return {
        **names.columns(contest.place, *others_than(contest.part)),
        f"🥇 Fastest {HEADINGS[contest.part]}": escape(leaders),
        "Wins": escape(describe_wins(names, contest)),
        "Ties": describe_ties(contest),
    }


def explain_chance(contests: Sequence[Contest]) -> str:
    """Say how many comparisons have a winner, and how often chance alone would give any."""
    compared = sum(len(contest.comparisons) for contest in contests)
    if not compared:
        return "Nothing was compared: that needs two cells without a failure."
    won = sum(contest.wins.total() for contest in contests)
    return (
        f"A winner in {won:,} of {count(compared, 'comparison')}. If nothing differed, about "
        f"1 table in {round(1 / FALSE_SHARE)} would show a winner by chance."
    )


def _find_contenders(
    findings: Findings, part: Part, cells: Sequence[Cell], scenario: Scenario
) -> dict[str, Entry]:
    """Return those that are compared: id of the part -> entry."""
    entries = [findings.entries[cell, scenario.id] for cell in cells]
    return {getattr(entry.cell, part): entry for entry in entries if entry.competes}


def others_than(part: Part) -> tuple[CellPart, ...]:
    """Return the parts that a contest holds fixed, the line first."""
    order: tuple[CellPart, ...] = ("line", "framework", "world", "mode")
    return tuple(other for other in order if other != part)


def _leave_out(cell: Cell, part: Part) -> tuple[str, ...]:
    return tuple(getattr(cell, other) for other in others_than(part))
