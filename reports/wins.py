"""Who wins how often: comparisons between cells that differ in one part only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from harness.descriptions import Cell
from harness.measure.statistics import Decision, bound_chance_of_win, decide
from reports.findings import Entry, Findings
from reports.names import HEADINGS, Names, Part
from reports.tables import render_table
from reports.text import NOTHING, count, escape


class Comparison(msgspec.Struct, frozen=True):
    """One scenario in one contest: at least two contenders whose every answer was correct."""

    scenario: str
    decision: Decision[str]
    #: How likely a winner is if all are equally fast, at most.
    chance: float


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
        """Those with the most wins, in the order they were asked for; nobody without a win."""
        wins = self.wins
        most = max(wins.values(), default=0)
        return tuple(name for name in self.contenders if most and wins[name] == most)

    @property
    def ties(self) -> int:
        """Comparisons that nobody won."""
        return len(self.comparisons) - self.wins.total()


def hold_contests(findings: Findings, part: Part) -> tuple[Contest, ...]:
    """Hold every contest of one part, in the order in which cells were asked for."""
    places: dict[tuple[str, ...], list[Cell]] = {}
    for cell in findings.results.header.cells:
        places.setdefault(_leave_out(cell, part), []).append(cell)
    contests = []
    for cells in places.values():
        comparisons = []
        for scenario in findings.results.header.scenarios:
            entries = [findings.entries[cell, scenario.id] for cell in cells]
            comparison = _compare(scenario.id, part, entries)
            if comparison:
                comparisons.append(comparison)
        contenders = tuple(getattr(cell, part) for cell in cells)
        contests.append(Contest(cells[0], part, contenders, tuple(comparisons)))
    return tuple(contests)


def list_parts(findings: Findings) -> tuple[Part, ...]:
    """Return what is worth comparing: lines only where there are several."""
    return (
        ("framework", "world", "line") if findings.names.several_lines else ("framework", "world")
    )


def bound_chance_wins(contests: Sequence[Contest]) -> float:
    """Bound how many wins are to be expected if all contenders are equally fast."""
    return sum(item.chance for contest in contests for item in contest.comparisons)


def render_summary(findings: Findings) -> str:
    """Render who is the fastest framework of every World, World of every framework, and line."""
    parts = ["## Summary", "winner determined by most benchmark wins"]
    for part in list_parts(findings):
        contests = hold_contests(findings, part)
        rows = [_make_row(findings.names, contest) for contest in contests]
        parts += [f"### {name_contests(part)}", render_table(rows), _explain_chance(contests)]
    return "\n\n".join(parts)


def name_contests(part: Part) -> str:
    """Return the title of a table of contests: `Fastest World by Framework`."""
    others = " and ".join(HEADINGS[other] for other in others_than(part) if other != "line")
    return f"Fastest {HEADINGS[part]} by {others}"


def describe_leaders(names: Names, contest: Contest) -> str:
    """Say who has the most wins, as plain text: one, a tie of several, or nobody and why."""
    titles = [names.title(contest.part, leader) for leader in contest.leaders]
    if len(titles) == 1:
        return titles[0]
    if titles:
        return f"tie: {', '.join(titles)}"
    if len(contest.contenders) == 1:
        return f"nobody ({names.title(contest.part, contest.contenders[0])} ran alone)"
    return "nobody" if contest.comparisons else "nobody (no two without a flaw)"


def describe_wins(names: Names, contest: Contest) -> str:
    """List the wins of all who have one, as plain text: `Express 12, Hono 2`."""
    wins = contest.wins
    ranked = sorted(contest.contenders, key=lambda contender: -wins[contender])
    listed = [f"{names.title(contest.part, name)} {wins[name]}" for name in ranked if wins[name]]
    return ", ".join(listed) or ("0" if contest.comparisons else NOTHING)


def describe_ties(contest: Contest) -> str:
    """Say how many of the comparisons nobody won: `4 of 18`."""
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


def _explain_chance(contests: Sequence[Contest]) -> str:
    compared = sum(len(contest.comparisons) for contest in contests)
    if not compared:
        return "Nothing was compared: that needs two cells without a flaw."
    won = sum(contest.wins.total() for contest in contests)
    return (
        f"A winner in {won:,} of {count(compared, 'comparison')}; were all equally fast, "
        f"chance alone would give up to {bound_chance_wins(contests):.1f}."
    )


def _compare(scenario: str, part: Part, entries: Sequence[Entry]) -> Comparison | None:
    times = {getattr(entry.cell, part): entry.contender for entry in entries}
    contenders = {name: time for name, time in times.items() if time is not None}
    if len(contenders) < 2:
        return None
    chance = bound_chance_of_win(min(time.forks for time in contenders.values()))
    return Comparison(scenario, decide(contenders), chance)


def others_than(part: Part) -> tuple[Part, ...]:
    """Return the parts that a contest holds fixed, the line first."""
    order: tuple[Part, ...] = ("line", "framework", "world")
    return tuple(other for other in order if other != part)


def _leave_out(cell: Cell, part: Part) -> tuple[str, ...]:
    return tuple(getattr(cell, other) for other in others_than(part))
