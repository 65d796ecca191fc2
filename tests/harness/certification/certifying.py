"""Small clauses, records and certificates for the tests of certification."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from harness.certification.certificate import (
    Certificate,
    CertificateHeader,
    CertifiedPackage,
    Environment,
    make_certificate,
)
from harness.certification.known_failures import KnownFailure
from harness.certification.records import CheckRecord, WitnessCall
from harness.certification.verdicts import ClauseVerdict, Processes, decide_clause
from harness.contract.clauses import Clause, Level

DAY = datetime.date(2031, 1, 15)


def make_clause(**changes: Any) -> Clause:
    given = {
        "id": "RUN-ONCE",
        "group": "runs",
        "requirement": "A run ends once.",
        "levels": {"v5": "MUST"},
        "sources": ("a page",),
    }
    return Clause(**{**given, **changes})


def make_call(method: str = "runs.get", process: int = 0, **changes: Any) -> WitnessCall:
    given = {"args": "(wrun_1)", "outcome": "ok", "start_ms": 0.0, "end_ms": 1.5, **changes}
    return WitnessCall(process=process, method=method, **given)


def make_record(verdict: str = "passed", **changes: Any) -> CheckRecord:
    given = {"clause": "RUN-ONCE", "check": "test_runs.py::test_once", "verdict": verdict}
    return CheckRecord(**{**given, **changes})


def make_failure(message: str = "it ended twice", calls: int = 1, **changes: Any) -> CheckRecord:
    witness = tuple(make_call(f"call.{number}") for number in range(calls))
    return make_record("failed", **{"message": message, "witness": witness, **changes})


def make_known(**changes: Any) -> KnownFailure:
    given = {
        "clause": "RUN-ONCE",
        "message": "ended twice",
        "reason": "their issue 7",
        "owner": "the storage team",
        "expires": DAY,
    }
    return KnownFailure(**{**given, **changes})


def decide(*records: CheckRecord, level: Level | None = "MUST", **options: Any) -> ClauseVerdict:
    """Decide the one small clause."""
    clause = make_clause(needs=options.pop("needs", ()))
    return decide_clause(clause, level, records, **{"today": DAY, **options})


def make_verdict(
    clause: str = "RUN-ONCE",
    verdict: str = "passed",
    level: Level | None = "MUST",
    group: str = "runs",
    **options: Any,
) -> ClauseVerdict:
    """Make the verdict of a clause of which one test ran."""
    make = make_failure if verdict == "failed" else make_record
    fields = {name: options.pop(name) for name in list(options) if name in _RECORD_FIELDS}
    record = make(**{"clause": clause, **fields}) if verdict == "failed" else None
    record = record or make_record(verdict, clause=clause, **fields)
    described = make_clause(
        id=clause,
        group=group,
        needs=options.pop("needs", ()),
        requirement=options.pop("requirement", "A run ends once."),
    )
    return decide_clause(described, level, [record], **{"today": DAY, **options})


_RECORD_FIELDS = {"message", "witness", "calls", "form", "rounds", "failed_rounds", "reproduce"}


def make_header(**changes: Any) -> CertificateHeader:
    given = {
        "world": "sample",
        "title": "Sample",
        "spec": "npm:@sample/world@1.2.3",
        "package": CertifiedPackage(name="@sample/world", version="1.2.3", digest="ab" * 32),
        "suite": "cd" * 32,
        "line": "v5",
        "language": "typescript",
        "spec_version": 6,
        "pins": {"workflow": "5.0.0-beta.26"},
        "environment": Environment(
            system="Linux 6", processor="x86_64, 2 cores", python="3.11.9", node="24.1.0"
        ),
        "processes": "several",
        "seed": 7,
        "effort": "standard",
        "harness_version": "0.1.0",
        "commit": None,
        "started": datetime.datetime(2031, 1, 15, 12, tzinfo=datetime.UTC),
        "ended": datetime.datetime(2031, 1, 15, 12, 5, tzinfo=datetime.UTC),
    }
    return CertificateHeader(**{**given, **changes})


def make_sample(
    clauses: Sequence[ClauseVerdict] = (),
    records: Sequence[CheckRecord] = (),
    processes: Processes = "several",
    **changes: Any,
) -> Certificate:
    """Make a certificate of these verdicts."""
    return make_certificate(make_header(processes=processes, **changes), clauses, records)
