"""How a suite goes, check by check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from rich.console import Console

from harness.progress import LiveLine, PlainLines

RecordT = TypeVar("RecordT")

#: Returns a check's name, and the line that stays on the screen: empty when the check is fine.
Describe: TypeAlias = Callable[[RecordT], tuple[str, str]]

_REDRAWS_PER_SECOND = 2
#: In a log, one line per this many checks.
_EVERY = 50


class LiveChecks(LiveLine, Generic[RecordT]):
    """One live line; a failure stays on the screen."""

    def __init__(self, console: Console, describe: Describe[RecordT]) -> None:
        super().__init__(console, "checks", _REDRAWS_PER_SECOND)
        self._describe = describe

    def planned(self, checks: int) -> None:
        """Show how much there is."""
        self._progress.reset(self._task, total=checks, description="checking")

    def checked(self, record: RecordT) -> None:
        """Advance; a failure stays on the screen."""
        name, problem = self._describe(record)
        if problem:
            self._keep(problem)
        self._progress.update(self._task, advance=1, description=name)


class PlainChecks(PlainLines, Generic[RecordT]):
    """One line per failure, and now and then how many checks have ended, for logs."""

    def __init__(self, console: Console, describe: Describe[RecordT]) -> None:
        super().__init__(console)
        self._describe = describe
        self._done = 0

    def planned(self, checks: int) -> None:
        """Say how much there is."""
        self._total = checks
        self._done = 0
        self._say(f"{checks} checks")

    def checked(self, record: RecordT) -> None:
        """Say what failed, and how many checks have ended."""
        self._done += 1
        _, problem = self._describe(record)
        if problem:
            self._say(problem)
        if self._done % _EVERY == 0:
            self._say(f"[{self._done}/{self._total}]")


def show_checks(
    describe: Describe[RecordT],
) -> LiveChecks[RecordT] | PlainChecks[RecordT]:
    """Return what shows how a suite goes on the standard error."""
    console = Console(stderr=True)
    return LiveChecks(console, describe) if console.is_terminal else PlainChecks(console, describe)
