"""The reference World fails no clause, on no line: a check that rejects it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

import suites.conformance
from harness.certification.examination import CertifyRequest, certify, examine_world
from harness.certification.records import CheckRecord
from harness.certification.subjects import find_subject
from harness.contract.clauses import LINES
from harness.descriptions import Catalog

pytestmark = pytest.mark.slow


class Quiet:
    """Watches in silence."""

    def preparing(self, text: str) -> None: ...

    def planned(self, checks: int) -> None: ...

    def checked(self, record: CheckRecord) -> None: ...


@pytest.mark.parametrize("line", LINES)
def test_the_reference_world_is_certified(line: str, catalog: Catalog) -> None:
    request = CertifyRequest(
        subject=find_subject("reference", catalog, line=line),
        suite=Path(suites.conformance.__file__).parent,
        effort="quick",
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
    assert certify(request, examined).footer.certified
