"""Checks the answers of every scenario on every cell; passes its times to pytest-benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from harness.descriptions import Cell, Scenario
from harness.measure import metrics
from harness.results.faults import compare_fault
from harness.results.records import BenchResults, Sample

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


class AppClock:
    """Replays the app's clock: pytest-benchmark gets times that were measured in the app."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def __call__(self) -> float:
        """Return the current time in seconds."""
        return self._seconds

    def advance(self, milliseconds: float) -> None:
        """Advance the clock by a measured time."""
        self._seconds += milliseconds / 1000


_clock = AppClock()


@pytest.mark.benchmark(timer=_clock)
def test_scenario(
    cell: Cell, scenario: Scenario, results: BenchResults, benchmark: BenchmarkFixture
) -> None:
    """Report the workflow time of each correct sample as one round; known faults are no failure."""
    benchmark.group = scenario.title
    benchmark.extra_info.update(
        metric="workflow time",
        line=cell.line,
        framework=cell.framework,
        world=cell.world,
        mode=cell.mode,
    )
    failed = [end.reason for end in results.forks if end.cell == cell and end.outcome == "failed"]
    assert not failed, f"{cell.id} could not be measured: {failed[0]}"
    samples = list(_find_samples(results, cell, scenario))
    wrong = [sample for sample in samples if sample.outcome != "correct"]
    states = [compare_fault(results.header, sample).state for sample in wrong]
    benchmark.extra_info.update(known_faults=states.count("known"))
    bad = [
        f"{sample.outcome}: {sample.error}"
        for sample, state in zip(wrong, states, strict=True)
        if state != "known"
    ]
    assert not bad, f"{len(bad)} of {len(samples)} samples are not correct; the first {bad[0]}"
    correct = [sample for sample in samples if sample.outcome == "correct"]
    times = [time for sample in correct if (time := metrics.workflow_ms(sample)) is not None]
    assert times, f"no sample of {scenario.id} on {cell.id}"
    rounds = iter(times)
    benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: _clock.advance(next(rounds)), rounds=len(times), iterations=1
    )


def _find_samples(results: BenchResults, cell: Cell, scenario: Scenario) -> Iterator[Sample]:
    for sample in results.samples:
        timed = sample.kind == "timing" and not sample.warmup
        if timed and sample.cell == cell and sample.scenario == scenario.id:
            yield sample
