"""Whose packages are imported, by which process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from world_harness.packages import HOME, PACKAGES

CLAIM = "from world_harness.packages import claim_packages; claim_packages(); "


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a `harness/` that holds one other module."""
    (tmp_path / "harness").mkdir()
    (tmp_path / "harness" / "theirs.py").write_text("OWN = 1\n")
    return tmp_path


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder that comes first on Python's path."""
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(HOME)])},
        check=False,
        capture_output=True,
        text=True,
    )


def print_folder(program: str) -> str:
    return f"{program}; print(__import__('pathlib').Path(module.__file__).parent)"


@pytest.mark.parametrize("name", PACKAGES)
def test_a_process_that_claims_the_packages_gets_ours(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("raise RuntimeError('it is theirs')\n")
    done = run(tmp_path, print_folder(f"{CLAIM}import {name} as module"))
    assert done.stdout.strip() == str(HOME / name), done.stderr


def test_any_other_process_gets_the_package_of_the_folder(folder: Path) -> None:
    (folder / "harness" / "__init__.py").touch()
    done = run(folder, print_folder("import harness as module"))
    assert done.stdout.strip() == str(folder.resolve() / "harness"), done.stderr


def test_a_folder_without_init_keeps_its_modules(folder: Path) -> None:
    done = run(folder, "from harness.theirs import OWN; from harness.errors import HarnessError")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("claim", "expected"), [("", "folder"), (CLAIM, "harness")])
def test_a_module_that_both_have_is_that_of_the_process(
    folder: Path, claim: str, expected: str
) -> None:
    (folder / "harness" / "errors.py").touch()
    done = run(folder, print_folder(f"{claim}import harness.errors as module"))
    places = {"folder": folder.resolve() / "harness", "harness": HOME / "harness"}
    assert done.stdout.strip() == str(places[expected]), done.stderr


@pytest.mark.parametrize(("claim", "expected"), [("", "folder"), (CLAIM, "harness")])
def test_a_subfolder_that_both_have_is_that_of_the_process(
    folder: Path, claim: str, expected: str
) -> None:
    (folder / "harness" / "results").mkdir()
    (folder / "harness" / "results" / "files.py").touch()
    done = run(folder, print_folder(f"{claim}import harness.results.files as module"))
    places = {"folder": folder.resolve(), "harness": HOME}
    assert done.stdout.strip() == str(places[expected] / "harness" / "results"), done.stderr


def test_a_package_that_was_imported_before_is_an_error_that_says_what_to_do(folder: Path) -> None:
    (folder / "harness" / "__init__.py").touch()
    done = run(folder, f"import harness; {CLAIM}")
    assert done.returncode == 1
    assert f"{folder.resolve() / 'harness'} is loaded already" in done.stderr
    assert "run the command in a folder whose settings do not import it" in done.stderr


def test_a_package_of_ours_that_was_imported_before_is_claimed(folder: Path) -> None:
    (folder / "harness" / "errors.py").write_text("raise RuntimeError('it is theirs')\n")
    program = f"import harness.theirs; {CLAIM}import harness.errors as module"
    done = run(folder, print_folder(program))
    assert done.stdout.strip() == str(HOME / "harness"), done.stderr


def test_a_module_that_was_imported_before_in_the_place_of_ours_is_an_error(folder: Path) -> None:
    (folder / "harness" / "errors.py").touch()
    done = run(folder, f"import harness.errors; {CLAIM}")
    assert done.returncode == 1
    assert f"{folder.resolve() / 'harness' / 'errors.py'} is loaded already" in done.stderr
