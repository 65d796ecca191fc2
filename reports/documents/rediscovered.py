"""Bugs of published packages that were found again, as a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from harness.certification.verdicts import ClauseVerdict
from reports.documents.contract import link_source
from reports.writing.tables import render_table
from reports.writing.text import NOTHING, escape, quote_code, shorten

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "rediscovered.jsonl"

_LONGEST_MESSAGE = 160


class Bug(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A bug that a published version has."""

    id: str
    symptom: str
    #: A World with the bug, as `certify` is given it.
    shown: str
    #: The first one without it; empty when none can be installed.
    fixed: str = ""
    clauses: tuple[str, ...]
    refs: tuple[str, ...] = ()
    #: How much has to be done to see it; empty when any certification does.
    effort: str = ""
    #: Whether it concerns several processes of a World that is documented for one.
    noted: bool = False
    #: Why it cannot be shown; empty when it can.
    unshown: str = ""


class FoundBug(msgspec.Struct, frozen=True, kw_only=True):
    """What one clause said of one version."""

    spec: str
    clause: str
    verdict: str
    message: str = ""
    confidence: str = ""
    #: What went wrong between processes of a World for one.
    notes: tuple[str, ...] = ()
    reproduce: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Version and clause."""
        return self.spec, self.clause

    @classmethod
    def of(cls, spec: str, verdict: ClauseVerdict) -> FoundBug:
        """Make it from a verdict."""
        notes = tuple(form.message for form in verdict.forms if form.noted)
        return cls(
            spec=spec,
            clause=verdict.id,
            verdict=verdict.verdict,
            message=verdict.message,
            confidence=verdict.confidence,
            notes=notes,
            reproduce=verdict.reproduce,
        )

    @classmethod
    def missing(cls, spec: str, clause: str, reason: str) -> FoundBug:
        """Make it for a version that could not be examined."""
        return cls(spec=spec, clause=clause, verdict="inconclusive", message=reason)


def read_found(path: Path = RESULTS) -> dict[tuple[str, str], FoundBug]:
    """Read what was found, by version and clause."""
    lines = path.read_bytes().splitlines()
    return {item.key: item for item in (msgspec.json.decode(x, type=FoundBug) for x in lines)}


def is_shown(bug: Bug, found: Mapping[tuple[str, str], FoundBug]) -> list[str]:
    """Return the clauses that report a bug in the version that has it."""
    return [clause for clause in bug.clauses if _reports(bug, found.get((bug.shown, clause)))]


def render_rediscovered(bugs: Iterable[Bug], found: Mapping[tuple[str, str], FoundBug]) -> str:
    """Render every bug: in which version which clause reports it, and which version is clean."""
    rows = [
        {
            "Bug": escape(bug.symptom) + _render_refs(bug),
            "World": quote_code(bug.shown),
            "Reported by": _render_reports(bug, found),
            "Clean again": _render_fixed(bug, found),
        }
        for bug in bugs
    ]
    return render_table(rows)


def _reports(bug: Bug, item: FoundBug | None) -> bool:
    return item is not None and (item.verdict == "failed" or (bug.noted and bool(item.notes)))


def _render_refs(bug: Bug) -> str:
    return f" ({', '.join(map(link_source, bug.refs))})" if bug.refs else ""


def _render_reports(bug: Bug, found: Mapping[tuple[str, str], FoundBug]) -> str:
    if bug.unshown:
        return f"not shown: {escape(bug.unshown)}"
    parts = []
    for clause in bug.clauses:
        item = found.get((bug.shown, clause))
        if item is None:
            parts.append(f"❔ {quote_code(clause)}: not examined")
        elif _reports(bug, item):
            said = item.message if item.verdict == "failed" else f"{item.notes[0]} (a note)"
            parts.append(f"❌ {quote_code(clause)}: {escape(shorten(said, _LONGEST_MESSAGE))}")
        else:
            parts.append(f"{item.verdict} {quote_code(clause)} {escape(item.message)}".strip())
    return "; ".join(parts)


def _render_fixed(bug: Bug, found: Mapping[tuple[str, str], FoundBug]) -> str:
    if not bug.fixed:
        return NOTHING
    # A clause says much: the version that fixed this bug may break it in another way.
    told = dict.fromkeys(
        _describe_verdict(found.get((bug.fixed, clause))) for clause in bug.clauses
    )
    return f"{quote_code(bug.fixed)}: {'; '.join(told)}"


def _describe_verdict(item: FoundBug | None) -> str:
    if item is None:
        return "not examined"
    if item.verdict != "failed":
        return item.verdict
    return f"❌ by now for this: {escape(shorten(item.message, _LONGEST_MESSAGE))}"
