"""Targets for quick sessions that are drawn from a recording of all cells and their twins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import combinations

from harness.errors import UsageError
from harness.measure.questions import list_questions
from harness.measure.statistics import Contenders, Judgment
from reports.benchmark.findings import Findings, study
from suites.honesty.aims import AimRow, describe_rate
from suites.honesty.questions import (
    LARGE_ROW,
    ONE_EFFECT,
    WHOLE_EFFECT,
    Pairing,
    call_large_rows,
    call_rows,
    find_large_rows,
    gather,
    list_pairings,
    rank_all,
    rank_each,
)
from suites.honesty.sessions import DrawnSession, Recording, draw_sessions
from suites.honesty.tries import Rate

#: How long a quick session measures, in seconds, without its counting forks.
QUICK_S = 420.0
#: Sessions that share most of their blocks all say the same.
LEAST_BLOCKS = 12

#: Aim -> whether at least or at most this share is wanted.
_AIMS: dict[str, tuple[str, float]] = {
    "a cell and its twin: table rows called": ("at most", 0.02),
    "a World or framework and its twins: headline called": ("at most", 0.05),
    f"a World {ONE_EFFECT}x slower in one scenario: called": ("at least", 19 / 20),
    f"a World {WHOLE_EFFECT}x slower in all scenarios: headline called": ("at least", 19 / 20),
    f"a framework {WHOLE_EFFECT}x slower in all scenarios: headline called": ("at least", 19 / 20),
    f"table rows with a ratio of {LARGE_ROW}x or more: right winner called": ("at least", 0.9),
    "headline intervals that hold the ratio of the whole recording": ("at least", 0.92),
}
_SAME_ROWS, _SAME_WHOLE, _ONE, _WORLD, _FRAMEWORK, _LARGE, _COVERED = _AIMS

#: Aim -> whether each try of it came out.
Outcomes = dict[str, list[bool]]


def evaluate_quick(
    recording: Recording, *, tries: int, seed: int, budget_s: float
) -> Iterator[AimRow]:
    """Evaluate every target on sessions that are drawn from a recording.

    Raises:
        UsageError: the recording has too few blocks.
    """
    if recording.number < LEAST_BLOCKS:
        raise UsageError(
            f"the recording has {recording.number} complete blocks",
            cause=f"sessions are drawn from at least {LEAST_BLOCKS}",
            remedy="record more blocks",
        )
    outcomes: Outcomes = defaultdict(list)
    whole = recording.take_all(next(iter(recording.twins.values())))
    large = find_large_rows(whole)
    truth = dict(_list_headlines(whole, study(whole.results)))
    for session in draw_sessions(recording, tries=tries, seed=seed, budget_s=budget_s):
        findings = study(session.results)
        outcomes[_SAME_ROWS] += call_rows(session, recording, findings)
        outcomes[_LARGE] += call_large_rows(findings, large)
        worlds, frameworks = list_pairings(recording)
        for pairing in worlds:
            _try_pairing(outcomes, session, findings, pairing, _WORLD)
            outcomes[_ONE] += _find_single_effects(session, findings, pairing)
        for pairing in frameworks:
            _try_pairing(outcomes, session, findings, pairing, _FRAMEWORK)
        outcomes[_COVERED] += [
            judgment.low is not None
            and judgment.high is not None
            and judgment.low <= truth[name].center <= judgment.high
            for name, judgment in _list_headlines(session, findings)
        ]
    for aim, (kind, share) in _AIMS.items():
        rate = Rate(sum(outcomes[aim]), len(outcomes[aim]))
        reached = rate.share <= share if kind == "at most" else rate.share >= share
        yield AimRow(aim, f"{kind} {share:.0%}", describe_rate(rate), bool(rate.of) and reached)


def _try_pairing(
    outcomes: Outcomes, session: DrawnSession, findings: Findings, pairing: Pairing, aim: str
) -> None:
    """Compare a contender with its twin, as it is and slower by a known factor."""
    outcomes[_SAME_WHOLE].append(bool(rank_all(gather(session, pairing), findings).slower))
    scenarios = [scenario.id for scenario in session.results.header.scenarios]
    slower = gather(session, pairing, dict.fromkeys(scenarios, WHOLE_EFFECT))
    outcomes[aim].append(rank_all(slower, findings).slower == ("twin",))


def _find_single_effects(
    session: DrawnSession, findings: Findings, pairing: Pairing
) -> Iterator[bool]:
    """Slow one scenario after the other, and say whether it is called."""
    for place, scenario in enumerate(session.results.header.scenarios):
        slower = gather(session, pairing, {scenario.id: ONE_EFFECT})
        yield rank_each(slower, findings)[place].slower == ("twin",)


def _list_headlines(
    session: DrawnSession, findings: Findings
) -> Iterator[tuple[tuple[str, str], Judgment]]:
    """Compare every two contenders of every question over all scenarios, in a fixed order."""
    header = session.results.header
    for question in list_questions(header):
        asked: dict[str, Contenders] = {
            scenario.id: question.gather(
                lambda cell, name=scenario.id: session.series.get((cell, name), {})  # type: ignore[misc]
            )
            for scenario in header.scenarios
        }
        for pair in combinations(sorted(question.contenders), 2):
            yield pair, _compare_two(asked, pair, findings)


def _compare_two(
    asked: Mapping[str, Contenders], pair: tuple[str, str], findings: Findings
) -> Judgment:
    """Return the ratio of the second contender to the first."""
    two = {
        name: {key: item[key] for key in pair} for name, item in asked.items() if {*pair} <= {*item}
    }
    ranking = rank_all(two, findings)
    first, second = pair
    if second in ranking.behind:
        return ranking.behind[second]
    found = ranking.behind[first]
    low, high = (None if bound is None else -bound for bound in (found.high, found.low))
    return Judgment(-found.center, low, high, found.floor, found.chance)
