"""Runs a benchmark and writes its result file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from harness.bench.planning import SessionPlan, plan_session
from harness.bench.request import BenchRequest
from harness.bench.resuming import resume_session
from harness.deployments.apps import Contents
from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog
from harness.measure.plan import Selection
from harness.measure.session import Watcher, conduct
from harness.results.faults import is_sound
from harness.results.files import ResultsWriter, read_results_as
from harness.results.records import BenchResults


class BenchOutcome(msgspec.Struct, frozen=True):
    """A finished benchmark."""

    path: Path
    #: Everything in the file, including earlier sessions that this one continued.
    results: BenchResults

    @property
    def sound(self) -> bool:
        """Whether every fork finished, and every sample was correct or is a known fault."""
        return is_sound(self.results)


def run_bench(
    request: BenchRequest,
    catalog: Catalog,
    contents: Contents,
    watcher: Watcher,
    *,
    opened: Callable[[Path, Selection], None] = lambda path, selection: None,
) -> BenchOutcome:
    """Run a benchmark and write the result file.

    Args:
        request: The user's request.
        catalog: Everything that is described.
        contents: The contents of the apps.
        watcher: Receives the progress.
        opened: Called with the path of the result file and the selection, as soon as they are
            known.

    Raises:
        HarnessError: the benchmark failed; the file contains the results so far.
    """
    plan = (
        resume_session(request.resume, catalog, request.remote)
        if request.resume
        else plan_session(request, catalog)
    )
    opened(plan.path, plan.selection)
    _measure(plan, request, contents, watcher)
    return BenchOutcome(plan.path, read_results_as(plan.path, BenchResults))


def _measure(
    plan: SessionPlan, request: BenchRequest, contents: Contents, watcher: Watcher
) -> None:
    with (
        ResultsWriter(plan.path) as writer,
        Launcher(
            plan.catalog,
            contents,
            services=request.services,
            remote=request.remote,
            report=watcher.preparing,
        ) as launcher,
    ):
        earlier = None
        if plan.resumed:
            # Read it only now: the writer has made sure that no other session writes to it.
            earlier = read_results_as(plan.path, BenchResults)
        else:
            writer.append(plan.header)
        conduct(plan.header, launcher, writer, watcher, contents.check_answer, earlier=earlier)
