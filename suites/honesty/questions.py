"""What a quick session answers, and how often it is right: against twins and with known effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from harness.descriptions import Cell
from harness.measure.metrics import RESOLUTION_MS
from harness.measure.statistics import (
    Contenders,
    Ranking,
    Series,
    decide,
    rank_scenarios,
    rank_whole,
)
from reports.benchmark.findings import Findings, study
from reports.benchmark.wins import hold_contests
from suites.honesty.sessions import DrawnSession, Recording

_RESOLUTION = RESOLUTION_MS["workflow"]
#: Known effects: of one scenario, and of all.
ONE_EFFECT = 1.25
WHOLE_EFFECT = 1.05
#: Rows that differ by at least this much in the whole recording must be called.
LARGE_ROW = 1.5

#: A contender under another name -> its cells, by partner.
Group = Mapping[str, Cell]


class Pairing(msgspec.Struct, frozen=True):
    """A World or framework and its twins, as two contenders of one question."""

    title: str
    real: Group
    twin: Group


def list_pairings(recording: Recording) -> tuple[list[Pairing], list[Pairing]]:
    """Return the Worlds and the frameworks, each beside its twins."""
    twins = {match.before: match.after for match in recording.twins.values()}
    found: tuple[list[Pairing], list[Pairing]] = ([], [])
    for place, (part, partner) in enumerate((("world", "framework"), ("framework", "world"))):
        for name in dict.fromkeys(getattr(cell, part) for cell in twins):
            real = {getattr(cell, partner): cell for cell in twins if getattr(cell, part) == name}
            twin = {key: twins[cell] for key, cell in real.items()}
            found[place].append(Pairing(name, real, twin))
    return found


def gather(
    session: DrawnSession, pairing: Pairing, factors: Mapping[str, float] = {}
) -> dict[str, Contenders]:
    """Return scenario -> a contender and its twin, the twin's times multiplied by a factor."""
    return {
        scenario.id: {
            "real": _find(session, pairing.real, scenario.id, 1.0),
            "twin": _find(session, pairing.twin, scenario.id, factors.get(scenario.id, 1.0)),
        }
        for scenario in session.results.header.scenarios
    }


def _find(session: DrawnSession, group: Group, scenario: str, factor: float) -> dict[str, Series]:
    return {
        partner: {
            block: [time * factor for time in times]
            for block, times in session.series.get((cell, scenario), {}).items()
        }
        for partner, cell in group.items()
    }


def rank_all(asked: Mapping[str, Contenders], findings: Findings) -> Ranking:
    """Rank by the mean over all scenarios, as a report does."""
    inflation = findings.whole_inflation or 1.0
    return rank_whole(asked, resolution=_RESOLUTION, inflation=inflation)


def rank_each(asked: Mapping[str, Contenders], findings: Findings) -> tuple[Ranking, ...]:
    """Rank in each scenario, as a report does."""
    inflation = findings.inflation or 1.0
    return rank_scenarios([*asked.values()], resolution=_RESOLUTION, inflation=inflation)


def call_rows(session: DrawnSession, recording: Recording, findings: Findings) -> list[bool]:
    """Say for each cell and scenario whether the table calls a difference between it and itself."""
    rows = [
        {
            "real": session.series[cell, scenario.id],
            "twin": session.series[match.after, scenario.id],
        }
        for cell, match in recording.twins.items()
        for scenario in session.results.header.scenarios
    ]
    decided = decide(rows, resolution=_RESOLUTION, inflation=findings.inflation or 1.0)
    return [decision.winner is not None for decision in decided]


def call_large_rows(findings: Findings, large: Mapping[tuple[Cell, str], str]) -> Iterator[bool]:
    """Say for each comparison that is known to be large whether its right winner is named."""
    for part in ("framework", "world"):
        for contest in hold_contests(findings, part):
            for comparison in contest.comparisons:
                winner = large.get((contest.place, f"{part} {comparison.scenario}"))
                if winner is not None:
                    yield comparison.decision.winner == winner


def find_large_rows(whole: DrawnSession) -> dict[tuple[Cell, str], str]:
    """Return the comparisons of two whose ratio in the whole recording is large -> the faster."""
    findings = study(whole.results)
    found = {}
    for part in ("framework", "world"):
        for contest in hold_contests(findings, part):
            for comparison in contest.comparisons:
                times = _list_centers(findings, contest.place, part, comparison.scenario)
                (first, fastest), (second, _) = sorted(
                    (time, name) for name, time in times.items()
                )[:2]
                if second / first >= LARGE_ROW:
                    found[contest.place, f"{part} {comparison.scenario}"] = fastest
    return found


def _list_centers(findings: Findings, place: Cell, part: str, scenario: str) -> dict[str, float]:
    centers = {}
    for cell in findings.results.header.cells:
        if all(
            getattr(cell, other) == getattr(place, other)
            for other in ("line", "framework", "world")
            if other != part
        ):
            time = findings.entries[cell, scenario].workflow
            if time is not None:
                centers[getattr(cell, part)] = time.center
    return centers
