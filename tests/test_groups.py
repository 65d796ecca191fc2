"""Tests that share costly apps run on one worker, so that each app is set up once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SUITE = """
import os

import pytest


@pytest.fixture(params=[pytest.param(1, marks=pytest.mark.xdist_group("one"))], scope="module")
def app(request):
    return request.param


@pytest.mark.parametrize("number", range(6))
def test_app(app, number):
    with open("workers", "a") as log:
        log.write(os.environ["PYTEST_XDIST_WORKER"] + "\\n")
"""


@pytest.mark.slow
def test_pytest_xdist_keeps_a_group_on_one_worker(tmp_path: Path) -> None:
    """Some versions of pytest and pytest-xdist ignore groups without a word (pytest-xdist#1386)."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_suite.py").write_text(_SUITE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    workers = (tmp_path / "workers").read_text(encoding="utf-8").split()
    assert len(workers) == 6
    assert len(set(workers)) == 1
