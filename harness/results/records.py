"""The records of a result file: JSON lines, appended as they come, in run order.

A file is of one kind of session: a benchmark, a session of the engine suites, or a load. It is a
header of that kind, then that kind's records as they come, then a footer.

Of a benchmark, a sample counts only when its fork ended: an interrupted fork is measured again,
under the next attempt number. Times are taken from forks that ended well; reports also show what
went wrong in the others.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from harness.descriptions import Cell, Framework, Scenario, World
from harness.machine import Machine
from harness.results.known_faults import KnownFault
from harness.results.times import ChunkTimes as ChunkTimes
from harness.results.times import Counts as Counts
from harness.results.times import RecoveryTimes as RecoveryTimes
from harness.results.times import StepTimes as StepTimes
from harness.results.times import StreamTimes as StreamTimes

#: Raised when what a number means changes: results of different methodologies are never compared.
METHODOLOGY = 3
#: The oldest methodology whose results can still be read and reported.
OLDEST = 2

Kind = Literal["timing", "counting"]
SampleOutcome = Literal["correct", "incorrect", "failed", "timeout"]
#: Why a session ended: its plan was all; all intervals were narrow enough; there was no time to
#: add forks; or nothing was left that could be measured better.
Stopped = Literal["plan", "precision", "budget", "failed"]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Two cells that are measured to be compared, block by block."""

    before: Cell
    after: Cell
    #: Whether the two are the same thing twice, or two versions of it.
    kind: Literal["twin", "version"]


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a session one machine measures."""

    #: From 1 on.
    number: int
    count: int
    #: Of the whole session.
    cells: tuple[Cell, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one machine measured of a session that was spread over several."""

    number: int
    count: int
    cells: tuple[Cell, ...]
    machine: Machine
    started_at: str


class LoadStage(msgspec.Struct, frozen=True, kw_only=True):
    """For a while, runs are started at one rate."""

    kind: Literal["warmup", "steady", "burst", "after"]
    #: Starts a second.
    rate: float
    seconds: float


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """Runs that are started at intended times, whether or not others have ended."""

    stages: tuple[LoadStage, ...]
    arrivals: Literal["poisson", "constant"]
    #: Of several that share the same plan, which starts this file is of; from 1 on.
    generator: int = 1
    generators: int = 1


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for, of what, where: enough to do it again. Every session has this much."""

    methodology: int
    started_at: str
    harness_version: str
    harness_commit: str
    command: str
    seed: int
    machine: Machine
    cells: tuple[Cell, ...]
    #: As they were described when the session began.
    frameworks: tuple[Framework, ...]
    worlds: tuple[World, ...]
    #: Line id -> package -> exact version, of everything installed for the cells.
    pins: dict[str, dict[str, str]]

    @property
    def harness_release(self) -> str:
        """The release that measured it; before a release, the one that its commits lead to."""
        return self.harness_version.partition("+")[0].partition(".dev")[0]


class EngineHeader(Header, frozen=True, kw_only=True):
    """The header of a session of the engine suites."""


class MeasuredHeader(Header, frozen=True, kw_only=True):
    """The header of a session that runs scenarios."""

    profile: str
    #: As they were described when the session began.
    scenarios: tuple[Scenario, ...]
    #: Processes that served each app. Of several, one alone is seen from inside: then nothing is
    #: known of steps, and nothing is counted.
    workers: int = 1
    #: The versions that the user pinned.
    pinned: tuple[str, ...] = ()


class LoadHeader(MeasuredHeader, frozen=True, kw_only=True):
    """The header of a session that puts cells under load."""

    #: When runs were started.
    load: Load


class BenchHeader(MeasuredHeader, frozen=True, kw_only=True):
    """The header of a benchmark."""

    forks: int
    matches: tuple[Match, ...] = ()
    #: The versions that the user compares the cells with.
    against: tuple[str, ...] = ()
    #: How far an interval may reach to either side, as a share of its center, before forks are
    #: added; and for how long they may be, in seconds from the first fork on.
    precision: float | None = None
    budget_s: float | None = None
    #: How much wider than their errors this machine's cells spread against themselves, in each of
    #: its earlier sessions.
    earlier_inflations: tuple[float, ...] = ()
    #: The same of the mean of all scenarios.
    earlier_whole_inflations: tuple[float, ...] = ()
    #: If several machines share the session: the shard in this file; in a merged file, the parts
    #: and their machines. Cells of different parts are never compared.
    shard: Shard | None = None
    parts: tuple[Part, ...] = ()
    #: The list of known faults, as it was when the session began.
    known_faults: tuple[KnownFault, ...] = ()

    @property
    def companions(self) -> tuple[Cell, ...]:
        """What is measured only to be compared with: twins, and other versions."""
        found = dict.fromkeys(
            cell for match in self.matches for cell in (match.before, match.after)
        )
        return tuple(cell for cell in found if cell not in self.cells)

    def part_of(self, cell: Cell) -> int:
        """Return the number of the part that a cell was measured in; 0 where there is one only."""
        return next((part.number for part in self.parts if cell in part.cells), 0)


class Sample(msgspec.Struct, frozen=True, kw_only=True, tag="sample", tag_field="record"):
    """One run of a scenario in a fork.

    Times are milliseconds since the app called `start()`, by the app's own clock; `None` where it
    was not seen. The run record's own times have a resolution of one millisecond.
    """

    fork: str
    attempt: int
    kind: Kind
    cell: Cell
    scenario: str
    #: Place in the fork, warm-ups included.
    sequence: int
    warmup: bool
    outcome: SampleOutcome
    #: Why it is not correct, one line.
    error: str | None = None
    created_ms: float | None = None
    started_ms: float | None = None
    completed_ms: float | None = None
    start_returned_ms: float | None = None
    answered_ms: float | None = None
    #: Whether the end was seen as it was written, or by asking once a second.
    woken_by: Literal["signal", "poll"] | None = None
    #: Whether the app was idle again before the next sample began.
    settled: bool = False
    #: Whether one of several processes answered: then `settled` is about that one, and what the
    #: steps did is not known.
    partial: bool = False
    steps: tuple[StepTimes, ...] = ()
    streams: tuple[StreamTimes, ...] = ()
    #: When the app called `resumeHook`, hook by hook.
    resumed_ms: tuple[float, ...] = ()
    #: Of a recovery, 0 is the kill of the app, and the sample lasts until all runs completed.
    recovery: RecoveryTimes | None = None
    counts: Counts | None = None
    #: CPU time of the app's process tree during the sample, in ms.
    cpu_ms: float | None = None
    #: Resident memory of the app's process tree after the sample.
    memory_bytes: int | None = None
    #: How long the harness waited for the app, and the CPU time it used itself meanwhile, in ms.
    request_ms: float = 0.0
    harness_cpu_ms: float = 0.0


class ForkEnd(msgspec.Struct, frozen=True, kw_only=True, tag="fork", tag_field="record"):
    """The end of a fork, good or bad."""

    fork: str
    attempt: int
    kind: Kind
    cell: Cell
    block: int
    outcome: Literal["finished", "failed"]
    #: What went wrong, with its remedy; empty when nothing did.
    reason: str = ""
    started_at: str
    #: Without the time in which its app was suspended and others were measured.
    seconds: float
    #: From starting the process to its first healthy answer.
    startup_ms: float | None = None


class Check(msgspec.Struct, frozen=True, kw_only=True, tag="check", tag_field="record"):
    """What one check of the engine suites found on one cell."""

    cell: Cell
    #: Whether the framework's dev server ran the app, or a build of it.
    mode: Literal["production", "development"] = "production"
    suite: str
    clause: str
    #: The test's name.
    check: str
    verdict: Literal["passed", "failed", "inconclusive", "not applicable"]
    #: How it compares with the list of known failures; empty when it is on none.
    state: Literal["", "known", "flaky", "unexpected pass"] = ""
    message: str = ""
    #: What happened, in order, a line each.
    witness: tuple[str, ...] = ()
    #: The command that runs the smallest failing case again.
    reproduce: str = ""
    seed: int = 0
    examples: int = 0
    #: How often the smallest failing case was tried again, and how often it failed.
    tried: int = 0
    reproduced: int = 0
    duration_ms: float = 0.0
    #: What was measured or seen beside the verdict: name -> answer.
    answers: dict[str, str] = {}
    #: Why it is known to fail.
    reason: str = ""


class CellEnd(msgspec.Struct, frozen=True, kw_only=True, tag="cell", tag_field="record"):
    """The end of a cell in a session of the engine suites: they ran to their end."""

    cell: Cell
    #: The number of planned checks; a check without a record was lost.
    checks: int
    seconds: float


class LoadRun(msgspec.Struct, frozen=True, kw_only=True, tag="load", tag_field="record"):
    """One run under load; times in ms."""

    cell: Cell
    scenario: str
    #: Its place in the plan of all starts, and the stage that it is of.
    index: int
    stage: int
    #: When it was to start, since the plan's beginning; and how late it was sent.
    intended_ms: float
    late_ms: float
    #: From when it was to start until its answer came; absent where none came that an app gives.
    latency_ms: float | None = None
    #: Where none came: from when it was to start until that was known, because the connection
    #: failed, something else answered, or its time was over. Absent also where it was not recorded.
    failed_ms: float | None = None
    outcome: SampleOutcome
    error: str | None = None

    @property
    def ended_ms(self) -> float | None:
        """When it ended, well or badly, since the beginning of the plan; `None` if unknown."""
        took = self.failed_ms if self.latency_ms is None else self.latency_ms
        return None if took is None else self.intended_ms + took


class LoadEnd(msgspec.Struct, frozen=True, kw_only=True, tag="loaded", tag_field="record"):
    """The end of one load, of a cell with a scenario: its runs were started, or could not be."""

    cell: Cell
    scenario: str
    outcome: Literal["finished", "failed"]
    #: What went wrong, with its remedy; empty when nothing did.
    reason: str = ""
    seconds: float


class Footer(msgspec.Struct, frozen=True, kw_only=True, tag="footer", tag_field="record"):
    """The end of a session: present when every fork of the plan was tried."""

    finished_at: str
    seconds: float
    forks_finished: int
    forks_failed: int
    samples: int
    #: Samples that are not correct.
    samples_bad: int
    #: The harness's own use of one core while it waited for samples, 0..1, and its peak memory.
    harness_cpu_share: float
    harness_memory_bytes: int
    stopped: Stopped = "plan"


Record = Header | Sample | ForkEnd | Check | CellEnd | LoadRun | LoadEnd | Footer


class _Results(msgspec.Struct, frozen=True, kw_only=True):
    """A result file as it counts."""

    header: Header
    footer: Footer | None


class BenchResults(_Results, frozen=True, kw_only=True):
    """A benchmark: samples of forks that ended, in run order, warm-ups included."""

    header: BenchHeader
    samples: tuple[Sample, ...]
    forks: tuple[ForkEnd, ...]
    #: Fork id -> its highest attempt in the file, ended or not.
    attempts: dict[str, int] = {}


class EngineResults(_Results, frozen=True, kw_only=True):
    """A session of the engine suites."""

    header: EngineHeader
    checks: tuple[Check, ...]
    cells: tuple[CellEnd, ...]


class LoadResults(_Results, frozen=True, kw_only=True):
    """Cells under load."""

    header: LoadHeader
    loads: tuple[LoadRun, ...]
    load_ends: tuple[LoadEnd, ...]


#: A result file is of one of these.
Results: TypeAlias = BenchResults | EngineResults | LoadResults
