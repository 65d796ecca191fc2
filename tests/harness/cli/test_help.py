"""`world-harness --help` lists every command, and waits for none of them."""

from __future__ import annotations

import re
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
        "harness.cli.program",
        "harness.errors",
        "harness.exit_codes",
        "harness.programs",
        "harness.programs.interruption",
    ]


def test_help_shows_a_whole_sentence_for_each_command_and_each_can_be_called() -> None:
    pattern = r"^  ([a-z0-9]+)  +(\S.*(?:\n {5,}\S.*)*)$"
    sections = re.findall(pattern, command_line.run("--help").out, re.MULTILINE)
    assert [sentence for _, sentence in sections if not sentence.endswith(".")] == []
    names = [name for name, _ in sections]
    assert {"bench", "certify", "e2e", "load", "report"} == {*names[:5]}
    for name in names:
        assert command_line.run(name, "--help").out.startswith(f"Usage: world-harness {name} ")
