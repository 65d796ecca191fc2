"""Checks are found by their markers, without a run of pytest."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.checks.marks import MarkedCheck, list_marked_checks
from harness.contract.clauses import describe_clauses
from suites import conformance

TESTS = """
import pytest

@pytest.mark.clause("ONE", cost=2)
@pytest.mark.parametrize("number", [1, 2])
def test_it(number): ...

def test_of_no_clause(): ...

@pytest.mark.clause("TWO", cost=1)
def no_test(): ...
"""


def test_a_check_is_a_test_with_the_marker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "marked_suite").mkdir()
    (tmp_path / "marked_suite" / "__init__.py").touch()
    file = tmp_path / "marked_suite" / "test_some.py"
    file.write_text(TESTS)
    (tmp_path / "marked_suite" / "broken.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path)
    assert list_marked_checks("marked_suite", "clause") == (
        MarkedCheck(check="test_it", clause="ONE", file=file),
    )


def test_every_file_of_the_conformance_suite_decides_clauses_that_exist() -> None:
    checks = list_marked_checks(conformance.__name__, "clause")
    folder = Path(conformance.__path__[0])
    assert {marked.file for marked in checks} == set(folder.glob("test_*.py"))
    assert {marked.clause for marked in checks} <= set(describe_clauses())
