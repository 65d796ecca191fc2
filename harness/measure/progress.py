"""The progress of a measurement: what runs, what is left, and how long it will take."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import TextColumn

from harness.measure.plan import Fork
from harness.progress import LiveLine, PlainLines
from harness.results.records import ForkEnd, Sample

_REDRAWS_PER_SECOND = 1


class TimeLeft:
    """The remaining time, estimated from the forks so far."""

    def __init__(self) -> None:
        self.forks = 0
        self._done = 0
        self._began = time.monotonic()

    def plan(self, forks: int) -> None:
        """Begin with this many forks left."""
        self.forks = forks
        self._done = 0
        self._began = time.monotonic()

    def count(self) -> None:
        """Count a fork as done."""
        self.forks -= 1
        self._done += 1

    def describe(self) -> str:
        """Return `about 4 min left`; empty before the first fork ended."""
        if not self._done or not self.forks:
            return ""
        seconds = (time.monotonic() - self._began) / self._done * self.forks
        return (
            f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"
        )


class LiveProgress(LiveLine):
    """One live line with what runs, what is left and the remaining time; failures stay above it."""

    def __init__(self, console: Console) -> None:
        self._left = TimeLeft()
        left = TextColumn("{task.fields[left]}")
        super().__init__(console, "samples", _REDRAWS_PER_SECOND, left, left="")

    def planned(self, forks: int, samples: int) -> None:
        """Show the number of samples."""
        self._left.plan(forks)
        self._progress.reset(self._task, total=samples)

    def fork_began(self, fork: Fork) -> None:
        """Show which fork runs."""
        self._progress.update(self._task, description=f"{fork.id} · starting")

    def sample_taken(self, sample: Sample) -> None:
        """Advance; a bad sample stays on the screen."""
        if sample.outcome != "correct":
            self._keep(describe_bad_sample(sample))
        self._progress.update(
            self._task, advance=1, description=f"{sample.fork} · {sample.scenario}"
        )

    def fork_ended(self, end: ForkEnd, samples: int) -> None:
        """Update the remaining time; a failed fork stays on the screen."""
        self._left.count()
        if end.outcome == "failed":
            self._keep(describe_failed_fork(end))
        self._progress.update(self._task, left=self._left.describe())


class PlainProgress(PlainLines):
    """One line per prepared cell and per ended fork, for logs."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._left = TimeLeft()

    def planned(self, forks: int, samples: int) -> None:
        """Print the number of forks and samples."""
        self._left.plan(forks)
        self._total = forks
        self._say(f"{forks} forks, {samples} samples to take")

    def fork_began(self, fork: Fork) -> None:
        """Print nothing: a fork gets its line when it ends."""

    def sample_taken(self, sample: Sample) -> None:
        """Print what is wrong with a bad sample."""
        if sample.outcome != "correct":
            self._say(describe_bad_sample(sample))

    def fork_ended(self, end: ForkEnd, samples: int) -> None:
        """Print that a fork ended, and how much is left."""
        self._left.count()
        number = self._total - self._left.forks
        left = self._left.describe()
        if end.outcome == "failed":
            self._say(describe_failed_fork(end))
        self._say(
            f"[{number}/{self._total}] {end.fork} {end.outcome} in {end.seconds:.0f} s"
            + (f", {left}" if left else "")
        )


def show_progress() -> LiveProgress | PlainProgress:
    """Return the progress display of a measurement, on the standard error."""
    console = Console(stderr=True)
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


def describe_bad_sample(sample: Sample) -> str:
    """Return one bad sample as a line."""
    return f"✗ {sample.cell.id} {sample.scenario}: {sample.outcome}: {sample.error}"


def describe_failed_fork(end: ForkEnd) -> str:
    """Return one failed fork as one or more lines."""
    return f"✗ {end.fork}: {end.reason}"
