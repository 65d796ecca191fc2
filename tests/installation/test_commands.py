"""The commands of an installation, in a folder far from any checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import HarnessError
from tests.installation.installed import Installation

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("installation")]

CERTIFY = ("certify", "reference", "--effort", "quick", "--clause", "STEP-CREATE-ATOMIC")


def test_list_shows_what_is_described(installation: Installation, tmp_path: Path) -> None:
    done = installation.run("world-harness", "list", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in ("postgres", "express", "v5-latest", "no-steps"))


def test_doctor_names_the_extra_of_a_missing_driver(
    installation: Installation, tmp_path: Path
) -> None:
    done = installation.run("world-harness", "doctor", folder=tmp_path)
    assert "Traceback" not in done.stderr
    findings = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert ["ready", "Python"] in [words[:2] for words in findings]
    assert "pip install 'world-harness[mongodb]'" in done.stdout
    assert "pip install 'world-harness[mysql]'" in done.stdout


def test_certify_runs_a_clause_on_the_reference_world(
    installation: Installation, tmp_path: Path
) -> None:
    done = installation.run("world-harness", *CERTIFY, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "STEP-CREATE-ATOMIC" in done.stdout


@pytest.mark.sdk
def test_smoke_talks_to_the_local_world(installation: Installation, tmp_path: Path) -> None:
    done = installation.run("world-harness", "smoke", "local", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("service", "extra"), [("mongodb", "mongodb"), ("mariadb", "mysql")])
def test_a_world_whose_driver_is_missing_names_the_extra(
    installation: Installation, tmp_path: Path, service: str, extra: str
) -> None:
    (tmp_path / "own_world.py").write_text("def create_world():\n    return None\n")
    words = ("smoke", "own_world:create_world", "--service", service, "--env", f"URL={{{service}}}")
    done = installation.run("world-harness", *words, folder=tmp_path)
    assert done.returncode == HarnessError.exit_code
    assert f"pip install 'world-harness[{extra}]'" in done.stderr


def test_the_benchmark_as_a_pytest_suite_names_the_extra_that_it_needs(
    installation: Installation, tmp_path: Path
) -> None:
    words = ("-p", "world_harness.plugin", "--pyargs", "suites.bench", "--world", "local")
    done = installation.run("pytest", *words, folder=tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "pip install 'world-harness[pytest-benchmark]'" in done.stderr
