"""Writes the command that runs one check again, from any folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.invocations import Value, write_command

#: The pytest plugin that defines the options of the suites.
PLUGIN = "world_harness.plugin"


def write_check_command(
    module: str, check: str, options: Mapping[str, Value], words: Sequence[str] = ()
) -> str:
    """Return the command that runs one check.

    Args:
        module: The module of the check, for example `suites.engine.test_dedupe`.
        check: The name of the test function.
        options: The options, as for :func:`harness.invocations.write_command`.
        words: More options, as words of the command.
    """
    return write_command(
        ["pytest", "-p", PLUGIN, "--pyargs", f"{module}::{check}", *words], options
    )
