"""`pytest suites/properties --world SPEC`, as a user runs it."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from harness.contract.clauses import LINES
from tests import ROOT

pytestmark = pytest.mark.slow


def run_suite(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", *words, "-q", "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("line", LINES)
def test_the_reference_world_passes(line: str) -> None:
    ended = run_suite(
        "suites/properties", "--world", "reference", "--line", line, "--effort", "quick"
    )
    assert ended.returncode == 0, ended.stdout
    assert "2 passed" in ended.stdout


def test_the_printed_command_reproduces_the_failure_of_a_mutant() -> None:
    words = ["--world", "mutant", "--env", "MUTANT=creates-every-step", "--line", "v5"]
    words += ["--clause", "STEP-CREATE-ATOMIC", "--effort", "quick", "--seed", "7"]
    ended = run_suite("suites/properties/test_sequences.py", *words)
    assert ended.returncode == 1
    assert "STEP-CREATE-ATOMIC: " in ended.stdout
    history = [line for line in ended.stdout.splitlines() if "step_created" in line]
    label = "reproduce: pytest "
    command = next(line for line in ended.stdout.splitlines() if line.startswith(label))
    repeated = run_suite(*shlex.split(command.removeprefix(label)))
    assert history == [line for line in repeated.stdout.splitlines() if "step_created" in line]
