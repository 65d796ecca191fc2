"""Decides a clause from the records of its checks, and a World from its clauses.

These are pure functions of the records. `verification` calls them again for a finished
certificate, so a certificate must hold everything that decides a verdict.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from harness.certification.known_failures import KnownFailure, KnownState, compare_known
from harness.certification.records import CheckRecord, Verdict, WitnessCall
from harness.checks.verdicts import FinalVerdict, decide_session
from harness.contract.clauses import Clause, Level
from harness.exit_codes import EXIT_CODES, ExitCode

#: How many processes may share the World's storage, according to its documentation.
Processes = Literal["several", "one"]

_DECIDED: frozenset[Verdict] = frozenset({"passed", "failed", "inconclusive", "recorded"})
_SEVERAL_PROCESSES = re.compile(r"\b(\d+) processes\b")
_CHANCE_OF_ERROR = 0.05


class FormOutcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The outcome of one form of a check."""

    check: str
    form: str
    verdict: Verdict
    message: str
    note: str
    rounds: int
    failed_rounds: int
    #: What the rounds that ran say about the failure rate of the race.
    confidence: str
    duration_ms: float
    #: Whether it is shown without counting: a form with several processes, of a World for one.
    noted: bool


class KnownNote(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the known failures, and how it compares with the outcome."""

    entry: KnownFailure
    state: KnownState


class ClauseVerdict(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="clause",
    tag_field="record",
):
    """The verdict on one clause, with everything that it is based on."""

    id: str
    group: str
    requirement: str
    #: `None` if the clause does not hold for the line.
    level: Level | None
    #: Whether the clause is about an optional feature, and the World offers it.
    advertised: bool
    #: Why the clause does not apply; empty if it does.
    inapplicable: str
    verdict: Verdict
    message: str
    forms: tuple[FormOutcome, ...]
    #: The shortest history that shows how the clause is broken.
    witness: tuple[WitnessCall, ...]
    duration_ms: float
    confidence: str
    reproduce: str
    known: KnownNote | None

    @property
    def counts(self) -> bool:
        """Whether the World's verdict depends on the clause."""
        return self.level == "MUST" or (self.level == "MAY" and self.advertised)

    @property
    def is_excused(self) -> bool:
        """Whether it fails as its known-failure entry says."""
        return self.known is not None and self.known.state == "known"

    @property
    def has_untrue_entry(self) -> bool:
        """Whether its known-failure entry must be changed or removed."""
        return self.known is not None and self.known.state in {"expired", "unexpected pass"}


class WorldVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a World."""

    verdict: FinalVerdict
    #: Whether every MUST that applies has passed, and nothing else failed or stayed open.
    certified: bool
    #: Ids of the clauses that failed, that are undecided, and that are excused.
    failed: tuple[str, ...]
    inconclusive: tuple[str, ...]
    excused: tuple[str, ...]
    #: Ids of the clauses whose known-failure entry no longer holds.
    untrue_entries: tuple[str, ...]
    #: Level (`none` if the clause does not hold for the line) -> verdict -> number of clauses.
    counts: dict[str, dict[str, int]]

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of a command with this verdict."""
        return EXIT_CODES[self.verdict]


def decide_clause(
    clause: Clause,
    level: Level | None,
    records: Iterable[CheckRecord],
    *,
    inapplicable: str = "",
    processes: Processes = "several",
    known: KnownFailure | None = None,
    today: datetime.date | None = None,
) -> ClauseVerdict:
    """Decide one clause.

    Args:
        clause: The description of the clause.
        level: Its level on the line; `None` if it does not hold there.
        records: All records of the suite; those of other clauses are ignored.
        inapplicable: Why it does not apply to this World; empty if it does.
        processes: If "one", failures between several processes are noted but do not count.
        known: Its known-failure entry.
        today: The day of the certification; required with `known`.
    """
    if level is None and not inapplicable:
        inapplicable = "it does not hold for this line"
    # A clause that does not apply is not judged, whatever ran: the World never offered it.
    judged = () if inapplicable else records
    own = sorted(
        (record for record in judged if record.clause == clause.id),
        key=lambda record: (record.check, record.form),
    )
    forms = tuple(_describe_form(record, processes) for record in own)
    verdict = decide_forms(level, forms, inapplicable)
    shown = _choose_shown(own, forms, verdict)
    return ClauseVerdict(
        id=clause.id,
        group=clause.group,
        requirement=clause.requirement,
        level=level,
        advertised=bool(clause.needs) and not inapplicable,
        inapplicable=inapplicable,
        verdict=verdict,
        message=shown.message if shown else explain_silence(forms, inapplicable, verdict),
        forms=forms,
        witness=shown.witness if shown and verdict == "failed" else (),
        duration_ms=math.fsum(record.duration_ms for record in own),
        confidence=summarize_confidence(forms, verdict),
        reproduce=shown.reproduce if shown else "",
        known=judge_entry(known, verdict, forms, today) if known else None,
    )


def decide_forms(
    level: Level | None, forms: Sequence[FormOutcome], inapplicable: str = ""
) -> Verdict:
    """Decide a clause by its forms: one failure fails it, and it passes only if a check passed."""
    found = {form.verdict for form in forms if not form.noted}
    for verdict in ("failed", "inconclusive", "passed"):
        if verdict in found:
            return verdict
    if "recorded" in found:
        return "recorded" if level == "INFORMATIVE" else "inconclusive"
    if inapplicable or forms:
        return "not applicable"
    return "inconclusive"


def judge_entry(
    known: KnownFailure,
    verdict: Verdict,
    forms: Sequence[FormOutcome],
    today: datetime.date | None,
) -> KnownNote:
    """Compare the known-failure entry of a clause with the outcome."""
    if today is None:
        raise ValueError("pass today: a known failure has an expiry date")
    messages = [form.message for form in forms if form.verdict == "failed" and not form.noted]
    return KnownNote(entry=known, state=compare_known(known, verdict, messages, today))


def decide_world(verdicts: Iterable[ClauseVerdict]) -> WorldVerdict:
    """Decide a World by its clauses.

    It is certified if every MUST that applies has passed. A known failure does not fail the
    certification, but a World that breaks a MUST is not certified, even if the failure is known.
    """
    clauses = list(verdicts)
    counting = [clause for clause in clauses if clause.counts]
    broken = [clause for clause in counting if clause.verdict == "failed"]
    failed = [clause.id for clause in broken if not clause.is_excused]
    excused = [clause.id for clause in clauses if clause.is_excused]
    unsure = [clause.id for clause in counting if clause.verdict == "inconclusive"]
    untrue = [clause.id for clause in clauses if clause.has_untrue_entry]
    # Without any check, a World has shown nothing.
    undecided = bool(unsure) or not any(clause.verdict == "passed" for clause in counting)
    verdict = decide_session(failed=bool(failed or untrue), undecided=undecided)
    return WorldVerdict(
        verdict=verdict,
        certified=verdict == "passed" and not broken,
        failed=tuple(failed),
        inconclusive=tuple(unsure),
        excused=tuple(excused),
        untrue_entries=tuple(untrue),
        counts=_count(clauses),
    )


def is_between_processes(form: str) -> bool:
    """Tell whether a form of a check uses more than one process of the World."""
    return any(int(number) > 1 for number in _SEVERAL_PROCESSES.findall(form))


def state_confidence(verdict: Verdict, rounds: int, failed_rounds: int) -> str:
    """State what the rounds of a race say about its failure rate; empty for other checks."""
    if rounds < 2 or verdict not in {"passed", "failed"}:
        return ""
    if failed_rounds:
        return f"{failed_rounds} of {rounds} rounds failed ({failed_rounds / rounds:.1%})"
    if verdict == "failed":
        return ""
    bound = 1 - _CHANCE_OF_ERROR ** (1 / rounds)
    # Round up, so that the statement stays true.
    percent = math.ceil(bound * 1_000 - 1e-9) / 10
    return (
        f"{rounds} rounds, none failed: "
        f"with 95% confidence fewer than {percent:.1f}% of rounds fail"
    )


def summarize_confidence(forms: Sequence[FormOutcome], verdict: Verdict) -> str:
    """Choose the weakest statement: the rarest failure, or else the fewest rounds."""
    stated = [
        form for form in forms if form.confidence and form.verdict == verdict and not form.noted
    ]
    if not stated:
        return ""
    if verdict == "failed":
        return min(stated, key=lambda form: form.failed_rounds / form.rounds).confidence
    return min(stated, key=lambda form: form.rounds).confidence


def explain_silence(forms: Sequence[FormOutcome], inapplicable: str, verdict: Verdict) -> str:
    """Explain why a clause is inconclusive or does not apply, if no failing record does."""
    if verdict == "inconclusive":
        return "its checks recorded answers and decided nothing" if forms else "no check ran"
    if inapplicable:
        return inapplicable
    if any(form.noted for form in forms):
        return "only its forms between several processes found something, and the World is for one"
    return next((form.message for form in forms if form.message), "every check stepped aside")


def _describe_form(record: CheckRecord, processes: Processes) -> FormOutcome:
    return FormOutcome(
        check=record.check,
        form=record.form,
        verdict=record.verdict,
        message=record.message,
        note=record.note,
        rounds=record.rounds,
        failed_rounds=record.failed_rounds,
        confidence=state_confidence(record.verdict, record.rounds, record.failed_rounds),
        duration_ms=record.duration_ms,
        noted=is_noted(record.form, record.verdict, processes),
    )


def is_noted(form: str, verdict: Verdict, processes: Processes) -> bool:
    """Tell whether an outcome is shown but does not count."""
    undesired = verdict in {"failed", "inconclusive"}
    return processes == "one" and undesired and is_between_processes(form)


def _choose_shown(
    records: Sequence[CheckRecord], forms: Sequence[FormOutcome], verdict: Verdict
) -> CheckRecord | None:
    """Choose the record to show for the clause: of failures, the one with the shortest witness."""
    candidates = [
        record
        for record, form in zip(records, forms, strict=True)
        if record.verdict == verdict and not form.noted and verdict in _DECIDED
    ]
    # A failure without a witness explains less than one with a long witness.
    return min(
        candidates,
        key=lambda record: (not record.witness, len(record.witness)),
        default=None,
    )


def _count(clauses: Sequence[ClauseVerdict]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for clause in clauses:
        of_level = counts.setdefault(clause.level or "none", {})
        of_level[clause.verdict] = of_level.get(clause.verdict, 0) + 1
    return counts
