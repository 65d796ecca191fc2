"""Real dev servers: they answer rightly, and no timed sample contains a compile."""

from __future__ import annotations

import pytest

from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog, Cell
from harness.measure.forks import run_fork
from harness.measure.plan import Fork
from harness.results.records import ForkEnd, Sample
from suites import workflows

pytestmark = [pytest.mark.sdk, pytest.mark.xdist_group("v5")]


@pytest.mark.parametrize("framework", ["express", "next"])
def test_first_compile_of_a_dev_server_is_in_no_timed_sample(
    launcher: Launcher, catalog: Catalog, framework: str
) -> None:
    cell = Cell("v5", framework, "local", "development")
    launcher.prepare(cell)
    names = ("sequential-10", "no-steps")
    scenarios = {name: catalog.scenarios[name] for name in names}
    fork = Fork(id="timing-1", kind="timing", block=1, cell=cell, scenarios=names, seed=7)
    *found, end = run_fork(launcher, fork, 1, scenarios, workflows.BENCH.check_answer)
    assert isinstance(end, ForkEnd)
    assert end.outcome == "finished", end.reason
    samples = [record for record in found if isinstance(record, Sample)]
    assert {sample.outcome for sample in samples} == {"correct"}
    first, *others = samples
    assert first.warmup
    timed = [sample for sample in others if not sample.warmup]
    assert {sample.scenario for sample in timed} == {*names}
    # The first request compiles; whatever comes later takes far less.
    assert end.startup_ms is not None
    assert max(sample.request_ms for sample in timed) < (end.startup_ms + first.request_ms) / 2
