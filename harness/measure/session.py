"""Runs a whole measurement: prepares the cells, runs the plan, writes each record immediately."""

from __future__ import annotations

import contextlib
import math
import random
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeAlias

import msgspec

import harness
from harness.deployments.apps import CheckAnswer
from harness.descriptions import Catalog, Cell, World
from harness.errors import HarnessError
from harness.machine import describe_machine, find_commit
from harness.measure.forks import Deployer, count_samples, run_fork
from harness.measure.plan import Fork, plan_heats
from harness.measure.stopping import Progress
from harness.results.files import ResultsWriter
from harness.results.records import (
    METHODOLOGY,
    BenchHeader,
    BenchResults,
    Footer,
    ForkEnd,
    Header,
    Sample,
)
from harness.workspaces.install import pin_line
from harness.workspaces.node import find_node

#: Forks whose apps run side by side.
Heat: TypeAlias = tuple[Fork, ...]

#: After this many failed forks, the cell's other forks are skipped.
_FAILED_FORKS = 2


class Preparer(Deployer, Protocol):
    """Prepares and starts cells."""

    def prepare(self, cell: Cell) -> None:
        """Install, build and start everything that the cell needs."""


class Watcher(Protocol):
    """Receives the progress of a measurement."""

    def preparing(self, text: str) -> None:
        """The harness installs, builds or starts something."""

    def planned(self, forks: int, samples: int, budget_s: float | None) -> None:
        """This much is left to do; with a budget, more may be added."""

    def added(self, forks: int, samples: int) -> None:
        """This much more is left to do."""

    def fork_began(self, fork: Fork) -> None:
        """A fork starts."""

    def sample_taken(self, sample: Sample) -> None:
        """A sample has been taken and written."""

    def fork_ended(self, end: ForkEnd, samples: int) -> None:
        """A fork ended; its plan had this many samples."""


class _Tally:
    """The totals so far."""

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        self.samples = 0
        self.bad = 0
        self._failures: dict[Cell, list[str]] = {}
        self._waited_ms = 0.0
        self._used_ms = 0.0

    def add(self, record: Sample | ForkEnd) -> None:
        """Count a record."""
        if isinstance(record, Sample):
            self.samples += 1
            self.bad += record.outcome != "correct"
            self._waited_ms += record.request_ms
            self._used_ms += record.harness_cpu_ms
            return
        self.ended[record.outcome] += 1
        if record.outcome == "failed":
            self._failures.setdefault(record.cell, []).append(record.reason)

    def explain_giving_up(self, cell: Cell) -> str:
        """Explain why a cell's further forks are skipped; empty if they are not."""
        reasons = self._failures.get(cell, [])
        if len(reasons) < _FAILED_FORKS:
            return ""
        # The first reasons: forks after them were skipped for this reason.
        return f"not tried, because {_FAILED_FORKS} forks had failed: {reasons[_FAILED_FORKS - 1]}"

    def harness_cpu_share(self) -> float:
        """Return the share of one core that the harness used while it waited for samples, 0..1."""
        return self._used_ms / self._waited_ms if self._waited_ms else 0.0


def describe_session(
    catalog: Catalog,
    cells: tuple[Cell, ...],
    *,
    seed: int,
    command: str,
    companions: Iterable[Cell] = (),
) -> Header:
    """Return the part of the header that every kind of session has.

    It says what is measured, where, and how to repeat the session.

    Args:
        catalog: Everything that is described.
        cells: The requested cells.
        seed: The seed that repeats the session, together with the command.
        command: The command that repeats the session.
        companions: Cells that are measured only to be compared with.
    """
    measured = {cell.world for cell in (*cells, *companions)}
    return Header(
        methodology=METHODOLOGY,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        harness_version=harness.__version__,
        harness_commit=find_commit(),
        command=command,
        seed=seed,
        machine=describe_machine(find_node().version),
        cells=cells,
        frameworks=tuple(
            framework
            for framework in catalog.frameworks.values()
            if any(cell.framework == framework.id for cell in cells)
        ),
        worlds=tuple(
            leave_out_places(world) for world in catalog.worlds.values() if world.id in measured
        ),
        pins=pin_lines(catalog, (cell.line for cell in cells), (cell.world for cell in cells)),
    )


def pin_lines(
    catalog: Catalog, lines: Iterable[str], worlds: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Return line -> package -> version of everything that is installed for some Worlds.

    Lines that are not described are left out: a remote app may use one.
    """
    needed = catalog.keep_worlds(worlds)
    return {line: pin_line(needed, line) for line in dict.fromkeys(lines) if line in needed.lines}


def leave_out_places(world: World) -> World:
    """Return a World without paths of this machine: only the name of its source folder."""
    lines = {
        line: msgspec.structs.replace(variant, source=Path(variant.source).name)
        for line, variant in world.lines.items()
    }
    return msgspec.structs.replace(world, source=Path(world.source).name, lines=lines)


def conduct(
    header: BenchHeader,
    preparer: Preparer,
    writer: ResultsWriter,
    watcher: Watcher,
    check_answer: CheckAnswer,
    *,
    earlier: BenchResults | None = None,
) -> Footer:
    """Run every fork of the plan that is not finished, and write all records.

    If a cell cannot be prepared or started, only its own forks fail; their records have the reason.

    Args:
        header: Determines the plan; already written.
        preparer: Prepares and starts the cells.
        writer: Writes the records.
        watcher: Receives the progress.
        check_answer: Checks the answers of completed runs.
        earlier: The contents of the file so far, from interrupted sessions.

    Raises:
        HarnessError: no cell could be prepared, or results cannot be written.
    """
    began = time.monotonic()
    earlier = earlier or BenchResults(header=header, samples=(), forks=(), footer=None)
    finished = {end.fork for end in earlier.forks if end.outcome == "finished"}
    scenarios = {scenario.id: scenario for scenario in header.scenarios}
    heats = [
        rest
        for heat in plan_heats(header)
        if (rest := tuple(fork for fork in heat if fork.id not in finished))
    ]
    left = [fork for heat in heats for fork in heat]
    broken = prepare_cells([fork.cell for fork in left], preparer.prepare, watcher)
    watcher.planned(
        len(left), sum(count_samples(fork, scenarios) for fork in left), header.budget_s
    )
    started = time.monotonic()
    tally, progress = _Tally(), Progress(header, (*earlier.samples, *earlier.forks))
    turns = random.Random(header.seed)  # noqa: S311 - repeatable, not secret
    planned = {fork.id for fork in left}
    for heat in _order_heats(header, heats, progress, started):
        more = [fork for fork in heat if fork.id not in planned]
        if more:
            watcher.added(len(more), sum(count_samples(fork, scenarios) for fork in more))
        running = []
        for fork in heat:
            attempt = earlier.attempts.get(fork.id, 0) + 1
            watcher.fork_began(fork)
            reason = broken.get(fork.cell) or tally.explain_giving_up(fork.cell)
            running.append(
                _skip_fork(fork, attempt, reason)
                if reason
                else run_fork(preparer, fork, attempt, scenarios, check_answer)
            )
        taken = {fork.id: count_samples(fork, scenarios) for fork in heat}
        # Close the forks at once in any case: no app may outlive its server.
        with contextlib.closing(take_turns(running, turns)) as records:
            for record in records:
                writer.append(record)
                tally.add(record)
                progress.add(record)
                if isinstance(record, Sample):
                    watcher.sample_taken(record)
                else:
                    watcher.fork_ended(record, taken[record.fork])
    footer = Footer(
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=time.monotonic() - began,
        forks_finished=tally.ended["finished"],
        forks_failed=tally.ended["failed"],
        samples=tally.samples,
        samples_bad=tally.bad,
        harness_cpu_share=tally.harness_cpu_share(),
        harness_memory_bytes=peak_memory(),
        stopped=progress.say_what_ended() if _adds_forks(header) else "plan",
    )
    writer.append(footer)
    return footer


def _order_heats(
    header: BenchHeader, planned: Sequence[Heat], progress: Progress, started: float
) -> Iterator[Heat]:
    """Yield the planned heats; heats that are added come between timing and counting."""
    yield from (heat for heat in planned if heat[0].kind == "timing")
    if _adds_forks(header):
        counting = [fork.cell for heat in planned for fork in heat if fork.kind == "counting"]
        while more := progress.plan_more(
            _measure_left(header, started) - progress.estimate_counting(counting)
        ):
            yield from more
    yield from (heat for heat in planned if heat[0].kind == "counting")


def _adds_forks(header: BenchHeader) -> bool:
    return header.precision is not None or header.budget_s is not None


def _measure_left(header: BenchHeader, started: float) -> float:
    """Return how many seconds of the budget are left."""
    if header.budget_s is None:
        return math.inf
    return header.budget_s - (time.monotonic() - started)


def take_turns(
    running: Sequence[Generator[Sample | ForkEnd | None]], turns: random.Random
) -> Generator[Sample | ForkEnd]:
    """Run forks side by side: one turn each per round, in a new order, until all have ended.

    A turn lasts until the fork yields `None` or ends.
    """
    with contextlib.ExitStack() as stack:
        for records in running:
            stack.enter_context(contextlib.closing(records))
        left = list(running)
        while left:
            for records in turns.sample(left, len(left)):
                for record in records:
                    if record is None:
                        break
                    yield record
                else:
                    left.remove(records)


def prepare_cells(
    wanted: Iterable[Cell], prepare: Callable[[Cell], None], watcher: Watcher
) -> dict[Cell, str]:
    """Prepare every cell once; return the reason for each cell that cannot be prepared.

    Raises:
        HarnessError: no cell can be prepared.
    """
    broken: dict[Cell, HarnessError] = {}
    cells = list(dict.fromkeys(wanted))
    for number, cell in enumerate(cells, start=1):
        watcher.preparing(f"preparing {cell.id} ({number} of {len(cells)})")
        try:
            prepare(cell)
        except HarnessError as error:
            broken[cell] = error
    if cells and len(broken) == len(cells):
        raise broken[cells[0]]
    return {cell: str(error) for cell, error in broken.items()}


def _skip_fork(fork: Fork, attempt: int, reason: str) -> Generator[ForkEnd | None]:
    yield ForkEnd(
        fork=fork.id,
        attempt=attempt,
        kind=fork.kind,
        cell=fork.cell,
        block=fork.block,
        outcome="failed",
        reason=reason,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        seconds=0.0,
    )


def peak_memory() -> int:
    """Return the peak resident memory of this process, in bytes."""
    # Prefer `VmHWM`: `ru_maxrss` includes the size of the parent process when it started this
    # one.
    with contextlib.suppress(OSError):
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        found = re.search(r"^VmHWM:\s*(\d+) kB", status, re.MULTILINE)
        if found:
            return int(found[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
