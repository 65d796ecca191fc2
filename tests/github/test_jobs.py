"""The jobs of `tests.yml` miss no test, and name sessions that there are."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests import ROOT
from tests.github.reading import read_jobs

JOBS = read_jobs("tests")
GROUPS = [group["paths"].split() for group in JOBS["whole"]["strategy"]["matrix"]["include"]]


@pytest.fixture(scope="module")
def sessions() -> set[str]:
    """Return the names of all nox sessions."""
    command = [sys.executable, "-m", "nox", "--list"]
    listed = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    return set(re.findall(r"^[*-] (\S+)", listed.stdout, re.MULTILINE))


def test_every_test_is_in_exactly_one_group() -> None:
    *folders, (everything, *ignored) = GROUPS
    assert everything == "tests"
    alone = [folder for group in folders for folder in group]
    assert ignored == [f"--ignore={folder}" for folder in alone]
    assert [folder for folder in alone if not (ROOT / folder).is_dir()] == []


def test_every_session_that_contributors_run_is_checked(sessions: set[str]) -> None:
    checked = set(JOBS["check"]["strategy"]["matrix"]["session"])
    assert checked >= {"unit", "lint", "types", "site"}
    assert checked <= sessions


def test_every_supported_version_of_python_is_tested(sessions: set[str]) -> None:
    pythons = JOBS["versions"]["strategy"]["matrix"]["python"]
    assert {f"versions-{python}" for python in pythons} <= sessions
    assert read_jobs("release")["try"]["strategy"]["matrix"]["python"] == pythons


def test_every_session_that_a_document_names_is_one(sessions: set[str]) -> None:
    documents = [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / ".github").glob("*.md"),
    ]
    named = {
        session
        for path in documents
        for names in re.findall(r"nox -s ((?:[a-z0-9]+ ?)+)", path.read_text(encoding="utf-8"))
        for session in names.split()
    }
    assert named >= {"bench", "tests", "unit", "lint", "types", "docs"}
    assert named <= sessions
