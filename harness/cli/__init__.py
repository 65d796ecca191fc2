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


class _Place(NamedTuple):
    """Where a command is, and its line in the list of commands."""

    module: str
    attribute: str
    summary: str


#: A command is imported when it is called: none waits for the others, nor does `--help`.
_COMMANDS = {
    "bench": _Place(
        "benchmarks",
        "bench",
        "Measure, and write results (JSON lines) and a report (Markdown and HTML).",
    ),
    "report": _Place("benchmarks", "report", "Render a result file again, in any form."),
    "compare": _Place(
        "comparing",
        "compare",
        "Compare two result files of one machine, as far as that can be done.",
    ),
    "merge": _Place(
        "spreading",
        "merge",
        "Put the result files of shards, or of generators, together: `merge OUT IN...`.",
    ),
    "matrix": _Place("spreading", "matrix", "Say what each of several machines is to do."),
    "comment": _Place(
        "pull_requests",
        "comment",
        "Render a result file as the sticky comment of a pull request, and post it with --post.",
    ),
    "export": _Place(
        "benchmarks",
        "export",
        "Write the app of a cell into FOLDER, to deploy it anywhere and measure it with --url.",
    ),
    "certify": _Place(
        "certificates",
        "certify",
        "Drive a World through the contract and answer with a certificate.",
    ),
    "smoke": _Place(
        "certificates", "smoke", "Say in seconds whether the adapter can talk to a World at all."
    ),
    "verify": _Place(
        "certificates",
        "verify",
        "Recompute the verdict of a certificate, offline, and notice any change to it.",
    ),
    "clauses": _Place(
        "certificates",
        "clauses",
        "List the contract: every clause, its level on each line, and what it asks.",
    ),
    "e2e": _Place(
        "engine",
        "e2e",
        "Harass the engine on real apps: does the SDK keep its promises on this World?",
    ),
    "list": _Place(
        "catalog", "list_all", "Show every profile, line, framework, World and scenario."
    ),
    "doctor": _Place(
        "catalog",
        "doctor",
        "Say what this machine has, what would be downloaded and what is missing.",
    ),
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
        module = importlib.import_module(f"{__name__}.{place.module}")
        command: click.Command = getattr(module, place.attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in _COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="world-harness")
def commands() -> None:
    """Benchmark and certify Worlds, the backends of the Workflow SDK, on the real packages."""
