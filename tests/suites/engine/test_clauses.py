"""The engine clauses: each is described once and has a check; each check decides a clause."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.descriptions import Cell
from harness.engine.clauses import describe_engine_clauses
from harness.engine.session import list_suites
from harness.errors import DescriptionError
from harness.workspaces import describe_lines
from suites.engine import CLAUSES, list_checks
from suites.engine.applicability import explain_inapplicable
from worlds import describe_worlds

CLAUSE = """
[[clause]]
id = "ENG-ONE"
requirement = '''
Something
holds.
'''
levels = { v4 = "MUST" }
sources = ["somewhere"]
"""


class TestDescriptions:
    def test_every_clause_has_a_check(self) -> None:
        assert set(describe_engine_clauses(CLAUSES)) == set(list_checks().values())

    def test_every_test_of_the_suites_decides_a_clause(self) -> None:
        found = {
            line.split("(")[0].removeprefix("def ")
            for path in CLAUSES.parent.glob("test_*.py")
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.startswith("def test_")
        }
        assert found == set(list_checks())

    def test_every_suite_has_files_and_every_file_a_suite(self) -> None:
        names = {clause.suite for clause in describe_engine_clauses(CLAUSES).values()}
        suites = list_suites(CLAUSES.parent, sorted(names))
        assert all(suites.values())
        listed = {path for files in suites.values() for path in files}
        assert listed == set(CLAUSES.parent.glob("test_*.py"))

    def test_levels_name_existing_lines(self) -> None:
        lines = {
            line for clause in describe_engine_clauses(CLAUSES).values() for line in clause.levels
        }
        assert lines <= set(describe_lines())

    def test_a_requirement_is_joined_to_one_line(self, tmp_path: Path) -> None:
        (tmp_path / "one.toml").write_text(CLAUSE)
        clause = describe_engine_clauses(tmp_path)["ENG-ONE"]
        assert (clause.requirement, clause.suite) == ("Something holds.", "one")

    def test_two_suites_cannot_share_an_id(self, tmp_path: Path) -> None:
        (tmp_path / "one.toml").write_text(CLAUSE)
        (tmp_path / "two.toml").write_text(CLAUSE)
        with pytest.raises(DescriptionError, match="another suite"):
            describe_engine_clauses(tmp_path)


class TestApplicability:
    @pytest.mark.parametrize(
        ("needs", "line", "world", "mode", "reason"),
        [
            ("", "v5", "local", "production", "does not hold for line v5"),
            ("process", "v4", "remote", "production", "out of reach"),
            ("process", "v4", "local", "development", "dev server"),
            ("several processes", "v4", "local", "production", "documented for one process"),
            ("several processes", "v4", "postgres", "production", ""),
            ("server", "v4", "local", "production", "no server to lose"),
            ("server", "v4", "postgres", "production", ""),
            ("attributes", "v4", "local", "production", "no attributes"),
            ("concurrency", "v4", "redis", "production", "no setting"),
            ("concurrency", "v4", "postgres", "production", ""),
            ("process", "v4", "local", "production", ""),
        ],
    )
    def test_the_reason_for_an_inapplicable_clause_is_given(
        self, tmp_path: Path, needs: str, line: str, world: str, mode: str, reason: str
    ) -> None:
        (tmp_path / "one.toml").write_text(CLAUSE + (f'needs = ["{needs}"]\n' if needs else ""))
        clause = describe_engine_clauses(tmp_path)["ENG-ONE"]
        cell = Cell(line, "express", world)
        said = explain_inapplicable(clause, cell, describe_worlds()[world], mode)  # type: ignore[arg-type]
        assert reason in said if reason else not said


class TestFilesOfSuites:
    def test_a_file_belongs_to_the_suite_with_the_longest_matching_name(
        self, tmp_path: Path
    ) -> None:
        for name in ("test_log.py", "test_log_integrity.py", "test_log_integrity_more.py"):
            (tmp_path / name).touch()
        files = list_suites(tmp_path, ["log", "log-integrity"])
        assert [path.name for path in files["log"]] == ["test_log.py"]
        assert len(files["log-integrity"]) == 2
