"""Whether a step costs more, the longer the run: the end of long runs against their beginning."""

from __future__ import annotations

from statistics import median
from typing import Literal

import msgspec

from harness.descriptions import Cell
from harness.measure.metrics import Pace, find_pace
from harness.measure.statistics import Estimate, estimate
from reports.benchmark.findings import Findings
from reports.writing.text import count, escape, format_ms, format_ratio

QUESTION = "Does a step cost more, the longer the run?"

#: Families whose steps come one after the other.
FAMILIES = ("sequential", "sequential-payload")

#: A step costs more from this ratio on. Less is what two tenths of one run differ by anyhow.
DEARER = 1.1


Verdict = Literal["yes", "no", "not certain"]


class PaceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one cell and family, from its longest runs."""

    cell: Cell
    family: str
    steps: int
    #: The time of a step in the last tenth, divided by that in the first.
    ratio: Estimate
    first_ms: float
    last_ms: float
    #: Whether a step costs more; not certain where the interval allows both, or is not known.
    verdict: Verdict


def answer_question(findings: Findings) -> tuple[PaceAnswer, ...]:
    """Answer for each cell that was asked for and family with long runs, in the header's order."""
    header = findings.results.header
    paces = _collect_paces(findings)
    families = [name for name in FAMILIES if any(item.family == name for item in header.scenarios)]
    return tuple(
        _answer(cell, family, paces[cell, family], header.seed)
        for family in families
        for cell in header.cells
        if (cell, family) in paces
    )


def render_pace(findings: Findings) -> str:
    """Render the answers, a sentence each; empty without long runs."""
    answers = answer_question(findings)
    if not answers:
        return ""
    points = [f"- {_describe(findings, item)}" for item in answers]
    return "\n".join([f"**{QUESTION}**", "", *points])


def _collect_paces(findings: Findings) -> dict[tuple[Cell, str], dict[str, list[Pace]]]:
    """Return cell and family -> fork -> the paces of its longest runs."""
    families = {item.id: item.family for item in findings.results.header.scenarios}
    collected: dict[tuple[Cell, str], dict[int, dict[str, list[Pace]]]] = {}
    for sample in findings.counted:
        family = families.get(sample.scenario, "")
        if sample.kind == "timing" and family in FAMILIES and (pace := find_pace(sample)):
            lengths = collected.setdefault((sample.cell, family), {})
            lengths.setdefault(pace.steps, {}).setdefault(sample.fork, []).append(pace)
    return {place: lengths[max(lengths)] for place, lengths in collected.items()}


def _answer(cell: Cell, family: str, forks: dict[str, list[Pace]], seed: int) -> PaceAnswer:
    paces = [pace for own in forks.values() for pace in own]
    ratio = estimate({fork: [pace.ratio for pace in own] for fork, own in forks.items()}, seed)
    return PaceAnswer(
        cell=cell,
        family=family,
        steps=paces[0].steps,
        ratio=ratio,
        first_ms=median(pace.first_ms for pace in paces),
        last_ms=median(pace.last_ms for pace in paces),
        verdict=_decide(ratio),
    )


def _decide(ratio: Estimate) -> Verdict:
    if ratio.low is not None and ratio.low > DEARER:
        return "yes"
    return "no" if ratio.high is not None and ratio.high < DEARER else "not certain"


def _describe(findings: Findings, answer: PaceAnswer) -> str:
    place = ", ".join(findings.names.columns(answer.cell).values())
    tenth = answer.steps // 10
    return (
        f"{place}, {escape(answer.family)}: **{answer.verdict}**. In a run of {answer.steps:,} "
        f"steps, each of the last {tenth:,} takes {format_ratio(answer.ratio)} times as long as "
        f"each of the first {tenth:,} ({format_ms(answer.last_ms)} against "
        f"{format_ms(answer.first_ms)}; {count(answer.ratio.samples, 'run')} in "
        f"{count(answer.ratio.forks, 'fork')})."
    )
