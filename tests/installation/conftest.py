"""One build for all tests of the folder, and one installation of each kind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests import ROOT
from tests.installation.installed import Installation


def run_uv(*words: str | Path) -> None:
    """Run uv: it links what its cache holds, where pip would unpack half a gigabyte each time."""
    command = [find_uv_bin(), *words]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    dist = tmp_path_factory.mktemp("dist")
    run_uv("build", "--python", sys.executable, "--wheel", "--out-dir", dist, ROOT)
    (wheel,) = dist.glob("*.whl")
    return wheel


def install(wheel: Path, project: Path, *extras: str, beside: tuple[str, ...] = ()) -> Installation:
    """Install the wheel into a new environment, which a project holds as usual."""
    (project / "conftest.py").write_text(
        "raise RuntimeError('the conftest of the project around the environment is loaded')\n"
    )
    programs = project / ".venv" / "bin"
    run_uv("venv", "--python", sys.executable, project / ".venv")
    wanted = f"{wheel}[{','.join(extras)}]" if extras else wheel
    run_uv("pip", "install", "--python", programs / "python", wanted, *beside)
    return Installation(wheel=wheel, programs=programs)


@pytest.fixture(scope="session")
def installation(wheel_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Install the wheel and what it needs."""
    return install(wheel_file, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def full_installation(wheel_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Install every extra for users, beside a plugin whose option `--profile` is one of ours."""
    extras = ("mongodb", "mysql", "pytest-benchmark")
    project = tmp_path_factory.mktemp("full-project")
    # pytest-profiling imports parts of setuptools.
    return install(wheel_file, project, *extras, beside=("pytest-profiling", "setuptools<81"))
