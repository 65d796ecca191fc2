"""`world-harness --help` lists every command, and waits for none of them."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

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


def list_commands() -> dict[str, str]:
    """Return command -> its sentence, in the order of the help."""
    listed = re.findall(
        r"^  ([a-z0-9]+)  +(.+(?:\n {10,}.+)*)$", command_line.run("--help").out, re.M
    )
    return {name: " ".join(sentence.split()) for name, sentence in listed}


COMMANDS = list_commands()


def test_help_shows_what_a_newcomer_needs_first() -> None:
    assert [*COMMANDS][:5] == ["bench", "certify", "e2e", "load", "report"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_the_list_says_of_it(name: str) -> None:
    done = command_line.run(name, "--help")
    assert done.code == 0
    usage, sentence, *_ = (" ".join(part.split()) for part in done.out.split("\n\n"))
    assert usage.startswith(f"Usage: world-harness {name} ")
    assert sentence == COMMANDS[name]
    assert sentence.endswith(".")
