"""The command that runs one check of a suite again, from any folder."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

#: What pytest needs to know the options of the suites.
PLUGIN = "world_harness.plugin"


def write_check_command(module: str, check: str, options: Sequence[str]) -> str:
    """Return the command that runs a check alone.

    Args:
        module: Its module: `suites.engine.test_dedupe`.
        check: The name of its function.
        options: What it runs on.
    """
    words = ["pytest", "-p", PLUGIN, "--pyargs", f"{module}::{check}", *options]
    return shlex.join(words)
