"""`world-harness --help`: quick, and the same as what each command says of itself."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from harness.cli import commands

CONTEXT = click.Context(commands)


def list_shown() -> dict[str, str]:
    """Return command -> its line in the help."""
    formatter = click.HelpFormatter(width=1000)
    commands.format_commands(CONTEXT, formatter)
    lines = formatter.getvalue().splitlines()[1:]
    return {name: text.strip() for name, _, text in (line.strip().partition(" ") for line in lines)}


@pytest.mark.parametrize("name", commands.list_commands(CONTEXT))
def test_the_line_of_a_command_is_the_first_sentence_of_its_own_help(name: str) -> None:
    command = commands.get_command(CONTEXT, name)
    assert command is not None
    assert list_shown()[name] == command.get_short_help_str(limit=1000)


def test_help_imports_no_command_and_nothing_heavy() -> None:
    program = (
        "import sys; from world_harness.__main__ import main\n"
        "sys.argv = ['world-harness', '--help']\n"
        "try: main()\n"
        "finally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    imported = set(done.stderr.split())
    ours = {name for name in imported if name.startswith(("harness.", "reports", "suites."))}
    assert ours - {"reports", "suites"} == {
        *("harness.cli", "harness.errors", "harness.programs", "harness.programs.interruption")
    }
    assert not imported & {"msgspec", "numpy", "pandas", "pytest", "rich", "scipy"}
