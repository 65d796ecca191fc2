"""The options of the suites: there where the plugin is named, and for our suites alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = "suites.conformance.test_steps"
TAKEN = """
def pytest_addoption(parser):
    parser.addoption("--profile", action="store_true")
"""


def run_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a separate session on a suite in a folder that comes first on the path."""
    env = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST_")}
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words, "--pyargs", CHECK)
    return subprocess.run(
        (*command, "--world", "reference", "--line", "v5", "--collect-only", "-q"),
        cwd=folder,
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )


def test_without_the_plugin_there_are_no_options(tmp_path: Path) -> None:
    done = run_pytest(tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --world" in done.stderr


def test_a_conftest_where_pytest_runs_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(TAKEN)
    done = run_pytest(tmp_path, "-p", "world_harness.plugin")
    assert done.returncode == 0, done.stderr
    assert "test_of_many_creations_of_one_step_one_succeeds" in done.stdout


def test_an_option_that_another_plugin_has_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "taken.py").write_text(TAKEN)
    done = run_pytest(tmp_path, "-p", "world_harness.plugin", "-p", "taken")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--profile" in done.stderr
    assert "leave that plugin out with `-p no:NAME`" in done.stderr


def test_a_package_that_a_setting_imported_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "harness.py").touch()
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p harness\n")
    done = run_pytest(tmp_path, "-p", "world_harness.plugin")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "run the command in a folder whose settings do not import it" in done.stderr
