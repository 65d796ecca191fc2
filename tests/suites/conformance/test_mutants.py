"""Every check can fail: each mutant is rejected by its clause, and the reference World by none."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from harness.certification.subjects import Subject, find_subject
from harness.contract.clauses import LINES, describe_clauses
from harness.descriptions import Catalog
from suites.conformance.mutants_document import DOCUMENT, explain_survival, kill, render_matrix
from worlds.mutants import describe_mutants

pytestmark = pytest.mark.slow

MUTANTS = describe_mutants()


@pytest.fixture(scope="session")
def subjects(catalog: Catalog) -> dict[str, Subject]:
    """The World `mutant`, for every line."""
    return {line: find_subject("mutant", catalog, line=line) for line in LINES}


@pytest.mark.parametrize("name", MUTANTS)
def test_each_mutant_is_rejected_by_its_clause(
    name: str, subjects: dict[str, Subject], tmp_path: Path
) -> None:
    mutant = MUTANTS[name]
    subject = subjects[mutant.line]
    env = {**subject.env, **mutant.env, "MUTANT": name}
    subject = msgspec.structs.replace(subject, env=env, services=mutant.services)
    assert explain_survival(mutant, kill(mutant, subject, tmp_path)) == ""


def test_every_clause_that_must_hold_has_a_mutant() -> None:
    killers = {mutant.clause for mutant in MUTANTS.values()}
    missing = [
        clause.id
        for clause in describe_clauses().values()
        if "MUST" in clause.levels.values() and clause.id not in killers
    ]
    assert not missing


def test_every_mutant_names_an_existing_clause_and_line() -> None:
    clauses = describe_clauses()
    for mutant in MUTANTS.values():
        assert mutant.line in clauses[mutant.clause].levels, mutant.name


def test_every_mutant_describes_its_defect() -> None:
    assert all(mutant.story.endswith(".") and mutant.message for mutant in MUTANTS.values())


def test_the_kill_matrix_is_up_to_date() -> None:
    written = DOCUMENT.read_text(encoding="utf-8")
    assert written == render_matrix(MUTANTS, describe_clauses()), "run `nox -s docs`"
