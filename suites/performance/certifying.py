"""The duration of a certification, and whether repeated certifications agree."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import msgspec
from rich.console import Console

import suites.conformance
from harness.certification.examination import CertifyRequest, Examined, examine_world
from harness.certification.records import describe_record
from harness.certification.subjects import Subject
from harness.checks.progress import PlainChecks

SUITE = Path(suites.conformance.__file__).parent


class Timed(msgspec.Struct, frozen=True):
    """One certification: its result and seconds, with starting servers but not installation."""

    seconds: float
    examined: Examined


def time_certification(subject: Subject, effort: str, console: Console) -> Timed:
    """Certify an installed World once."""
    request = CertifyRequest(subject=subject, suite=SUITE, effort=effort)
    began = time.perf_counter()
    examined = examine_world(request, PlainChecks(console, describe_record))
    return Timed(time.perf_counter() - began, examined)


def find_differences(runs: list[Examined]) -> list[str]:
    """Return the clauses on which several certifications of one World disagree."""
    found = []
    for verdicts in zip(*(run.verdicts for run in runs), strict=True):
        counts = Counter(verdict.verdict for verdict in verdicts)
        if len(counts) > 1:
            told = ", ".join(f"{number} x {verdict}" for verdict, number in counts.items())
            found.append(f"{verdicts[0].id}: {told}")
    return found
