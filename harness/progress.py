"""How a session goes: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)


class LiveLine:
    """One live line; what goes wrong stays on the screen above it.

    Args:
        console: Where it is drawn.
        unit: What is counted: `checks`, `samples`.
        redraws: How often it is drawn a second, which costs CPU time that the subject could use.
        columns: What follows the elapsed time.
    """

    def __init__(
        self, console: Console, unit: str, redraws: int, *columns: ProgressColumn, **fields: Any
    ) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn(unit),
            TimeElapsedColumn(),
            *columns,
            console=console,
            refresh_per_second=redraws,
            transient=True,
        )
        self._task = self._progress.add_task("preparing", total=None, **fields)

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
        """Show what is being installed, built or started."""
        self._progress.update(self._task, description=text)

    def _keep(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)


class PlainLines:
    """A line for each thing worth a line, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = 0

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
        """Say what is being installed, built or started."""
        self._say(text)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
