"""The command that runs one check of a suite again, from any folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.invocations import Value, write_command

#: What pytest needs to know the options of the suites.
PLUGIN = "world_harness.plugin"


def write_check_command(
    module: str, check: str, options: Mapping[str, Value], words: Sequence[str] = ()
) -> str:
    """Return the command that runs a check alone.

    Args:
        module: Its module: `suites.engine.test_dedupe`.
        check: The name of its function.
        options: What it runs on, as for :func:`harness.invocations.write_command`.
        words: More of that, as words.
    """
    return write_command(
        ["pytest", "-p", PLUGIN, "--pyargs", f"{module}::{check}", *words], options
    )
