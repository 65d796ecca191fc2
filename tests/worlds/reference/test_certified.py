"""The reference World fails no clause, on no line: a check that rejects it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import suites.conformance
from harness.certification.examination import CertifyRequest, Examined, certify, examine_world
from harness.certification.records import CheckRecord
from harness.certification.subjects import find_subject
from harness.contract.clauses import LINES, describe_clauses, level_on
from harness.descriptions import Catalog

pytestmark = pytest.mark.slow

NEWEST = "v5-latest"


class Quiet:
    """Watches in silence."""

    def preparing(self, text: str) -> None: ...

    def planned(self, checks: int) -> None: ...

    def checked(self, record: CheckRecord) -> None: ...


def examine(line: str, catalog: Catalog, *clauses: str) -> tuple[CertifyRequest, Examined]:
    request = CertifyRequest(
        subject=find_subject("reference", catalog, line=line),
        suite=Path(suites.conformance.__file__).parent,
        effort="quick",
        clauses=clauses,
        workers=2,
    )
    examined = examine_world(request, Quiet())
    wrong = [
        f"{verdict.id} {form.check} [{form.form}]: {form.message}"
        for verdict in examined.verdicts
        for form in verdict.forms
        if form.verdict in {"failed", "inconclusive"}
    ]
    assert not wrong
    return request, examined


@pytest.mark.parametrize("line", [NEWEST, "py"])
def test_the_reference_world_is_certified(line: str, catalog: Catalog) -> None:
    request, examined = examine(line, catalog)
    assert certify(request, examined).footer.certified


@pytest.mark.parametrize("line", sorted({*LINES} - {NEWEST, "py"}))
def test_it_meets_what_an_older_line_has_otherwise(line: str, catalog: Catalog) -> None:
    """What lines have in common is examined on the newest."""
    differing = [
        clause.id
        for clause in describe_clauses().values()
        if level_on(clause, line) not in {None, level_on(clause, NEWEST)}
    ]
    assert differing
    _, examined = examine(line, catalog, *differing)
    assert {verdict.id for verdict in examined.verdicts} >= {*differing}
