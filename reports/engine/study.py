"""What the checks of the engine suites say, in words and counts, whatever the document is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from harness.descriptions import Category, Cell
from harness.engine.verdicts import (
    OUTCOMES,
    CheckOutcome,
    SessionVerdict,
    find_outcome,
    judge_session,
)
from harness.results.records import Check, EngineHeader, EngineResults
from reports.writing.text import count, flatten

#: What a cell of tests is, beside what its World is.
Kind = Category | Literal["development", "windows"]

#: Every category with its title, in the order in which they are read.
CATEGORIES: dict[Kind, str] = {
    "hosted": "▲ Vercel Production",
    "development": "💻 Local Development",
    "local": "📦 Local Production",
    "postgres": "🐘 Local Postgres",
    "windows": "🪟 Windows",
    "cross-language": "🌐 Cross-language",
    "community": "🌍 Community Worlds",
    "other": "📋 Other",
}

SIGNS: dict[CheckOutcome, str] = {
    "failed": "❌",
    "unexpected pass": "❗",
    "known": "🟡",
    "flaky": "🎲",
    "inconclusive": "❔",
    "passed": "✅",
    "not applicable": "⚪",
}

#: A case that fails less often than this when it is played again is labeled.
_RELIABLE = 0.9


class CellRow(msgspec.Struct, frozen=True, kw_only=True):
    """The checks of one cell in one mode."""

    cell: Cell
    mode: Literal["production", "development"]
    category: Kind
    #: Empty for a cell that was asked for and has none.
    checks: tuple[Check, ...]
    #: Whether the suites did not come to their end on it.
    cut: bool = False

    @property
    def label(self) -> str:
        """What the row is called."""
        return label_cell(self.cell, self.mode)

    @property
    def tally(self) -> Counter[CheckOutcome]:
        """Outcome -> how many checks came to it."""
        return tally(self.checks)

    @property
    def sign(self) -> str:
        """The gravest of what was found; a cell on which nothing was tested has not passed."""
        found = self.tally
        if found["failed"] or found["unexpected pass"]:
            return "❌"
        if found["inconclusive"] or not self.checks or self.cut:
            return "❔"
        if found["known"] or found["flaky"]:
            return "🟡"
        return "✅" if found["passed"] else "⚪"

    @property
    def remark(self) -> str:
        """What counts alone would hide."""
        if not self.checks:
            return "no check ran"
        if self.cut:
            return "not all of its checks ran"
        return "nothing was tested" if self.sign == "⚪" else ""


class EngineStudy(msgspec.Struct, frozen=True, kw_only=True):
    """What one or several sessions of the engine suites found."""

    sessions: tuple[EngineResults, ...]
    #: Category by category.
    rows: tuple[CellRow, ...]
    verdict: SessionVerdict

    @property
    def results(self) -> EngineResults:
        """The session, where it is one."""
        (results,) = self.sessions
        return results

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every check, row by row."""
        return tuple(check for row in self.rows for check in row.checks)

    def of_category(self, category: Kind) -> tuple[CellRow, ...]:
        """Return the rows of one category."""
        return tuple(row for row in self.rows if row.category == category)


def study_checks(*sessions: EngineResults) -> EngineStudy:
    """Find what sessions say about every cell that was asked for."""
    rows = [row for results in sessions for row in _list_rows(results)]
    order = list(CATEGORIES)
    return EngineStudy(
        sessions=sessions,
        rows=tuple(sorted(rows, key=lambda row: order.index(row.category))),
        verdict=judge_session(
            [check for results in sessions for check in results.checks],
            [cell for results in sessions for cell in results.header.cells],
            [end for results in sessions for end in results.cells],
        ),
    )


def categorize(cell: Cell, mode: str, header: EngineHeader) -> Kind:
    """Return the category of a cell: by what its World says of itself, machine and mode."""
    described = (world.on(cell.line) for world in header.worlds if world.id == cell.world)
    world = next(described, None)
    if world is not None and world.category == "hosted":
        return "hosted"
    if header.machine.system.split(maxsplit=1)[:1] == ["Windows"]:
        return "windows"
    if mode == "development":
        return "development"
    return "other" if world is None else world.category


def label_cell(cell: Cell, mode: str) -> str:
    """Return what a cell is called, as plain text; its mode is said where it is not the usual."""
    return flatten(f"{cell.id} (development)" if mode == "development" else cell.id)


def tally(checks: Iterable[Check]) -> Counter[CheckOutcome]:
    """Count checks by outcome."""
    return Counter(find_outcome(check) for check in checks)


def find_gravest(checks: Iterable[Check]) -> CheckOutcome | None:
    """Return the gravest outcome of several checks; `None` without any."""
    return min(map(find_outcome, checks), key=OUTCOMES.index, default=None)


def state_verdict(study: EngineStudy) -> tuple[str, str]:
    """Return the sign of the verdict, and the verdict in a few plain sentences."""
    found = tally(study.checks)
    verdict = study.verdict.verdict
    excused = found["known"] + found["flaky"]
    signs = {"failed": "❌", "inconclusive": "❔", "passed": "🟡" if excused else "✅"}
    sentences = [
        *_state_failures(study, found),
        *_state_passes(study, found),
        *_state_limits(study, found),
    ]
    line = ". ".join(f"{sentence[0].upper()}{sentence[1:]}" for sentence in sentences)
    return signs[verdict], f"{line}."


def choose_outcome(checks: Sequence[Check], outcome: CheckOutcome) -> list[Check]:
    """Return the checks that came to an outcome, as they stand."""
    return [check for check in checks if find_outcome(check) == outcome]


def describe_counts(found: Counter[CheckOutcome]) -> str:
    """Describe counts of outcomes in words: `10 passed, 2 failed, 1 known failure`."""
    words: dict[CheckOutcome, str] = {
        "passed": f"{found['passed']} passed",
        "failed": f"{found['failed']} failed",
        "unexpected pass": f"{found['unexpected pass']} passed unexpectedly",
        "known": count(found["known"], "known failure"),
        "flaky": f"{found['flaky']} flaky",
        "inconclusive": f"{found['inconclusive']} inconclusive",
        "not applicable": f"{found['not applicable']} skipped",
    }
    return ", ".join(text for outcome, text in words.items() if found[outcome])


def describe_rate(check: Check) -> str:
    """Describe how often the smallest failing case fails: `9 of 10 tries`; empty if untried."""
    if not check.tried:
        return ""
    tries = f"{check.reproduced} of {count(check.tried, 'try', 'tries')}"
    return tries if is_reliable(check) else f"only {tries}"


def is_reliable(check: Check) -> bool:
    """Whether the smallest failing case fails nearly always when it is played again."""
    return check.tried > 0 and check.reproduced >= _RELIABLE * check.tried


def _list_rows(results: EngineResults) -> list[CellRow]:
    header = results.header
    found: dict[tuple[Cell, Literal["production", "development"]], list[Check]] = {}
    for check in results.checks:
        found.setdefault((check.cell, check.mode), []).append(check)
    examined = {cell for cell, _ in found}
    for cell in header.cells:
        if cell not in examined:
            found[cell, "production"] = []
    order = {cell: place for place, cell in enumerate(header.cells)}
    cut = judge_session(results.checks, (), results.cells).cut
    rows = [
        CellRow(
            cell=cell,
            mode=mode,
            category=categorize(cell, mode, header),
            checks=tuple(checks),
            cut=cell in cut,
        )
        for (cell, mode), checks in found.items()
    ]
    return sorted(rows, key=lambda row: order.get(row.cell, len(order)))


def _state_failures(study: EngineStudy, found: Counter[CheckOutcome]) -> list[str]:
    sentences = []
    if found["failed"]:
        rows = [row for row in study.rows if row.tally["failed"]]
        sentences.append(
            f"{found['failed']} of {count(_count_asked(found), 'check')} failed, "
            f"on {len(rows)} of {count(len(study.rows), 'cell')}"
        )
    if number := found["unexpected pass"]:
        them = "it is" if number == 1 else "they are"
        sentences.append(f"{count(number, 'check')} passed although {them} listed as failing")
    return sentences


def _state_passes(study: EngineStudy, found: Counter[CheckOutcome]) -> list[str]:
    sentences = []
    if not study.verdict.failed and study.verdict.decided:
        rows = [row for row in study.rows if row.tally["passed"]]
        sentences.append(f"{_state_share(found)}, on {count(len(rows), 'cell')}")
    if found["known"]:
        sentences.append(count(found["known"], "known failure"))
    if found["flaky"]:
        sentences.append(f"{count(found['flaky'], 'check')} known to be flaky")
    return sentences


def _state_share(found: Counter[CheckOutcome]) -> str:
    """Say how many of the checks that apply passed."""
    asked = _count_asked(found)
    if found["passed"] < asked:
        return f"{found['passed']} of {count(asked, 'check')} passed"
    return f"all {asked} checks that apply passed" if asked > 1 else "the one check passed"


def _state_limits(study: EngineStudy, found: Counter[CheckOutcome]) -> list[str]:
    sentences = []
    if found["inconclusive"]:
        sentences.append(f"{count(found['inconclusive'], 'check')} could not be decided")
    if untested := [row for row in study.rows if row.remark == "nothing was tested"]:
        sentences.append(f"nothing was tested on {count(len(untested), 'cell')}")
    if absent := [row for row in study.rows if not row.checks]:
        sentences.append(f"no check ran on {count(len(absent), 'cell')}")
    if study.verdict.cut:
        sentences.append(f"not all checks ran on {count(len(study.verdict.cut), 'cell')}")
    return sentences or ([] if study.verdict.decided else ["nothing was tested"])


def _count_asked(found: Counter[CheckOutcome]) -> int:
    """Count the checks that apply."""
    return found.total() - found["not applicable"]
