"""The answer, in a few plain sentences that every document begins with."""

from __future__ import annotations

import msgspec

from harness.measure.statistics import BLOCKS_TO_CALL
from reports.benchmark.costs import describe_invocations
from reports.benchmark.findings import Findings, Flaw
from reports.benchmark.flaws import count_flaws
from reports.benchmark.rankings import answer_questions
from reports.benchmark.sentences import state_answer
from reports.writing.text import count


class BenchVerdict(msgspec.Struct, frozen=True):
    """What a session came to, as plain text."""

    #: Every cell ran, nothing is missing, and nothing failed but known faults.
    sound: bool
    #: Cells, samples, failures; and what limits them.
    line: str
    #: Which World, framework and line is faster, by how much, and where not: `Subject: sentences.`
    answers: tuple[str, ...]
    #: What N sequential steps cost; empty where that was not counted.
    cost: str
    #: How often known faults were met; empty if none was.
    known: str = ""

    @property
    def sign(self) -> str:
        """The sign that stands before it."""
        if not self.sound:
            return "❌"
        return "🟡" if self.known else "✅"


def reach_verdict(findings: Findings) -> BenchVerdict:
    """Reach the verdict on a session."""
    answers = answer_questions(findings)
    failures, known = _count_failures(findings), _count_known(findings)
    sentences = [
        f"{_count_cells(findings)}, {_count_samples(findings)}, {failures or 'no failures'}",
        *([f"known faults: {known}"] if known else []),
        *([] if answers else ["nothing could be compared: every cell ran alone or has a failure"]),
        *_describe_limits(findings),
    ]
    return BenchVerdict(
        sound=not failures and findings.results.footer is not None,
        line=". ".join(f"{sentence[0].upper()}{sentence[1:]}" for sentence in sentences) + ".",
        answers=tuple(state_answer(findings, answer) for answer in answers),
        cost=describe_invocations(findings),
        known=known,
    )


def _count_cells(findings: Findings) -> str:
    cells = findings.results.header.cells
    ran = {entry.cell for entry in findings.entries.values() if entry.correct} & {*cells}
    return f"{len(ran)} of {count(len(cells), 'cell')} ran"


def _count_samples(findings: Findings) -> str:
    return count(sum(entry.taken for entry in findings.entries.values()), "timed sample")


def _count_failures(findings: Findings) -> str:
    """Count what went wrong or is missing and is not known, each once; empty when nothing did."""
    flaws = [flaw for entry in findings.entries.values() for flaw in entry.flaws]
    own = [flaw for flaw in flaws if flaw.kind != "fork" and not flaw.is_known]
    return count_flaws([*own, Flaw("fork", "", len(findings.failed_forks))])


def _count_known(findings: Findings) -> str:
    """Count the runs that met a known fault; empty if none did."""
    flaws = [flaw for entry in findings.entries.values() for flaw in entry.flaws]
    return count_flaws(flaw for flaw in flaws if flaw.is_known)


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
