"""`world-harness --help` lists every command, and waits for none of them."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from harness.cli import commands
from tests.harness.cli import command_line

CONTEXT = click.Context(commands)
NAMES = commands.list_commands(CONTEXT)


def test_help_imports_no_command() -> None:
    program = (
        "import sys\n"
        "from harness.cli import commands\n"
        "commands.main(['--help'], standalone_mode=False)\n"
        "print(*sorted(name for name in sys.modules if name.startswith('harness.')), sep='\\n')\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert [line for line in shown.splitlines() if line.startswith("harness.")] == [
        "harness.cli",
        "harness.errors",
        "harness.programs",
        "harness.programs.interruption",
    ]


def test_help_shows_one_whole_line_for_each_command() -> None:
    lines = command_line.run("--help").out.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    assert [line for line in lines if not line.endswith(".")] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_the_list_can_be_called(name: str) -> None:
    command = commands.get_command(CONTEXT, name)
    assert command is not None
    assert command.name == name
    assert command.help
