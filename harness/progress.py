"""How it goes, for whoever waits: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from harness.measure.plan import Fork
from harness.results.records import ForkEnd, Sample

#: A redraw costs CPU time that the measured app could use.
_REDRAWS_PER_SECOND = 1


class Estimate:
    """How long the rest will take, from the pace of the forks so far."""

    def __init__(self) -> None:
        self.left = 0
        self._done = 0
        self._began = time.monotonic()

    def plan(self, forks: int) -> None:
        """Begin with this many forks left."""
        self.left = forks
        self._done = 0
        self._began = time.monotonic()

    def count(self) -> None:
        """Count a fork as done."""
        self.left -= 1
        self._done += 1

    def describe(self) -> str:
        """Return `about 4 min left`; empty before the first fork ended."""
        if not self._done or not self.left:
            return ""
        seconds = (time.monotonic() - self._began) / self._done * self.left
        return (
            f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"
        )


class LiveProgress:
    """One live line: what runs, what is left, for how long; and a line for what went wrong."""

    def __init__(self, console: Console) -> None:
        self._estimate = Estimate()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("samples"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[rest]}"),
            console=console,
            refresh_per_second=_REDRAWS_PER_SECOND,
            transient=True,
        )
        self._task = self._progress.add_task("planning", total=None, rest="")

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

    def planned(self, forks: int, samples: int) -> None:
        """Show how much there is."""
        self._estimate.plan(forks)
        self._progress.reset(self._task, total=samples)

    def fork_began(self, fork: Fork) -> None:
        """Show which fork runs."""
        self._progress.update(self._task, description=f"{fork.id} · starting")

    def sample_taken(self, sample: Sample) -> None:
        """Advance; a bad sample stays on the screen."""
        if sample.outcome != "correct":
            self._progress.console.print(describe_bad_sample(sample), markup=False, highlight=False)
        self._progress.update(
            self._task, advance=1, description=f"{sample.fork} · {sample.scenario}"
        )

    def fork_ended(self, end: ForkEnd, samples: int) -> None:
        """Renew the estimate; a failed fork stays on the screen."""
        self._estimate.count()
        if end.outcome == "failed":
            self._progress.console.print(describe_failed_fork(end), markup=False, highlight=False)
        self._progress.update(self._task, rest=self._estimate.describe())


class PlainProgress:
    """A line for each thing prepared and each fork that ended, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._estimate = Estimate()
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

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def preparing(self, text: str) -> None:
        """Say what is being installed, built or started."""
        self._say(text)

    def planned(self, forks: int, samples: int) -> None:
        """Say how much there is."""
        self._estimate.plan(forks)
        self._total = forks
        self._say(f"{forks} forks, {samples} samples to take")

    def fork_began(self, fork: Fork) -> None:
        """Say nothing: a fork is said when it ends."""

    def sample_taken(self, sample: Sample) -> None:
        """Say what is wrong with a bad sample."""
        if sample.outcome != "correct":
            self._say(describe_bad_sample(sample))

    def fork_ended(self, end: ForkEnd, samples: int) -> None:
        """Say that a fork ended, and how much is left."""
        self._estimate.count()
        number = self._total - self._estimate.left
        rest = self._estimate.describe()
        if end.outcome == "failed":
            self._say(describe_failed_fork(end))
        self._say(
            f"[{number}/{self._total}] {end.fork} {end.outcome} in {end.seconds:.0f} s"
            + (f", {rest}" if rest else "")
        )


def show_progress() -> LiveProgress | PlainProgress:
    """Choose what fits: a live line on a terminal, plain lines in a log."""
    console = Console(stderr=True)
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


def describe_bad_sample(sample: Sample) -> str:
    """Return one bad sample as a line."""
    return f"✗ {sample.cell.id} {sample.scenario}: {sample.outcome}: {sample.error}"


def describe_failed_fork(end: ForkEnd) -> str:
    """Return one failed fork as a line or more."""
    return f"✗ {end.fork}: {end.reason}"
