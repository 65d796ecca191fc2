"""Put a load on each cell, one after the other: from request to result file."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Protocol

import httpx
import msgspec

from harness.bench import BenchRequest, reproduce
from harness.bench.planning import Subjects, choose_subjects, name_file
from harness.deployments.apps import CheckAnswer, Contents
from harness.deployments.client import SampleRequest
from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog, Cell, Scenario
from harness.errors import HarnessError, ResultsError, UsageError
from harness.load.arrivals import Arrival, plan_arrivals, take_share
from harness.load.generator import Answered, generate
from harness.measure.forks import judge_reply, make_request
from harness.measure.session import Watcher, describe_session, peak_memory, prepare_cells
from harness.results.files import ResultsWriter
from harness.results.records import Footer, Load, LoadEnd, LoadHeader, LoadRun

#: The default scenario: so small that the World's own work dominates.
SCENARIO = "one-step"


class LoadPreparer(Protocol):
    """Prepares and starts cells."""

    def prepare(self, cell: Cell) -> None:
        """Install, build and start everything that the cell needs."""

    def deploy(self, cell: Cell) -> AbstractContextManager[LoadedApp]:
        """Start a prepared cell on empty storage; remove both at the end of the block."""


class LoadedApp(Protocol):
    """The part of a deployed app that a load uses."""

    @property
    def base_url(self) -> str:
        """The URL where it answers."""

    def describe(self, error: httpx.HTTPError) -> str:
        """Describe an error of a request to the app, without secrets."""


def run_load(
    request: BenchRequest,
    load: Load,
    catalog: Catalog,
    contents: Contents,
    watcher: Watcher,
    *,
    begins_at: datetime | None = None,
    opened: Callable[[Path], None] = lambda path: None,
) -> Path:
    """Put the load on all requested cells and write the result file; return its path.

    Args:
        request: Names the cells and scenarios.
        load: When runs start.
        catalog: Everything that is described.
        contents: The contents of the apps.
        watcher: Receives the progress.
        begins_at: When the plan begins, for generators that share it; at once by default.
        opened: Called with the path of the result file, as soon as it is known.

    Raises:
        HarnessError: the load failed; the file contains the results so far.
    """
    subjects = choose_subjects(request, catalog)
    header = _describe(request, load, subjects)
    if begins_at and len(header.cells) * len(header.scenarios) > 1:
        raise UsageError(
            "several generators can share only one cell and scenario",
            cause="they begin together, and only once",
            remedy="name one --framework, one --world and one --scenario",
        )
    path = name_file(request, "load")
    opened(path)
    with (
        ResultsWriter(path) as writer,
        Launcher(
            subjects.catalog,
            contents,
            services=request.services,
            remote=request.remote,
            report=watcher.preparing,
        ) as launcher,
    ):
        writer.append(header)
        headers = request.remote.headers if request.remote else {}
        load_cells(
            header,
            launcher,
            writer,
            watcher,
            contents.check_answer,
            headers=headers,
            begins_at=begins_at,
        )
    return path


def _describe(request: BenchRequest, load: Load, subjects: Subjects) -> LoadHeader:
    shared = describe_session(
        subjects.catalog,
        subjects.selection.cells,
        seed=subjects.seed,
        command=reproduce(request, subjects.seed, subjects.versions),
    )
    return LoadHeader(
        **msgspec.structs.asdict(shared),
        profile=request.profile,
        scenarios=subjects.selection.scenarios,
        workers=request.workers,
        pinned=subjects.versions.pinned.write(),
        load=load,
    )


def load_cells(
    header: LoadHeader,
    preparer: LoadPreparer,
    writer: ResultsWriter,
    watcher: Watcher,
    check_answer: CheckAnswer,
    *,
    headers: dict[str, str],
    begins_at: datetime | None = None,
) -> Footer:
    """Load every cell with every scenario, and write all records.

    If a cell cannot be prepared or started, only its own loads fail; their records have the reason.

    Args:
        header: Names the cells and when runs start; already written.
        preparer: Prepares and starts the cells.
        writer: Writes the records.
        watcher: Receives the progress.
        check_answer: Checks the answers of completed runs.
        headers: Sent with every request.
        begins_at: When the plan begins; at once by default.

    Raises:
        HarnessError: no cell could be prepared, `begins_at` is in the past, or results cannot be
            written.
    """
    began = time.monotonic()
    broken = prepare_cells(header.cells, preparer.prepare, watcher)
    loadings = []
    for cell, scenario in product(header.cells, header.scenarios):
        watcher.preparing(f"loading {cell.id} with {scenario.id}")
        started = time.monotonic()
        loading = _Loading(header, cell, scenario, writer, check_answer)
        loading.reason = broken.get(cell) or loading.load_cell(preparer, headers, begins_at)
        writer.append(
            LoadEnd(
                cell=cell,
                scenario=scenario.id,
                outcome="failed" if loading.reason else "finished",
                reason=loading.reason,
                seconds=time.monotonic() - started,
            )
        )
        loadings.append(loading)
    footer = _make_footer(began, loadings)
    writer.append(footer)
    return footer


class _Loading:
    """One cell under load."""

    def __init__(
        self,
        header: LoadHeader,
        cell: Cell,
        scenario: Scenario,
        writer: ResultsWriter,
        check_answer: CheckAnswer,
    ) -> None:
        self._load = header.load
        self._cell = cell
        self._scenario = scenario
        self._writer = writer
        self._check_answer = check_answer
        self._seed = header.seed
        self.total = self.bad = 0
        #: Why it could not be loaded; empty if it was.
        self.reason = ""

    def load_cell(
        self, preparer: LoadPreparer, headers: dict[str, str], begins_at: datetime | None
    ) -> str:
        """Start the cell and load it; return why that failed, or an empty string.

        Raises:
            HarnessError: an error that concerns every cell: of the request, or of the result file.
        """
        try:
            with preparer.deploy(self._cell) as deployment:
                asyncio.run(self.run(deployment, headers, begins_at))
        except ExceptionGroup as group:
            # A run's task raises in an exception group, for example if results cannot be written.
            raise _find_own(group) from group
        except (UsageError, ResultsError):
            raise
        except HarnessError as error:
            return str(error)
        return ""

    async def run(
        self, deployment: LoadedApp, headers: dict[str, str], begins_at: datetime | None
    ) -> None:
        """Start every run of this generator, and write the result of each."""
        arrivals = take_share(plan_arrivals(self._load, self._seed), self._load)
        begin = _wait_until(begins_at) if begins_at else None
        await generate(
            deployment.base_url,
            headers,
            arrivals,
            self._make,
            self._write,
            describe=deployment.describe,
            begin=begin,
        )

    def _make(self, arrival: Arrival) -> SampleRequest:
        seed = random.Random(f"{self._seed} {arrival.index}").randrange(2**31)  # noqa: S311
        request = make_request(self._scenario, seed)
        # The app must not wait until it is idle: with overlapping runs it never is.
        return msgspec.structs.replace(request, settle_ms=0.0)

    def _write(self, answered: Answered) -> None:
        request = self._make(answered.arrival)
        outcome, error = (
            judge_reply(self._scenario, request, answered.reply, self._check_answer)
            if answered.reply
            else ("failed", answered.error)
        )
        self.total += 1
        self.bad += outcome != "correct"
        self._writer.append(
            LoadRun(
                cell=self._cell,
                scenario=self._scenario.id,
                index=answered.arrival.index,
                stage=answered.arrival.stage,
                intended_ms=round(answered.arrival.due_ms, 3),
                late_ms=round(answered.late_ms, 3),
                latency_ms=_round(answered.latency_ms),
                failed_ms=_round(answered.failed_ms),
                outcome=outcome,
                error=error,
            )
        )


def _round(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds, 3)


def _wait_until(moment: datetime) -> Callable[[], Awaitable[None]]:
    async def wait() -> None:
        left = (moment - datetime.now(UTC)).total_seconds()
        if left <= 0:
            raise UsageError(
                f"the start time {moment.isoformat()} has passed",
                cause="the app was not ready in time",
                remedy="pass a later --begin",
            )
        await asyncio.sleep(left)

    return wait


def _find_own(group: ExceptionGroup[Exception]) -> Exception:
    """Return the first error in a group that a user can act on; the group if there is none."""
    for error in group.exceptions:
        found = _find_own(error) if isinstance(error, ExceptionGroup) else error
        if isinstance(found, HarnessError):
            return found
    return group


def _make_footer(began: float, loadings: Sequence[_Loading]) -> Footer:
    seconds = time.monotonic() - began
    failed = sum(bool(loading.reason) for loading in loadings)
    return Footer(
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        forks_finished=len(loadings) - failed,
        forks_failed=failed,
        samples=sum(loading.total for loading in loadings),
        samples_bad=sum(loading.bad for loading in loadings),
        harness_cpu_share=min(1.0, time.process_time() / seconds) if seconds else 0.0,
        harness_memory_bytes=peak_memory(),
    )
