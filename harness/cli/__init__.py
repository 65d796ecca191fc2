"""The command line. Here the parts meet; what they do is written elsewhere."""

from __future__ import annotations

import errno
import importlib
import signal
import sys
from typing import NoReturn

import click

from harness.cli.catalog import read_catalog
from harness.errors import HarnessError, UsageError
from harness.programs.interruption import Interrupted, end_by_unwinding
from harness.workspaces.cache import cache_folder

__all__ = ["main", "read_catalog"]

#: Command -> where it is; imported when it is called, so that no command waits for the others.
_COMMANDS = {
    "bench": "harness.cli.benchmarks:bench",
    "report": "harness.cli.benchmarks:report",
    "compare": "harness.cli.comparing:compare",
    "merge": "harness.cli.spreading:merge",
    "matrix": "harness.cli.spreading:matrix",
    "comment": "harness.cli.pull_requests:comment",
    "export": "harness.cli.benchmarks:export",
    "certify": "harness.cli.certificates:certify",
    "smoke": "harness.cli.certificates:smoke",
    "verify": "harness.cli.certificates:verify",
    "clauses": "harness.cli.certificates:clauses",
    "e2e": "harness.cli.engine:e2e",
    "list": "harness.cli.catalog:list_all",
    "doctor": "harness.cli.catalog:doctor",
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
        module, _, attribute = _COMMANDS[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="world-harness")
def commands() -> None:
    """Benchmark and certify Worlds, the backends of the Workflow SDK, on the real packages."""
