"""A load on each cell, one after the other, from request to result file."""

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
from harness.results.records import Footer, Load, LoadEnd, LoadHeader, LoadRun
from harness.results.store import ResultsWriter

#: What is run where the user names nothing: small enough that the World's own work is what counts.
SCENARIO = "one-step"


class Preparer(Protocol):
    """What prepares and starts cells."""

    def prepare(self, cell: Cell) -> None:
        """Install, build and start all that the cell needs."""

    def deploy(self, cell: Cell) -> AbstractContextManager[Deployed]:
        """Start a prepared cell on empty storage; all of it ends with the block."""


class Deployed(Protocol):
    """What a load needs of a deployed app."""

    @property
    def base_url(self) -> str:
        """Where it answers."""

    def describe(self, error: httpx.HTTPError) -> str:
        """Say what went wrong on the way to the app, without what is secret."""


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
    """Load what was asked for and write the result file; returns its path.

    Args:
        request: Which cells and scenarios.
        load: When runs start.
        catalog: What is described.
        contents: What the apps are to hold.
        watcher: Told how it goes.
        begins_at: When the plan begins, for generators that share it; at once if it is not given.
        opened: Told where the results go, as soon as that is known.

    Raises:
        HarnessError: with the reason, and what to do; what was measured so far is in the file.
    """
    subjects = choose_subjects(request, catalog)
    header = _describe(request, load, subjects)
    if begins_at and len(header.cells) * len(header.scenarios) > 1:
        raise UsageError(
            "several generators can share one cell and scenario",
            cause="they begin together, once",
            remedy="name one --framework, --world and --scenario",
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
    preparer: Preparer,
    writer: ResultsWriter,
    watcher: Watcher,
    check_answer: CheckAnswer,
    *,
    headers: dict[str, str],
    begins_at: datetime | None = None,
) -> Footer:
    """Load every cell with every scenario, and write all records.

    A cell that cannot be prepared or started fails alone: its loads end with the reason.

    Args:
        header: Says what is loaded, and when runs start; already written.
        preparer: Prepares and starts the cells.
        writer: Takes the records.
        watcher: Told how it goes.
        check_answer: Judges the answers of completed runs.
        headers: Sent with every request.
        begins_at: When the plan begins; at once if it is not given.

    Raises:
        HarnessError: no cell could be prepared, the moment has gone by, or results cannot be
            written.
    """
    began = time.monotonic()
    broken = prepare_cells(header.cells, preparer.prepare, watcher)
    loadings = []
    for cell, scenario in product(header.cells, header.scenarios):
        watcher.preparing(f"loading {cell.id} with {scenario.id}")
        started = time.monotonic()
        loading = _Loading(header, cell, scenario, writer, check_answer)
        loading.reason = broken.get(cell) or loading.try_on(preparer, headers, begins_at)
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
        #: Why it could not be loaded; empty if it could.
        self.reason = ""

    def try_on(
        self, preparer: Preparer, headers: dict[str, str], begins_at: datetime | None
    ) -> str:
        """Start the cell and load it; returns why that cannot be, empty if it can.

        Raises:
            HarnessError: what is wrong concerns every cell: the request, or the result file.
        """
        try:
            with preparer.deploy(self._cell) as deployment:
                asyncio.run(self.run(deployment, headers, begins_at))
        except ExceptionGroup as group:
            # What a run's task raises comes in a group: results that cannot be written.
            raise _find_own(group) from group
        except (UsageError, ResultsError):
            raise
        except HarnessError as error:
            return str(error)
        return ""

    async def run(
        self, deployment: Deployed, headers: dict[str, str], begins_at: datetime | None
    ) -> None:
        """Start every run that is this generator's, and write what comes of each."""
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
        # The app is not idle between runs: it would wait for that in vain.
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
                f"{moment.isoformat()} has gone by",
                cause="the app was not ready before",
                remedy="give a later --begin",
            )
        await asyncio.sleep(left)

    return wait


def _find_own(group: ExceptionGroup[Exception]) -> Exception:
    """Return the first error in a group that a user can act on; the group where there is none."""
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
