"""The answer, in a few plain sentences that every document begins with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from harness.measure.questions import Part
from harness.measure.statistics import BLOCKS_TO_CALL, FALSE_SHARE
from reports.benchmark.costs import describe_invocations
from reports.benchmark.findings import Findings, Flaw
from reports.benchmark.flaws import count_flaws
from reports.benchmark.wins import (
    Contest,
    describe_leaders,
    hold_contests,
    list_parts,
    others_than,
)
from reports.writing.names import HEADINGS, Names
from reports.writing.text import count

#: With more contests than this, places are counted instead of named.
_NAMED_CONTESTS = 4


class BenchVerdict(msgspec.Struct, frozen=True):
    """What a session came to, as plain text."""

    #: Every cell ran, nothing failed, nothing is missing.
    sound: bool
    #: Cells, samples, failures, result; and what limits them.
    line: str
    #: Who is the fastest framework, World and line, where there was somebody to compare with.
    fastest: tuple[str, ...]
    #: What N sequential steps cost; empty where that was not counted.
    cost: str


def reach_verdict(findings: Findings) -> BenchVerdict:
    """Reach the verdict on a session."""
    contests = {part: hold_contests(findings, part) for part in list_parts(findings)}
    failures = _count_failures(findings)
    sentences = [
        f"{_count_cells(findings)}, {_count_samples(findings)}, {failures or 'no failures'}",
        _describe_result([contest for held in contests.values() for contest in held]),
        *_describe_limits(findings),
    ]
    fastest = [_describe_part(findings.names, part, held) for part, held in contests.items()]
    return BenchVerdict(
        sound=not failures and findings.results.footer is not None,
        line=". ".join(f"{sentence[0].upper()}{sentence[1:]}" for sentence in sentences) + ".",
        fastest=tuple(sentence for sentence in fastest if sentence),
        cost=describe_invocations(findings),
    )


def _count_cells(findings: Findings) -> str:
    cells = findings.results.header.cells
    ran = {entry.cell for entry in findings.entries.values() if entry.correct} & {*cells}
    return f"{len(ran)} of {count(len(cells), 'cell')} ran"


def _count_samples(findings: Findings) -> str:
    return count(sum(entry.taken for entry in findings.entries.values()), "timed sample")


def _count_failures(findings: Findings) -> str:
    """Count what went wrong or is missing, each once; empty when nothing did."""
    flaws = [flaw for entry in findings.entries.values() for flaw in entry.flaws]
    own = [flaw for flaw in flaws if flaw.kind != "fork"]
    return count_flaws([*own, Flaw("fork", "", len(findings.failed_forks))])


def _describe_result(contests: Sequence[Contest]) -> str:
    compared = sum(len(contest.comparisons) for contest in contests)
    won = sum(contest.wins.total() for contest in contests)
    if not compared:
        return "nothing could be compared: every cell ran alone or has a failure"
    if not won:
        return f"no significant difference in {count(compared, 'comparison')}"
    return (
        f"a winner in {won:,} of {count(compared, 'comparison')} "
        f"(if nothing differed, about 1 table in {round(1 / FALSE_SHARE)} would show one by chance)"
    )


def _describe_limits(findings: Findings) -> list[str]:
    limits = []
    if findings.results.footer is None:
        ended = len(findings.planned) - len(findings.unended)
        planned = count(len(findings.planned), "fork")
        limits.append(f"the session is incomplete: {ended} of {planned} ended")
    competing = [entry for entry in findings.entries.values() if entry.competes]
    most = max((len(entry.series) for entry in competing), default=BLOCKS_TO_CALL)
    if most < BLOCKS_TO_CALL:
        limits.append(f"a winner takes {BLOCKS_TO_CALL} forks per cell; this session has {most}")
    return limits


def _describe_part(names: Names, part: Part, contests: Sequence[Contest]) -> str:
    """Say which is the fastest where; empty when all ran alone."""
    held = [contest for contest in contests if len(contest.contenders) > 1]
    if not held:
        return ""
    if len(held) <= _NAMED_CONTESTS:
        stated = [_describe_contest(names, contest) for contest in held]
    else:
        leaders = Counter(describe_leaders(names, contest) for contest in held)
        stated = [f"{leader} in {number}" for leader, number in leaders.most_common()]
        stated[-1] += f" of {len(held)} contests"
    return f"Fastest {HEADINGS[part]}: {'; '.join(stated)}"


def _describe_contest(names: Names, contest: Contest) -> str:
    place = " ".join(
        names.title(part, getattr(contest.place, part))
        for part in others_than(contest.part)
        if part != "line" or names.several_lines
    )
    wins = max(contest.wins.values(), default=0)
    score = f" ({count(wins, 'win')}, {count(contest.ties, 'tie')})" if wins else ""
    return f"{describe_leaders(names, contest)} on {place}{score}"
