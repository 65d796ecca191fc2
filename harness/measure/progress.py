"""The progress of a measurement: what runs, what is left, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import TextColumn

from harness.measure.plan import Fork
from harness.progress import LiveLine, PlainLines
from harness.results.records import ForkEnd, Sample

_REDRAWS_PER_SECOND = 1


class TimeLeft:
    """The remaining time, estimated from the samples so far, and never less than the budget's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.samples = 0
        self._done = 0
        self._budget_s = 0.0
        self._clock = clock
        self._began = clock()

    def plan(self, samples: int, budget_s: float | None) -> None:
        """Begin with this many samples left; with a budget, more may be added."""
        self.samples = samples
        self._done = 0
        self._budget_s = budget_s or 0.0
        self._began = self._clock()

    def add(self, samples: int) -> None:
        """Add samples that were not planned."""
        self.samples += samples

    def count(self) -> None:
        """Count a sample as taken."""
        self.samples -= 1
        self._done += 1

    def describe(self) -> str:
        """Return `about 4 min left`; empty before the first sample and after the last."""
        if not self._done or self.samples <= 0:
            return ""
        spent = self._clock() - self._began
        seconds = max(spent / self._done * self.samples, self._budget_s - spent)
        return (
            f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"
        )


class LiveProgress(LiveLine):
    """One live line with what runs, what is left and the remaining time; failures stay above it."""

    def __init__(self, console: Console) -> None:
        self._left = TimeLeft()
        self._total = 0
        left = TextColumn("{task.fields[left]}")
        super().__init__(console, "samples", _REDRAWS_PER_SECOND, left, left="")

    def planned(self, forks: int, samples: int, budget_s: float | None) -> None:
        """Show the number of samples."""
        self._left.plan(samples, budget_s)
        self._total = samples
        self._progress.reset(self._task, total=samples)

    def added(self, forks: int, samples: int) -> None:
        """Add to the number of samples."""
        self._left.add(samples)
        self._total += samples
        self._progress.update(self._task, total=self._total)

    def fork_began(self, fork: Fork) -> None:
        """Show which fork runs."""
        self._progress.update(self._task, description=f"{fork.id} · starting")

    def sample_taken(self, sample: Sample) -> None:
        """Advance; a bad sample stays on the screen."""
        self._left.count()
        if sample.outcome != "correct":
            self._keep(describe_bad_sample(sample))
        self._progress.update(
            self._task,
            advance=1,
            description=f"{sample.fork} · {sample.scenario}",
            left=self._left.describe(),
        )

    def fork_ended(self, end: ForkEnd, samples: int) -> None:
        """Print nothing, unless it failed: that stays on the screen."""
        if end.outcome == "failed":
            self._keep(describe_failed_fork(end))


class PlainProgress(PlainLines):
    """One line per prepared cell and per ended fork, for logs."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._left = TimeLeft()
        self._ended = 0

    def planned(self, forks: int, samples: int, budget_s: float | None) -> None:
        """Print the number of forks and samples."""
        self._left.plan(samples, budget_s)
        self._total = forks
        more = "" if budget_s is None else f", and more for at most {budget_s / 60:.0f} min in all"
        self._say(f"{forks} forks, {samples} samples to take{more}")

    def added(self, forks: int, samples: int) -> None:
        """Print how many forks are added."""
        self._left.add(samples)
        self._total += forks
        self._say(f"{forks} forks, {samples} samples added: some comparisons are still open")

    def fork_began(self, fork: Fork) -> None:
        """Print nothing: a fork gets its line when it ends."""

    def sample_taken(self, sample: Sample) -> None:
        """Print what is wrong with a bad sample."""
        self._left.count()
        if sample.outcome != "correct":
            self._say(describe_bad_sample(sample))

    def fork_ended(self, end: ForkEnd, samples: int) -> None:
        """Print that a fork ended, and how much is left."""
        self._ended += 1
        left = self._left.describe()
        if end.outcome == "failed":
            self._say(describe_failed_fork(end))
        self._say(
            f"[{self._ended}/{self._total}] {end.fork} {end.outcome} in {end.seconds:.0f} s"
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
