"""Verifies a certificate offline: recomputes its verdict and checksum from the file.

Nothing that the file states is trusted: neither the verdict in the footer nor the verdict on a
clause if its forms contradict it. But a digest is not a signature: verification cannot detect a
complete certificate that someone else made. Certify again to detect that.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from harness.certification.certificate import (
    CertificateFooter,
    CertificateHeader,
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
    """The result of verifying a certificate."""

    #: `None` if no header could be read.
    header: CertificateHeader | None
    #: The verdict recomputed from the clauses, whatever the footer says.
    world: WorldVerdict
    #: What is wrong with the file; empty if it is unchanged.
    problems: tuple[str, ...]
    #: Whether the installed suite made it; a different suite is not a problem.
    suite: Literal["same", "different", "unknown"]

    @property
    def is_sound(self) -> bool:
        """Whether the file is unchanged and its verdict follows from its records."""
        return not self.problems

    @property
    def certified(self) -> bool:
        """Whether it is a sound certificate of a World that keeps the contract."""
        return self.is_sound and self.world.certified

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the verdict, or `FAILED` for a file that is not sound."""
        return self.world.exit_code if self.is_sound else ExitCode.FAILED


def verify(
    path: Path, *, suite: str | None = None, contract: Mapping[str, Clause] | None = None
) -> Verification:
    """Verify a certificate.

    Args:
        path: The file.
        suite: The digest of the suite to compare with; by default, the installed suite.
        contract: Every clause of that suite. A certificate of the same suite must have these
        clauses at these levels; one of another suite is checked only for consistency.

    Raises:
        ResultsError: the file is unreadable, not a certificate, or in a newer format.
    """
    data = read_bytes(path)
    require_format(path, data)
    problems: list[str] = []
    records = _read_lines(data, problems)
    problems.extend(_check_order(records))
    header = next((record for record in records if isinstance(record, CertificateHeader)), None)
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
    """Read as many lines as possible, and report every line that is damaged."""
    lines = data.split(b"\n")
    if lines.pop() != b"":
        problems.append("the last line is truncated")
    records: list[Line] = []
    for number, line in enumerate(lines, start=1):
        try:
            record = decode_line(line)
        except (ValueError, msgspec.DecodeError) as error:
            problems.append(f"line {number} is not a record of a certificate: {error}")
            continue
        if encode_line(record) != line + b"\n":
            problems.append(f"line {number} is not in canonical form")
        records.append(record)
    return records


def _check_order(records: Sequence[Line]) -> Iterator[str]:
    for kind, name in (
        (CertificateHeader, "header"),
        (WorldProfile, "profile"),
        (CertificateFooter, "footer"),
    ):
        found = sum(isinstance(record, kind) for record in records)
        if found != 1:
            yield f"the file has {found} {name} records; it must have exactly one"
    kinds = [
        (CertificateHeader, ClauseVerdict, WorldProfile, CertificateFooter).index(type(record))
        for record in records
    ]
    if kinds != sorted(kinds):
        yield "the records are not in the order header, clauses, profile, footer"


def _check_clauses(header: CertificateHeader, clauses: Sequence[ClauseVerdict]) -> Iterator[str]:
    ids = [clause.id for clause in clauses]
    times = Counter(ids)
    yield from (f"clause {name} occurs {n} times" for name, n in times.items() if n > 1)
    yield from (f"clause {name} is missing" for name in header.clauses if name not in times)
    listed = set(header.clauses)
    yield from (f"clause {name} is not in the header" for name in times if name not in listed)
    if sorted(ids) == sorted(header.clauses) and tuple(ids) != header.clauses:
        yield "the clauses are not in the header's order"
    for clause in clauses:
        yield from _check_clause(header, clause)


def _check_clause(header: CertificateHeader, clause: ClauseVerdict) -> Iterator[str]:
    """Decide a clause again from its forms."""
    for form in clause.forms:
        if form.noted != is_noted(form.form, form.verdict, header.processes):
            yield f"clause {clause.id}: `noted` of {form.form!r} contradicts its form and verdict"
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
            yield f"clause {clause.id}: its known failure says {said.state}, but is {entry.state}"


def _check_contract(
    header: CertificateHeader, clauses: Sequence[ClauseVerdict], contract: Mapping[str, Clause]
) -> Iterator[str]:
    """Compare the clauses with the contract that the certificate is based on."""
    if header.clauses != tuple(contract):
        yield "the clauses are not those of the contract, in the same order"
    for clause in clauses:
        described = contract.get(clause.id)
        if described is None:
            yield f"clause {clause.id} is not in the contract"
            continue
        level = next((due for line, due in described.levels.items() if line == header.line), None)
        if clause.level != level:
            yield f"clause {clause.id} has level {clause.level}, but the contract says {level}"
        if (clause.group, clause.requirement) != (described.group, described.requirement):
            yield f"the group or requirement of clause {clause.id} differs from the contract"
        if clause.advertised != (bool(described.needs) and not clause.inapplicable):
            yield f"clause {clause.id}: `advertised` contradicts what the clause needs"


def _check_footer(
    data: bytes, records: Sequence[Line], clauses: Sequence[ClauseVerdict]
) -> Iterator[str]:
    footer = records[-1] if records else None
    if not isinstance(footer, CertificateFooter):
        yield "the file does not end with a footer"
        return
    body = data[: data.rstrip(b"\n").rfind(b"\n") + 1]
    due = make_footer(clauses, body)
    if footer.sha256 != hashlib.sha256(body).hexdigest():
        yield "the SHA-256 in the footer does not match the file"
    if footer.counts != due.counts:
        yield "the counts in the footer do not match the clauses"
    for name, said, found in (
        ("verdict", footer.verdict, due.verdict),
        ("certified", footer.certified, due.certified),
    ):
        if said != found:
            yield f"the footer says {name} {said}, but the clauses say {found}"


def _compare_suite(
    header: CertificateHeader | None, installed: str
) -> Literal["same", "different", "unknown"]:
    if header is None:
        return "unknown"
    return "same" if header.suite == installed else "different"
