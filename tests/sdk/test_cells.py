"""The real SDK, built and run: every scenario answers rightly, and costs what the line promises.

Cells of one line stay on one worker, because they share an install.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from harness.bench.known_faults import read_known_faults
from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog, Cell, Scenario
from harness.measure import metrics
from harness.measure.forks import run_fork
from harness.measure.measures import MEASURES
from harness.measure.plan import Fork
from harness.results.records import ForkEnd, Kind, Sample
from suites import workflows

pytestmark = pytest.mark.sdk

CELLS = [
    pytest.param(Cell("v4", "express", "local"), marks=pytest.mark.xdist_group("v4")),
    pytest.param(Cell("v5", "express", "local"), marks=pytest.mark.xdist_group("v5")),
    pytest.param(Cell("v5", "express", "postgres"), marks=pytest.mark.xdist_group("v5")),
    pytest.param(Cell("py", "fastapi", "local"), marks=pytest.mark.xdist_group("py")),
]

KNOWN_FAULTS = read_known_faults(workflows.KNOWN_FAULTS)


def is_known(sample: Sample, catalog: Catalog) -> bool:
    """Tell whether a fault of the SDK that shows now and then spoiled a sample."""
    pins = catalog.pins_of(sample.cell)
    return sample.outcome != "correct" and any(
        entry.covers(sample.scenario, sample.cell, pins, sample.error or "")
        for entry in KNOWN_FAULTS
    )


def run(
    launcher: Launcher,
    catalog: Catalog,
    cell: Cell,
    scenarios: Mapping[str, Scenario],
    kind: Kind,
) -> dict[str, Sample]:
    """Run a fork of a cell; return the last sample of each scenario.

    A fork that met a known fault is repeated.
    """
    launcher.prepare(cell)
    names = tuple(scenarios)
    fork = Fork(id=f"{kind}-1/{cell.id}", kind=kind, block=1, cell=cell, scenarios=names, seed=7)
    for attempt in (1, 2, 3):
        *found, end = run_fork(launcher, fork, attempt, scenarios, workflows.BENCH.check_answer)
        assert isinstance(end, ForkEnd)
        assert end.outcome == "finished", end.reason
        samples = [record for record in found if isinstance(record, Sample)]
        if not any(is_known(sample, catalog) for sample in samples):
            break
    return {sample.scenario: sample for sample in samples}


@pytest.fixture(scope="module", params=CELLS)
def cell(request: pytest.FixtureRequest) -> Cell:
    found: Cell = request.param
    return found


@pytest.fixture(scope="module")
def everyday(catalog: Catalog) -> dict[str, Scenario]:
    return {name: item for name, item in catalog.scenarios.items() if not item.extended}


RunOnce = Callable[[Cell, Mapping[str, Scenario], Kind], dict[str, Sample]]


@pytest.fixture(scope="session")
def run_once(launcher: Launcher, catalog: Catalog) -> RunOnce:
    """Run each fork once a worker: pytest ends a fixture with parameters whenever they change."""
    known: dict[tuple[Cell, Kind], dict[str, Sample]] = {}

    def run_it(cell: Cell, scenarios: Mapping[str, Scenario], kind: Kind) -> dict[str, Sample]:
        if (cell, kind) not in known:
            known[cell, kind] = run(launcher, catalog, cell, scenarios, kind)
        return known[cell, kind]

    return run_it


@pytest.fixture
def counted(run_once: RunOnce, cell: Cell, everyday: dict[str, Scenario]) -> dict[str, Sample]:
    return run_once(cell, everyday, "counting")


@pytest.fixture
def timed(run_once: RunOnce, cell: Cell, catalog: Catalog) -> dict[str, Sample]:
    names = ("no-steps", "sequential-10", "line-stream")
    return run_once(cell, {name: catalog.scenarios[name] for name in names}, "timing")


def test_every_answer_is_right(counted: dict[str, Sample], everyday: dict[str, Scenario]) -> None:
    assert list(counted) == list(everyday)
    wrong = {name: item.error for name, item in counted.items() if item.outcome != "correct"}
    assert not wrong


@pytest.mark.parametrize("size", [10, 25, 50])
def test_sequential_steps_cost_the_invocations_of_their_line(
    counted: dict[str, Sample], cell: Cell, size: int
) -> None:
    """2N+1 where each step is a queue round trip, 1 where steps run inline (changelog of v5).

    On line py one endpoint takes both kinds of messages.
    """
    counts = counted[f"sequential-{size}"].counts
    assert counts is not None
    expected = {
        "v4": {"flow": size + 1, "step": size},
        "v5": {"flow": 1},
        "py": {"flow": 2 * size + 1},
    }
    assert counts.invocations == expected[cell.line]


def test_a_recording_fork_counts_world_calls(counted: dict[str, Sample]) -> None:
    counts = counted["sequential-10"].counts
    assert counts is not None
    assert counts.world_calls["events.create(step_completed)"] == 10
    assert counts.world_calls["events.create(run_completed)"] == 1
    assert counts.bytes["events.create(step_completed)"] > 0
    assert sum(counts.queue_messages.values()) >= 1


def test_a_recording_fork_counts_stream_writes(counted: dict[str, Sample]) -> None:
    counts = counted["parallel-streams-10"].counts
    assert counts is not None
    written = sum(amount for method, amount in counts.bytes.items() if "write" in method.lower())
    assert written >= 10 * 2**20


def test_a_timing_fork_counts_no_world_call(timed: dict[str, Sample]) -> None:
    for sample in timed.values():
        assert sample.counts is not None
        assert not sample.counts.world_calls
        assert sample.counts.invocations


def test_times_are_in_the_order_of_what_happened(timed: dict[str, Sample]) -> None:
    for sample in timed.values():
        created, completed, answered = sample.created_ms, sample.completed_ms, sample.answered_ms
        assert created is not None
        assert completed is not None
        assert answered is not None
        # A run record's times are whole milliseconds, cut off; ours are finer.
        assert -1 <= created <= completed <= answered + 1
        for step in sample.steps:
            assert step.left_ms is not None
            assert created <= step.entered_ms <= step.left_ms <= completed + 1


def test_gaps_are_tagged_by_invocation(timed: dict[str, Sample], cell: Cell) -> None:
    gaps = metrics.gaps(timed["sequential-10"])
    assert len(gaps) == 9
    assert {gap.inline for gap in gaps} == {cell.line == "v5"}
    assert all(gap.ms > 0 for gap in gaps)


def test_a_streams_first_byte_comes_before_its_end(timed: dict[str, Sample]) -> None:
    (stream,) = timed["line-stream"].streams
    assert stream.first_byte_ms is not None
    assert 0 < stream.first_byte_ms < stream.ended_ms
    assert stream.bytes == 5000


def test_the_processes_use_is_seen(timed: dict[str, Sample]) -> None:
    for sample in timed.values():
        assert sample.memory_bytes is not None
        assert sample.memory_bytes > 2**20
        assert sample.cpu_ms is not None


def test_latencies_have_a_value_of_every_hook_and_every_chunk(
    launcher: Launcher, cell: Cell, catalog: Catalog
) -> None:
    scenarios = {name: catalog.scenarios[name] for name in ("hook-resume", "paced-stream")}
    samples = run(launcher, catalog, cell, scenarios, "timing")
    assert {item.outcome for item in samples.values()} == {"correct"}
    found = {
        name: MEASURES[name].find(samples[scenario.id], scenario)
        for scenario in scenarios.values()
        for name in scenario.measures
    }
    counts = {name: len(values) for name, values in found.items()}
    assert counts == {"resume": 20, "first-chunk": 1, "round-trip": 100, "jitter": 1}
    assert min(value for values in found.values() for value in values) >= 0
