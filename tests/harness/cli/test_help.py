"""`world-harness --help` lists every command, and waits for none of them."""

from __future__ import annotations

import subprocess
import sys

from tests.harness.cli import command_line

LIST_MODULES = """
import sys
from harness.cli import main
try:
    main()
finally:
    print(*sorted(sys.modules), sep="\\n")
"""


def test_help_imports_no_command() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", LIST_MODULES, "--help"], check=True, capture_output=True, text=True
    ).stdout
    assert [line for line in shown.splitlines() if line.startswith("harness.")] == [
        "harness.cli",
        "harness.errors",
        "harness.programs",
        "harness.programs.interruption",
    ]


def test_help_shows_a_whole_sentence_for_each_command_and_each_can_be_called() -> None:
    lines = command_line.run("--help").out.partition("Commands:\n")[2].splitlines()
    assert [line for line in lines if not line.endswith(".")] == []
    names = [line.split()[0] for line in lines]
    assert {"bench", "certify", "e2e", "list"} <= {*names}
    for name in names:
        assert command_line.run(name, "--help").out.startswith(f"Usage: world-harness {name} ")
