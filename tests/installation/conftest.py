"""One build and one installation for all tests of the folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT
from tests.installation.installed import Installation


def call(*words: str | Path) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Build the wheel and install it into a new environment, which a project holds as usual."""
    project = tmp_path_factory.mktemp("project")
    (project / "conftest.py").write_text(
        "raise RuntimeError('the conftest of the project around the environment is loaded')\n"
    )
    programs = project / ".venv" / "bin"
    call(sys.executable, "-m", "venv", project / ".venv")
    dist = tmp_path_factory.mktemp("dist")
    call(programs / "pip", "wheel", "--no-deps", "--wheel-dir", dist, ROOT)
    (wheel,) = dist.iterdir()
    # Modules that nothing imports need not be compiled.
    call(programs / "pip", "install", "--no-compile", wheel)
    return Installation(wheel=wheel, programs=programs)
