"""What the exit code of a command says: one table for all of them (`docs/exit-codes.md`)."""

from __future__ import annotations

import enum
from typing import Literal


class ExitCode(enum.IntEnum):
    """How a command ended; 128 plus the signal's number where one interrupted it."""

    GOOD = 0
    #: What was measured or checked has a failure.
    FAILED = 1
    #: The command ran to its end, and its question has no answer.
    UNDECIDED = 2
    #: The command, or a file that it names, is not valid.
    USAGE = 3
    #: What the command needs is missing or broken: a package, a server, the disk, the harness.
    ENVIRONMENT = 4


#: Verdict -> exit code of a command that ends with it.
EXIT_CODES: dict[Literal["passed", "failed", "inconclusive"], ExitCode] = {
    "passed": ExitCode.GOOD,
    "failed": ExitCode.FAILED,
    "inconclusive": ExitCode.UNDECIDED,
}
