"""A Python World has its own virtual environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.errors import InstallError
from harness.workspaces.environments import install_environment

PINS = {"some-world": "1.2.3"}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Python:
    """Stands in for the interpreter that makes environments, and for the one in them."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        monkeypatch.setattr(sys, "executable", str(path))
        self.pip("")

    def pip(self, program: str) -> None:
        """Say what `pip` does in an environment."""
        path = self.path.with_name("inner")
        self._write(path, program)
        making = f"""
import os, pathlib, sys
folder = pathlib.Path(sys.argv[-1])
(folder / "bin").mkdir()
os.symlink({str(path)!r}, folder / "bin" / "python")
"""
        self._write(self.path, making)

    def fails(self, text: str) -> None:
        self.pip(f"print({text!r}); raise SystemExit(1)")

    def breaks(self, text: str) -> None:
        """Say that no environment can be made."""
        self._write(self.path, f"print({text!r}); raise SystemExit(1)")

    def _write(self, path: Path, program: str) -> None:
        path.write_text(f"#!{REAL} -IS\n{program}\n")
        path.chmod(0o755)


REAL = sys.executable


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Python:
    return Python(tmp_path / "outer", monkeypatch)


def test_it_is_made_once_with_exactly_the_pins(python: Python) -> None:
    python.pip("import sys; open('runs', 'a').write(' '.join(sys.argv[1:]) + ',')")
    made = install_environment("some", PINS)
    assert install_environment("some", PINS) == made
    assert made.name == "python"
    runs = (made.parents[1] / "runs").read_text()
    assert runs.count(",") == 1
    assert runs.endswith("some-world==1.2.3,")
    assert os.access(made, os.X_OK)


def test_another_version_is_another_environment(python: Python) -> None:
    assert install_environment("some", PINS) != install_environment("some", {"some-world": "2"})


def test_a_version_that_does_not_exist_is_answered_with_those_that_do(python: Python) -> None:
    python.fails(
        "ERROR: Could not find a version that satisfies the requirement some-world==1.2.3 "
        "(from versions: 0.1.0, 1.0.0)\nERROR: No matching distribution found"
    )
    with pytest.raises(InstallError, match=r"some-world has no version 1\.2\.3") as caught:
        install_environment("some", PINS)
    assert caught.value.remedy == "choose from 1.0.0, 0.1.0"


def test_a_package_that_does_not_exist(python: Python) -> None:
    python.fails(
        "ERROR: Could not find a version that satisfies the requirement some-world==1.2.3 "
        "(from versions: none)"
    )
    with pytest.raises(InstallError, match="no package some-world for this Python") as caught:
        install_environment("some", PINS)
    assert "check the package's name" in caught.value.remedy


def test_without_the_index_it_is_said(python: Python) -> None:
    python.fails("NewConnectionError: failed to establish a new connection")
    with pytest.raises(InstallError, match="pip cannot reach the Python package index") as caught:
        install_environment("some", PINS)
    assert "check the network" in caught.value.remedy


def test_another_failure_is_quoted_and_leaves_nothing(python: Python, cache: Path) -> None:
    python.fails("error: something else")
    with pytest.raises(InstallError, match="pip could not install some-world==1") as caught:
        install_environment("some", PINS)
    assert "| error: something else" in caught.value.cause
    assert not [path for path in (cache / "worlds").iterdir() if path.is_dir()]


def test_a_python_without_environments_is_said(python: Python) -> None:
    python.breaks("No module named venv")
    with pytest.raises(InstallError, match="cannot make a virtual environment") as caught:
        install_environment("some", PINS)
    assert "python3-venv" in caught.value.remedy
