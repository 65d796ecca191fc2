"""Each measure takes its values from the raw times of a sample, and none where they are unknown."""

from __future__ import annotations

from typing import Any

import pytest

from harness.descriptions import Catalog, Cell, Scenario
from harness.measure.measures import MEASURES
from harness.results.records import ChunkTimes, RecoveryTimes, Sample, StepTimes, StreamTimes
from tests.reports.factories import make_scenario

SCENARIO = make_scenario(10, kind="latency", asked_ms=1_000)


def find(measure: str, scenario: Scenario = SCENARIO, **marks: Any) -> list[float]:
    sample = Sample(
        fork="timing-1/v5/express/local",
        attempt=1,
        kind="timing",
        cell=Cell("v5", "express", "local"),
        scenario=scenario.id,
        sequence=0,
        warmup=False,
        outcome="correct",
        **marks,
    )
    return MEASURES[measure].find(sample, scenario)


def stream(*trips: float) -> StreamTimes:
    chunks = tuple(ChunkTimes(20.0 * at, 20.0 * at + trip) for at, trip in enumerate(trips))
    return StreamTimes(
        first_byte_ms=trips[0] if trips else None, ended_ms=99, bytes=9, chunks=chunks
    )


def steps(*times: tuple[float, float]) -> tuple[StepTimes, ...]:
    return tuple(StepTimes(entered, left, "a") for entered, left in times)


def test_resume_ends_where_the_next_body_is_entered() -> None:
    assert find("resume", resumed_ms=(10.0, 30.0), steps=steps((14.0, 15.0), (37.0, 38.0))) == [
        4,
        7,
    ]


def test_resume_does_not_end_with_a_step_before_it() -> None:
    assert find("resume", resumed_ms=(10.0,), steps=steps((5.0, 6.0), (14.0, 15.0))) == [4]


def test_resume_without_a_step_after_it_has_no_value() -> None:
    assert find("resume", resumed_ms=(10.0, 30.0), steps=steps((14.0, 15.0))) == [4]


def test_lateness_is_what_a_sleep_takes_beyond_what_was_asked_for() -> None:
    marks = steps((0.0, 1.0), (1_006.0, 1_007.0), (2_027.0, 2_028.0))
    assert find("lateness", steps=marks) == [5, 20]


def test_sleep_that_ends_early_is_late_by_less_than_nothing() -> None:
    assert find("lateness", steps=steps((0.0, 1.0), (991.0, 992.0))) == [-10]


def test_round_trips_are_of_every_chunk_and_the_first_is_one_of_them() -> None:
    assert find("round-trip", streams=(stream(9, 2, 3),)) == [9, 2, 3]
    assert find("first-chunk", streams=(stream(9, 2, 3),)) == [9]


def test_jitter_is_the_mean_change_from_chunk_to_chunk() -> None:
    assert find("jitter", streams=(stream(4, 2, 6),)) == [3]
    assert find("jitter", streams=(stream(5, 5, 5),)) == [0]


def test_one_chunk_has_no_jitter() -> None:
    assert find("jitter", streams=(stream(4),)) == []


def test_recovery_ends_with_the_last_run() -> None:
    times = RecoveryTimes(healthy_ms=300.0, completed_ms=(500.0, 900.0, 700.0))
    assert find("recovery", recovery=times) == [600]
    assert find("recovery-from-kill", recovery=times) == [900]


@pytest.mark.parametrize("measure", MEASURES)
def test_sample_without_marks_has_no_values(measure: str) -> None:
    assert find(measure) == []


def test_every_measure_of_a_scenario_exists_and_every_measure_is_used(catalog: Catalog) -> None:
    used = {name for item in catalog.scenarios.values() for name in item.measures}
    assert used == {*MEASURES}


def test_latency_scenarios_have_measures_and_no_other_has(catalog: Catalog) -> None:
    latencies = {item.id for item in catalog.scenarios.values() if item.kind == "latency"}
    assert latencies == {item.id for item in catalog.scenarios.values() if item.measures}
