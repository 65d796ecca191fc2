"""The program `world-harness`: its commands, its help, and how it ends."""

from __future__ import annotations

import errno
import importlib
import signal
import sys
import traceback
from typing import NoReturn

import click

from harness.errors import HarnessError
from harness.exit_codes import ExitCode
from harness.programs.interruption import Interrupted, end_by_unwinding

#: Section of the help -> its commands, each with one sentence. A command is the `command` of the
#: module that has its name, imported when it is called: none waits for what others need.
_COMMANDS = {
    "Measure and check": {
        "bench": "Measure how fast Worlds run workflows, and write a report.",
        "certify": "Check a World against the contract, and write a certificate.",
        "e2e": "Test the SDK's engine on real apps, under injected faults.",
        "load": "Start runs at a fixed rate, and measure latency and throughput.",
        "report": "Render a result file as Markdown, HTML, JSON, JUnit, a badge or a GitHub step "
        "summary.",
    },
    "Before you start": {
        "list": "List the profiles, lines, frameworks, Worlds and scenarios.",
        "doctor": "Show what this machine has, what would be downloaded, and what is missing.",
        "smoke": "Quickly check that a World loads and answers.",
        "clauses": "List the clauses of the contract.",
    },
    "Work with results": {
        "compare": "Compare two result files of one machine.",
        "merge": "Merge the result files of several machines into one.",
        "verify": "Verify a certificate, offline.",
        "comment": "Render results as the comment on a pull request, and post it.",
    },
    "Use other machines": {
        "matrix": "Print the commands that split a benchmark over several machines.",
        "export": "Write an app into a folder, to deploy it elsewhere.",
    },
}
_MODULES = {name: f"harness.cli.{name}" for group in _COMMANDS.values() for name in group}

_EXIT_CODES = (
    "Exit codes: 0 success; 1 a failure was found; 2 no decision was possible; 3 wrong usage; 4 a "
    "problem of the environment or the harness; 129, 130, 143 interrupted. Not every command uses "
    "all of them: see docs/exit-codes.md."
)

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT}


def main() -> NoReturn:
    """Run the command line, and exit with an :class:`ExitCode`."""
    end_by_unwinding()
    code: int
    try:
        code = commands.main(standalone_mode=False) or ExitCode.GOOD
    except HarnessError as error:
        code = _complain(str(error), error.exit_code)
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except click.Abort as error:
        # Click makes one of every KeyboardInterrupt.
        code = getattr(error.__cause__, "exit_code", Interrupted(signal.SIGINT).exit_code)
        _complain("interrupted; nothing is left running", code)
    except Exception as error:  # noqa: BLE001 - Python would exit with 1: a failure was found
        code = _complain(_explain(error), ExitCode.ENVIRONMENT)
    sys.exit(code)


def _explain(error: Exception) -> str:
    """Explain an error that is not one of ours."""
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return str(
            HarnessError(
                "the disk is full",
                cause=str(error),
                remedy=f"make room; `{_find_cache()}` can be removed at any time",
            )
        )
    if isinstance(error, OSError) and error.filename is not None:
        return str(
            HarnessError(
                "a file or folder cannot be used",
                cause=str(error),
                remedy="correct its rights, or name another place: --out for results, "
                f"WORLD_HARNESS_CACHE for packages (now `{_find_cache()}`), TMPDIR for storage",
            )
        )
    return str(
        HarnessError(
            "".join(traceback.format_exception(error)).rstrip(),
            remedy="this is a fault of the harness: report it, with the lines above",
        )
    )


def _find_cache() -> str:
    # Its import takes longer than all of `--help` may.
    from harness.workspaces.cache import cache_folder

    return str(cache_folder())


def _complain(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


class Commands(click.Group):
    """Imports a command when it is called."""

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names, in the order of the help."""
        return list(_MODULES)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return a command; `None` if no command has this name."""
        if name not in _MODULES:
            return None
        command: click.Command = importlib.import_module(_MODULES[name]).command
        command.epilog = _EXIT_CODES
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands in sections, without importing one."""
        for title, sentences in _COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(list(sentences.items()))


@click.group(
    cls=Commands,
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="world-harness")
def commands() -> None:
    """Benchmark and certify Worlds, the backends of the Workflow SDK, on the real packages.

    `world-harness COMMAND --help` explains a command.
    """
