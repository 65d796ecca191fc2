"""How a suite goes, check by check, for whoever waits."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.certification.records import TestRecord

#: A redraw costs CPU time that the examined World could use.
_REDRAWS_PER_SECOND = 2

#: In a log, a line for so many checks.
_EVERY = 50


#: Returns a check's name, and the line that is to stay of it: empty when it is fine.
Describe = Callable[[Any], tuple[str, str]]


def describe_record(record: TestRecord) -> tuple[str, str]:
    """Describe a check of the conformance suite."""
    problem = describe_check(record) if record.verdict in {"failed", "inconclusive"} else ""
    return record.clause, problem


class LiveChecks:
    """One live line; what fails stays on the screen."""

    def __init__(self, console: Console, describe: Describe | None = None) -> None:
        self._describe = describe or describe_record
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("checks"),
            TimeElapsedColumn(),
            console=console,
            refresh_per_second=_REDRAWS_PER_SECOND,
            transient=True,
        )
        self._task = self._progress.add_task("preparing", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def preparing(self, text: str) -> None:
        """Show what is being installed or started."""
        self._progress.update(self._task, description=text)

    def planned(self, checks: int) -> None:
        """Show how much there is."""
        self._progress.reset(self._task, total=checks, description="checking")

    def checked(self, record: Any) -> None:
        """Advance; a failure stays on the screen."""
        name, problem = self._describe(record)
        if problem:
            self._progress.console.print(problem, markup=False, highlight=False)
        self._progress.update(self._task, advance=1, description=name)


class PlainChecks:
    """A line for what fails, and now and then how far it is, for logs."""

    def __init__(self, console: Console, describe: Describe | None = None) -> None:
        self._describe = describe or describe_record
        self._console = console
        self._total = 0
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def preparing(self, text: str) -> None:
        """Say what is being installed or started."""
        self._say(text)

    def planned(self, checks: int) -> None:
        """Say how much there is."""
        self._total = checks
        self._done = 0
        self._say(f"{checks} checks")

    def checked(self, record: Any) -> None:
        """Say what failed, and how far it is."""
        self._done += 1
        _, problem = self._describe(record)
        if problem:
            self._say(problem)
        if self._done % _EVERY == 0:
            self._say(f"[{self._done}/{self._total}]")

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def describe_check(record: TestRecord) -> str:
    """Return a check that did not pass as a line."""
    sign = "✗" if record.verdict == "failed" else "?"
    share = f" ({record.failed_rounds} of {record.rounds} rounds)" if record.rounds > 1 else ""
    return f"{sign} {record.clause} [{record.form}] {record.message}{share}"
