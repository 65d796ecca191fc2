"""Verifies a certificate offline: its verdict is recomputed, and no change stays unnoticed.

Nothing that the file says of itself is trusted: not the footer's verdict, and not a clause's when
its forms say otherwise. A digest is not a signature, though: a whole new certificate
of another run is not detected by it, but by certifying again.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from harness.certification.certificate import (
    Footer,
    Header,
    Line,
    WorldProfile,
    decode_line,
    digest_suite,
    encode_line,
    make_footer,
    read_bytes,
    require_format,
)
from harness.certification.verdicts import (
    ClauseVerdict,
    WorldVerdict,
    decide_forms,
    decide_world,
    is_noted,
    judge_entry,
    state_confidence,
    summarize_confidence,
)
from harness.contract.clauses import Clause, describe_clauses
from harness.exit_codes import ExitCode


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What the verification of a certificate found."""

    #: None when no header could be read.
    header: Header | None
    #: The verdict by its clauses, whatever the footer says.
    world: WorldVerdict
    #: What is wrong with the file; empty when it is as it was written.
    problems: tuple[str, ...]
    #: Whether it was made by the suite that is installed here: information, not a problem.
    suite: Literal["same", "different", "unknown"]

    @property
    def is_sound(self) -> bool:
        """Whether the file is as it was written and its verdict follows from its records."""
        return not self.problems

    @property
    def certified(self) -> bool:
        """Whether it is a sound certificate of a World that keeps the contract."""
        return self.is_sound and self.world.certified

    @property
    def exit_code(self) -> ExitCode:
        """The verdict's; a failure for a file that is not sound."""
        return self.world.exit_code if self.is_sound else ExitCode.FAILED


def verify(
    path: Path, *, suite: str | None = None, contract: Mapping[str, Clause] | None = None
) -> Verification:
    """Verify a certificate.

    Args:
        path: The file.
        suite: The digest of the suite to compare with; by default the installed one's.
        contract: Every clause of that suite. A certificate of the same suite must have these
            clauses, at these levels; one of another suite is judged by what it says of itself.

    Raises:
        ResultsError: the file is not readable, not a certificate, or of a newer format.
    """
    data = read_bytes(path)
    require_format(path, data)
    problems: list[str] = []
    records = _read_lines(data, problems)
    problems.extend(_check_order(records))
    header = next((record for record in records if isinstance(record, Header)), None)
    clauses = [record for record in records if isinstance(record, ClauseVerdict)]
    if header is not None:
        problems.extend(_check_clauses(header, clauses))
    problems.extend(_check_footer(data, records, clauses))
    compared = _compare_suite(header, suite or digest_suite())
    if header is not None and compared == "same":
        contract = describe_clauses() if contract is None else contract
        problems.extend(_check_contract(header, clauses, contract))
    return Verification(
        header=header,
        world=decide_world(clauses),
        problems=tuple(problems),
        suite=compared,
    )


def _read_lines(data: bytes, problems: list[str]) -> list[Line]:
    """Read what can be read, and note every line that is not as it was written."""
    lines = data.split(b"\n")
    if lines.pop() != b"":
        problems.append("the last line is cut")
    records: list[Line] = []
    for number, line in enumerate(lines, start=1):
        try:
            record = decode_line(line)
        except (ValueError, msgspec.DecodeError) as error:
            problems.append(f"line {number} is not a record of a certificate: {error}")
            continue
        if encode_line(record) != line + b"\n":
            problems.append(f"line {number} is not spelled as a certificate's lines are")
        records.append(record)
    return records


def _check_order(records: Sequence[Line]) -> Iterator[str]:
    for kind, name in ((Header, "header"), (WorldProfile, "profile"), (Footer, "footer")):
        found = sum(isinstance(record, kind) for record in records)
        if found != 1:
            yield f"it has {found} {name} records, and should have one"
    kinds = [
        (Header, ClauseVerdict, WorldProfile, Footer).index(type(record)) for record in records
    ]
    if kinds != sorted(kinds):
        yield "its records are not in the order header, clauses, profile, footer"


def _check_clauses(header: Header, clauses: Sequence[ClauseVerdict]) -> Iterator[str]:
    ids = [clause.id for clause in clauses]
    times = Counter(ids)
    yield from (f"clause {name} stands there {n} times" for name, n in times.items() if n > 1)
    yield from (f"clause {name} is missing" for name in header.clauses if name not in times)
    listed = set(header.clauses)
    yield from (f"clause {name} is not in the header" for name in times if name not in listed)
    if sorted(ids) == sorted(header.clauses) and tuple(ids) != header.clauses:
        yield "the clauses are not in the header's order"
    for clause in clauses:
        yield from _check_clause(header, clause)


def _check_clause(header: Header, clause: ClauseVerdict) -> Iterator[str]:
    """Judge a clause again by its forms."""
    for form in clause.forms:
        if form.noted != is_noted(form.form, form.verdict, header.processes):
            yield f"clause {clause.id}: whether {form.form!r} counts does not follow from its form"
        if form.confidence != state_confidence(form.verdict, form.rounds, form.failed_rounds):
            yield f"clause {clause.id}: the confidence of {form.form!r} contradicts its rounds"
    due = decide_forms(clause.level, clause.forms, clause.inapplicable)
    if clause.verdict != due:
        yield f"clause {clause.id} says {clause.verdict}, but its forms say {due}"
    if clause.confidence != summarize_confidence(clause.forms, due):
        yield f"clause {clause.id}: its confidence contradicts its forms"
    if clause.known:
        said, entry = clause.known, judge_entry(clause.known.entry, due, clause.forms, header.day)
        if said != entry:
            yield f"clause {clause.id}: its known failure says {said.state}, not {entry.state}"


def _check_contract(
    header: Header, clauses: Sequence[ClauseVerdict], contract: Mapping[str, Clause]
) -> Iterator[str]:
    """Compare the clauses with those of the contract that the certificate was made from."""
    if header.clauses != tuple(contract):
        yield "its clauses are not those of the contract, in their order"
    for clause in clauses:
        described = contract.get(clause.id)
        if described is None:
            yield f"clause {clause.id} is not in the contract"
            continue
        level = next((due for line, due in described.levels.items() if line == header.line), None)
        if clause.level != level:
            yield f"clause {clause.id} is said to be {clause.level}, and the contract says {level}"
        if (clause.group, clause.requirement) != (described.group, described.requirement):
            yield f"clause {clause.id} is not described as in the contract"
        if clause.advertised != (bool(described.needs) and not clause.inapplicable):
            yield f"clause {clause.id}: whether the World advertises it contradicts its needs"


def _check_footer(
    data: bytes, records: Sequence[Line], clauses: Sequence[ClauseVerdict]
) -> Iterator[str]:
    footer = records[-1] if records else None
    if not isinstance(footer, Footer):
        yield "it does not end with its footer"
        return
    body = data[: data.rstrip(b"\n").rfind(b"\n") + 1]
    due = make_footer(clauses, body)
    if footer.sha256 != hashlib.sha256(body).hexdigest():
        yield "its bytes do not have the SHA-256 of its footer"
    if footer.counts != due.counts:
        yield "the footer's counts are not those of its clauses"
    for name, said, found in (
        ("verdict", footer.verdict, due.verdict),
        ("certified", footer.certified, due.certified),
    ):
        if said != found:
            yield f"the footer says {name} {said}, but the clauses say {found}"


def _compare_suite(
    header: Header | None, installed: str
) -> Literal["same", "different", "unknown"]:
    if header is None:
        return "unknown"
    return "same" if header.suite == installed else "different"
