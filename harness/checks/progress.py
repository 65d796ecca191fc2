"""Shows the progress of a suite, check by check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from rich.console import Console

from harness.progress import LiveLine, PlainLines

RecordT = TypeVar("RecordT")

#: Returns the name of a check and the line to keep on the screen; empty if it has no problem.
Describe: TypeAlias = Callable[[RecordT], tuple[str, str]]

_REDRAWS_PER_SECOND = 2
#: Log one line per this many checks.
_EVERY = 50


class LiveChecks(LiveLine, Generic[RecordT]):
    """One live line; failures stay on the screen above it."""

    def __init__(self, console: Console, describe: Describe[RecordT]) -> None:
        super().__init__(console, "checks", _REDRAWS_PER_SECOND)
        self._describe = describe

    def planned(self, checks: int) -> None:
        """Show the number of checks."""
        self._progress.reset(self._task, total=checks, description="checking")

    def checked(self, record: RecordT) -> None:
        """Count a check; keep its failure on the screen."""
        name, problem = self._describe(record)
        if problem:
            self._keep(problem)
        self._progress.update(self._task, advance=1, description=name)


class PlainChecks(PlainLines, Generic[RecordT]):
    """For logs: one line per failure, and from time to time the number of finished checks."""

    def __init__(self, console: Console, describe: Describe[RecordT]) -> None:
        super().__init__(console)
        self._describe = describe
        self._done = 0

    def planned(self, checks: int) -> None:
        """Log the number of checks."""
        self._total = checks
        self._done = 0
        self._say(f"{checks} checks")

    def checked(self, record: RecordT) -> None:
        """Log a failure, and from time to time the number of finished checks."""
        self._done += 1
        _, problem = self._describe(record)
        if problem:
            self._say(problem)
        if self._done % _EVERY == 0:
            self._say(f"[{self._done}/{self._total}]")


def show_checks(
    describe: Describe[RecordT],
) -> LiveChecks[RecordT] | PlainChecks[RecordT]:
    """Return the progress display for standard error: live in a terminal, else plain lines."""
    console = Console(stderr=True)
    return LiveChecks(console, describe) if console.is_terminal else PlainChecks(console, describe)
