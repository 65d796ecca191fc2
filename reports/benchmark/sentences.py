"""Answers in sentences: who is faster, by how much, and where not."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from harness.measure.statistics import Judgment, Ranking
from reports.benchmark.findings import Findings
from reports.benchmark.rankings import Answer
from reports.writing.names import HEADINGS, Names
from reports.writing.text import count

#: Those that differ by at most this much, as an interval shows, are called equally fast.
_ALIKE = math.log(1.05)
#: More names than these are counted, not listed.
_NAMED = 4


def state_answer(findings: Findings, answer: Answer) -> str:
    """State the answer to one question as `Subject: sentences.`, plain text."""
    names = findings.names
    question = answer.question
    where = f" on {question.line}" if question.line and names.several_lines else ""
    where += f" in {question.mode}" if names.has_development else ""
    subject = f"Fastest {HEADINGS[question.part]}{where}"
    said = [*_state_ranking(findings, answer), *_state_interactions(names, answer)]
    return f"{subject}: {' '.join(said)}"


def format_factor(value: float) -> str:
    """Format the ratio of two times, of which the logarithm is given: `1.35x`."""
    return f"{math.exp(value):.2f}x"


def format_interval(judgment: Judgment) -> str:
    """Format the 95% interval of a ratio: `[1.29, 1.42]`; empty if it is not known."""
    if judgment.low is None or judgment.high is None:
        return ""
    return f"[{math.exp(judgment.low):.2f}, {math.exp(judgment.high):.2f}]"


def _state_ranking(findings: Findings, answer: Answer) -> list[str]:
    """State the ranking over all scenarios, then what single scenarios add to it."""
    whole = _state_whole(findings.names, answer)
    if len(answer.scenarios) < 2:
        return [f"{whole}."]
    if answer.whole.winner and len(answer.whole.order) == 2:
        return [f"{whole}: {_count_for(findings, answer, answer.whole.winner)}."]
    return [f"{whole}.", f"Scenario by scenario, {_count_slower(findings.names, answer)}."]


def _state_whole(names: Names, answer: Answer) -> str:
    whole = answer.whole
    over = f"over {_count_all(answer.pooled)}"
    if len(whole.order) < 2:
        return "no scenario has a time of every contender"
    titles = {name: _title(names, answer, name) for name in whole.order}
    behind = [
        f"{titles[name]} is {_state_factor(whole.behind[name])} slower "
        f"{format_interval(whole.behind[name])}"
        for name in whole.slower
    ]
    barred = [
        f"{titles[name]} was wrong in some runs, so it cannot win"
        for name in whole.order
        if name in whole.barred
    ]
    leader = whole.winner or (whole.order[0] if len(whole.level) == 1 and behind else None)
    if not leader:
        return "; ".join([_state_level(whole, titles, over), *behind, *barred])
    if len(behind) > 1:
        return "; ".join([f"{titles[leader]} is the fastest {over}", *behind, *barred])
    (other,) = whole.slower
    told = (
        f"{titles[leader]} is {_state_factor(whole.behind[other])} faster than "
        f"{titles[other]} {over} {format_interval(whole.behind[other])}"
    )
    return "; ".join([told, *barred])


def _state_level(whole: Ranking, titles: dict[str, str], over: str) -> str:
    """State that the fastest ones do not differ, and by how much they still could."""
    names = _join([titles[name] for name in whole.level])
    rivals = [whole.behind[name] for name in whole.level if name in whole.behind]
    bounds = [
        max(abs(item.low), abs(item.high))
        for item in rivals
        if item.low is not None and item.high is not None
    ]
    if not bounds or len(bounds) < len(rivals):
        return f"Too few blocks to compare {names} {over}"
    if max(bounds) <= _ALIKE:
        return f"{names} are equally fast within {math.expm1(max(bounds)):.0%} {over}"
    seen = max(item.floor for item in rivals if item.floor is not None)
    return (
        f"No clear difference between {names} {over} ({format_factor(seen)} would have been seen)"
    )


def _count_for(findings: Findings, answer: Answer, leader: str) -> str:
    """Count the scenarios in which one of two contenders is faster, slower and neither."""
    faster = [name for name, item in answer.scenarios.items() if item.level == (leader,)]
    slower = [name for name, item in answer.scenarios.items() if leader in item.slower]
    return (
        f"faster in {len(faster)}, "
        f"slower in {len(slower)}{_list_scenarios(findings, slower)}, "
        f"no clear difference in {len(answer.scenarios) - len(faster) - len(slower)}"
    )


def _count_slower(names: Names, answer: Answer) -> str:
    """Count the scenarios in which each contender is slower than the fastest there."""
    rankings = answer.scenarios.values()
    slower = Counter(name for ranking in rankings for name in ranking.slower)
    level = sum(not ranking.slower for ranking in rankings)
    if not slower:
        return f"there is no clear difference ({_state_smallest(answer)})"
    told = [
        f"{_title(names, answer, name)} {'is slower ' if place == 0 else ''}in {number}"
        for place, (name, number) in enumerate(slower.most_common())
    ]
    return f"{', '.join(told)}; no clear difference in {level}"


def _list_scenarios(findings: Findings, found: Sequence[str]) -> str:
    """List scenarios in parentheses: all streams by one word, and nothing if they are too many."""
    streams = [item.id for item in findings.results.header.scenarios if item.kind == "streams"]
    together = len(streams) > 1 and {*streams} <= {*found}
    names = [name for name in found if not (together and name in streams)]
    listed = [*names, *(["streams"] if together else [])]
    return f" ({', '.join(listed)})" if 0 < len(listed) <= _NAMED else ""


def _state_smallest(answer: Answer) -> str:
    """State the smallest differences that the scenarios would have shown."""
    floors = sorted(
        judgment.floor
        for ranking in answer.scenarios.values()
        for judgment in ranking.behind.values()
        if judgment.floor is not None
    )
    if not floors:
        return "there were too few blocks"
    middle = floors[len(floors) // 2]
    return f"in half of them, {format_factor(middle)} would have been seen"


def _state_interactions(names: Names, answer: Answer) -> list[str]:
    """Say where the answer depends on the partner, scenarios with the same exception together."""
    told: dict[tuple[str, str, str], list[str]] = {}
    for scenario, ranking in answer.scenarios.items():
        for name in sorted(ranking.interacting & {*ranking.slower}):
            alike = _find_alike(ranking, name)
            if alike:
                partners = _join([_title_partner(names, partner) for partner in alike])
                told.setdefault((ranking.order[0], name, partners), []).append(scenario)
    if len(told) > _NAMED:
        number = len({scenario for found in told.values() for scenario in found})
        return [f"In {count(number, 'scenario')}, the answer depends on the partner."]
    return [
        f"In {_join(scenarios)}, {_title(names, answer, fastest)} is faster than "
        f"{_title(names, answer, other)} except on {partners}."
        for (fastest, other, partners), scenarios in told.items()
    ]


def _find_alike(ranking: Ranking, name: str) -> list[str]:
    """Return the partners with which less than a third of the difference is left."""
    least = ranking.behind[name].center / 3
    return [partner for partner, own in ranking.with_partner[name].items() if own < least]


def _state_factor(judgment: Judgment) -> str:
    return format_factor(judgment.center)


def _count_all(number: int) -> str:
    few = {1: "the one scenario", 2: "both scenarios"}
    return few.get(number, f"all {number} scenarios")


def _title(names: Names, answer: Answer, name: str) -> str:
    return names.title(answer.question.part, name)


def _title_partner(names: Names, partner: str) -> str:
    """Name a partner, which is one id, or several with a dot between."""
    return " · ".join(
        names.titles["framework"].get(part, names.titles["world"].get(part, part))
        for part in partner.split(" · ")
    )


def _join(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
