"""What GitHub reads of `.github/` has the form that GitHub asks for, and pre-commit its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT

GITHUB = ROOT / ".github"
FORMS = sorted(path for path in (GITHUB / "ISSUE_TEMPLATE").iterdir() if path.stem != "config")


def check(schema: str, *paths: Path) -> subprocess.CompletedProcess[str]:
    """Hold files to a schema that comes with the checker."""
    program = Path(sys.executable).parent / "check-jsonschema"
    command = [str(program), "--builtin-schema", f"vendor.{schema}", *map(str, paths)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("github-issue-forms", FORMS),
        ("github-issue-config", [GITHUB / "ISSUE_TEMPLATE" / "config.yml"]),
        ("dependabot", [GITHUB / "dependabot.yml"]),
        ("github-workflows", sorted((GITHUB / "workflows").iterdir())),
    ],
)
def test_files_follow_their_schema(schema: str, paths: list[Path]) -> None:
    assert paths
    done = check(schema, *paths)
    assert done.returncode == 0, done.stdout


def test_a_form_without_questions_would_be_found(tmp_path: Path) -> None:
    form = tmp_path / "bug.yml"
    form.write_text("name: Bug\ndescription: It fails\nbody: []\n")
    assert check("github-issue-forms", form).returncode == 1


def test_there_is_a_form_for_a_bug_a_world_and_a_framework() -> None:
    assert [path.name for path in FORMS] == ["bug.yml", "framework.yml", "world.yml"]


def test_pre_commit_can_read_its_hooks() -> None:
    program = Path(sys.executable).parent / "pre-commit"
    command = [str(program), "validate-config", str(ROOT / ".pre-commit-config.yaml")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
