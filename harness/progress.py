"""The progress of a session: one live line on a terminal, plain lines elsewhere."""

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
    """One live line; failures stay on the screen above it.

    Args:
        console: Where it is drawn.
        unit: The unit of the count: `checks`, `samples`.
        redraws: Redraws per second; they cost CPU time that the subject could use.
        columns: Columns after the elapsed time.
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
    """One line per event, for logs."""

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
        """Print what is being installed, built or started."""
        self._say(text)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)
