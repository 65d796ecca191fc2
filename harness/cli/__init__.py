"""The command line. Here the parts meet; what they do is written elsewhere."""

from __future__ import annotations

import errno
import importlib
import signal
import sys
from typing import NamedTuple, NoReturn

import click

from harness.errors import HarnessError, UsageError
from harness.programs.interruption import Interrupted, end_by_unwinding

__all__ = ["main"]


class _Place(NamedTuple):
    """Where a command is, and its line in the list of all commands.

    It is imported when it is called, so that neither the list nor another command waits for it.
    """

    module: str
    attribute: str
    summary: str


_COMMANDS = {
    "bench": _Place(
        "benchmarks", "bench", "Measure workflows on the real SDK, and write a report."
    ),
    "report": _Place("benchmarks", "report", "Render a result file in another form."),
    "compare": _Place("comparing", "compare", "Compare two result files of one machine."),
    "merge": _Place("spreading", "merge", "Merge the result files of several machines."),
    "matrix": _Place("spreading", "matrix", "List the jobs that spread a session over machines."),
    "comment": _Place("pull_requests", "comment", "Write results as a pull request's comment."),
    "export": _Place("benchmarks", "export", "Write the app of a cell, to deploy it elsewhere."),
    "certify": _Place("certificates", "certify", "Test a World against its contract."),
    "smoke": _Place("certificates", "smoke", "Check in seconds that a World can be used."),
    "verify": _Place("certificates", "verify", "Check a certificate, offline."),
    "clauses": _Place("certificates", "clauses", "List the clauses of the contract."),
    "e2e": _Place("engine", "e2e", "Test the engine of the SDK under injected faults."),
    "list": _Place("catalog", "list_all", "List profiles, lines, frameworks, Worlds, scenarios."),
    "doctor": _Place("catalog", "doctor", "Show what this machine has and what is missing."),
}

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def main() -> NoReturn:
    """Run the command line and exit.

    0 good, 1 bad results, 2 environment, 3 usage, 129, 130 and 143 interrupted.
    """
    end_by_unwinding()
    try:
        code = commands.main(standalone_mode=False) or 0
    except HarnessError as error:
        code = _complain(str(error), error.exit_code)
    except click.ClickException as error:
        error.show()
        code = UsageError.exit_code
    except click.Abort as error:
        # Click makes one of every KeyboardInterrupt.
        code = getattr(error.__cause__, "exit_code", Interrupted(signal.SIGINT).exit_code)
        _complain("interrupted; nothing is left running", code)
    except OSError as error:
        if error.errno not in _DISK_FULL and error.filename is None:
            raise
        code = _complain(str(_explain(error)), HarnessError.exit_code)
    sys.exit(code)


def _explain(error: OSError) -> HarnessError:
    from harness.workspaces.cache import cache_folder

    if error.errno in _DISK_FULL:
        return HarnessError(
            "the disk is full",
            cause=str(error),
            remedy=f"make room; `{cache_folder()}` can be removed at any time",
        )
    return HarnessError(
        "a file or folder cannot be used",
        cause=str(error),
        remedy=f"correct its rights, or name another place; WORLD_HARNESS_CACHE moves the cache "
        f"out of `{cache_folder()}`",
    )


def _complain(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


class Commands(click.Group):
    """Finds a command where `_COMMANDS` says that it is."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names, in the order in which help shows them."""
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return a command; `None` when there is none of that name."""
        if name not in _COMMANDS:
            return None
        place = _COMMANDS[name]
        module = importlib.import_module(f"harness.cli.{place.module}")
        command: click.Command = getattr(module, place.attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of all commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in _COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="world-harness")
def commands() -> None:
    """Benchmark and certify Worlds, the backends of the Workflow SDK, on the real packages."""
