"""Commands where the user has folders of our packages' names: each is taken where it is meant."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.certification.records import read_record
from harness.checks.reproducing import write_check_command
from harness.invocations import Value
from tests import RESULTS
from tests.installation.foreign import THEIRS, write_foreign_folder
from tests.installation.installed import Installation

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("installation")]

RECORDS = RESULTS / "engine" / "py-fastapi-sqlite.jsonl"
CLAUSE = ("--effort", "quick", "--clause", "STEP-CREATE-ATOMIC")
PLUGIN = ("-p", "world_harness.plugin", "-p", "no:cacheprovider", "--pyargs")


class Place(NamedTuple):
    """A folder, and how commands are called there."""

    folder: Path
    #: The folder comes first on `sys.path` by `-m`, and by the environment of many a project.
    harness: tuple[str, ...]
    pytest: tuple[str, ...]

    def run(
        self, installation: Installation, *words: str | Path
    ) -> subprocess.CompletedProcess[str]:
        env = {"PYTHONPATH": str(self.folder)}
        return installation.run(*words, folder=self.folder, env=env)


@pytest.fixture(params=["packages", "namespaces"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Return a folder whose `harness/`, `suites/` and so on have an `__init__.py`, or have none."""
    folder = tmp_path / "project"
    if request.param == "packages":
        write_foreign_folder(folder, packages=True)
        return Place(folder, ("world-harness",), ("python", "-m", "pytest"))
    write_foreign_folder(folder, packages=False)
    return Place(folder, ("python", "-m", "world_harness"), ("pytest",))


@pytest.mark.parametrize(
    ("command", "code", "shown"),
    [
        ("list", 0, "postgres"),
        ("doctor", None, "Python"),
        ("clauses", 0, "STEP-CREATE-ATOMIC"),
        ("matrix --shards 2 --seed 1", 0, "--shard 1/2"),
        ("bench --world nothing", 3, "nothing"),
        ("e2e --suite nothing", 3, "nothing"),
        (f"report {RECORDS} --format markdown", 0, "fastapi"),
        (f"verify {RESULTS / 'certificates' / 'local-4.4.1-v4.certificate.jsonl'}", None, "v4"),
        ("smoke reference", 0, "Reference"),
        ("smoke worlds.sqlite:create_world", None, THEIRS),
    ],
    ids=lambda value: str(value).split()[0],
)
def test_a_command_takes_the_packages_that_are_meant(
    installation: Installation, place: Place, command: str, code: int | None, shown: str
) -> None:
    done = place.run(installation, *place.harness, *shlex.split(command))
    assert "Traceback" not in done.stderr, done.stderr
    assert shown in done.stdout + done.stderr
    assert code in (None, done.returncode), done.stderr


def test_certify_judges_our_reference_world(installation: Installation, place: Place) -> None:
    done = place.run(installation, *place.harness, "certify", "reference", *CLAUSE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_certify_judges_the_world_of_the_folder(installation: Installation, place: Place) -> None:
    words = ("certify", "worlds.sqlite:create_world", "--line", "py", *CLAUSE)
    done = place.run(installation, *place.harness, *words)
    assert done.returncode != 0
    assert THEIRS in done.stdout + done.stderr


def test_pytest_runs_a_suite_of_ours(installation: Installation, place: Place) -> None:
    words = (*PLUGIN, "suites.conformance.test_steps", "--world", "reference", "--line", "v5")
    records = place.folder / "records.jsonl"
    chosen = (*CLAUSE, "--records", records)
    done = place.run(installation, *place.pytest, *words, *chosen, "-n", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    checks = [read_record(line).check for line in records.read_bytes().splitlines()]
    assert checks
    assert all(check.startswith("test_steps::") for check in checks)


def test_pytest_finds_the_one_check_that_a_printed_command_names(
    installation: Installation, place: Place
) -> None:
    cell: dict[str, Value] = {
        "--line": "v4",
        "--framework": "express",
        "--world": "local",
        "--seed": 7,
    }
    command = write_check_command("suites.engine.test_dedupe", "test_a_run_ends_once", cell)
    words = (*place.pytest, *shlex.split(command)[1:], "--collect-only", "-q")
    done = place.run(installation, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 test collected" in done.stdout
