"""Each metric means what the reports' column definitions say."""

from __future__ import annotations

from typing import Any

import pytest

from harness.descriptions import Cell
from harness.measure.metrics import (
    Gap,
    Pace,
    find_pace,
    gaps,
    overhead_ms,
    slurp_ms,
    ttfb_ms,
    ttfs_ms,
    ttls_ms,
    wall_ms,
    workflow_ms,
    workflow_overhead_ms,
)
from harness.results.records import Sample, StepTimes, StreamTimes


def sample(**marks: Any) -> Sample:
    return Sample(
        fork="timing-1/v5/express/local",
        attempt=1,
        kind="timing",
        cell=Cell("v5", "express", "local"),
        scenario="sequential-10",
        sequence=0,
        warmup=False,
        outcome="correct",
        **marks,
    )


def stream(first: float | None, ended: float) -> StreamTimes:
    return StreamTimes(first_byte_ms=first, ended_ms=ended, bytes=1)


class TestRun:
    def test_workflow_time_is_the_records_own(self) -> None:
        assert workflow_ms(sample(created_ms=2.0, started_ms=5.0, completed_ms=12.0)) == 10.0

    @pytest.mark.parametrize("marks", [{"created_ms": 2.0}, {"completed_ms": 12.0}, {}])
    def test_workflow_time_needs_both_ends(self, marks: dict[str, float]) -> None:
        assert workflow_ms(sample(**marks)) is None

    def test_wall_time_is_from_the_call_to_the_answer(self) -> None:
        assert wall_ms(sample(start_returned_ms=3.0, answered_ms=15.0)) == 15.0

    def test_overhead_is_wall_minus_workflow(self) -> None:
        assert overhead_ms(sample(created_ms=2.0, completed_ms=12.0, answered_ms=15.0)) == 5.0

    @pytest.mark.parametrize(
        "marks", [{"answered_ms": 15.0}, {"created_ms": 2.0, "completed_ms": 12.0}]
    )
    def test_overhead_needs_both_times(self, marks: dict[str, float]) -> None:
        assert overhead_ms(sample(**marks)) is None


class TestStreams:
    def test_first_byte_is_of_whichever_stream_gave_one_first(self) -> None:
        assert ttfb_ms(sample(streams=(stream(9.0, 20.0), stream(4.0, 10.0)))) == 4.0

    def test_slurp_lasts_from_the_first_byte_to_the_end_of_the_last_stream(self) -> None:
        assert slurp_ms(sample(streams=(stream(9.0, 20.0), stream(4.0, 10.0)))) == 16.0

    def test_empty_stream_has_no_first_byte(self) -> None:
        found = sample(streams=(stream(None, 30.0), stream(4.0, 10.0)))
        assert ttfb_ms(found) == 4.0
        assert slurp_ms(found) == 26.0

    @pytest.mark.parametrize("streams", [(), (stream(None, 30.0),)])
    def test_without_a_byte_there_is_neither(self, streams: tuple[StreamTimes, ...]) -> None:
        assert ttfb_ms(sample(streams=streams)) is None
        assert slurp_ms(sample(streams=streams)) is None


class TestSteps:
    def test_time_to_first_step_is_of_the_body_entered_first(self) -> None:
        assert ttfs_ms(sample(steps=(StepTimes(9.0, 10.0, "b"), StepTimes(4.0, 5.0, "a")))) == 4.0

    def test_without_steps_there_is_no_first_one(self) -> None:
        assert ttfs_ms(sample()) is None

    def test_time_to_last_step_is_of_the_body_entered_last(self) -> None:
        slow_first = StepTimes(4.0, 90.0, "a")
        assert ttls_ms(sample(steps=(StepTimes(9.0, 10.0, "b"), slow_first))) == 9.0

    def test_without_steps_there_is_no_last_one(self) -> None:
        assert ttls_ms(sample()) is None

    def test_last_step_is_unknown_when_other_processes_ran_steps(self) -> None:
        assert ttls_ms(sample(steps=(StepTimes(4.0, 5.0, "a"),), partial=True)) is None

    def test_pace_compares_the_first_and_the_last_tenth_of_a_long_run(self) -> None:
        entries = [*range(90), *range(90, 130, 4)]
        steps = tuple(StepTimes(float(at), at + 0.5, "a") for at in entries)
        assert len(steps) == 100
        assert find_pace(sample(steps=steps)) == Pace(100, 1.0, 3.7)

    def test_short_run_has_no_pace(self) -> None:
        steps = tuple(StepTimes(float(at), at + 0.5, "a") for at in range(99))
        assert find_pace(sample(steps=steps)) is None

    def test_gap_in_one_invocation_is_inline(self) -> None:
        assert gaps(sample(steps=(StepTimes(1.0, 2.0, "a"), StepTimes(5.0, 6.0, "a")))) == (
            Gap(3.0, True),
        )

    def test_gap_between_invocations_is_a_queue_hop(self) -> None:
        assert gaps(sample(steps=(StepTimes(1.0, 2.0, "a"), StepTimes(5.0, 6.0, "b")))) == (
            Gap(3.0, False),
        )

    def test_unknown_invocations_are_never_taken_for_one(self) -> None:
        assert gaps(sample(steps=(StepTimes(1.0, 2.0, None), StepTimes(5.0, 6.0, None)))) == (
            Gap(3.0, False),
        )

    def test_gaps_follow_the_order_of_entering_not_of_the_record(self) -> None:
        steps = (StepTimes(10.0, 11.0, "b"), StepTimes(1.0, 2.0, "a"), StepTimes(4.0, 5.0, "a"))
        assert gaps(sample(steps=steps)) == (Gap(2.0, True), Gap(5.0, False))

    def test_bodies_that_overlap_have_no_gap(self) -> None:
        assert gaps(sample(steps=(StepTimes(1.0, 9.0, "a"), StepTimes(2.0, 8.0, "a")))) == ()

    def test_body_that_was_never_left_has_no_gap_after_it(self) -> None:
        assert gaps(sample(steps=(StepTimes(1.0, None, "a"), StepTimes(5.0, 6.0, "a")))) == ()

    def test_next_body_may_begin_at_once(self) -> None:
        assert gaps(sample(steps=(StepTimes(1.0, 2.0, "a"), StepTimes(2.0, 3.0, "a")))) == (
            Gap(0.0, True),
        )


class TestWorkflowOverhead:
    def overhead(self, *steps: StepTimes) -> float | None:
        return workflow_overhead_ms(sample(created_ms=0.0, completed_ms=100.0, steps=steps))

    def test_is_all_of_a_run_without_steps(self) -> None:
        assert self.overhead() == 100.0

    def test_leaves_out_step_bodies(self) -> None:
        assert self.overhead(StepTimes(10.0, 30.0, "a"), StepTimes(50.0, 60.0, "a")) == 70.0

    def test_counts_time_in_bodies_that_overlap_once(self) -> None:
        assert self.overhead(StepTimes(10.0, 30.0, "a"), StepTimes(20.0, 40.0, "b")) == 70.0

    def test_body_within_another_adds_nothing(self) -> None:
        assert self.overhead(StepTimes(10.0, 40.0, "a"), StepTimes(20.0, 30.0, "b")) == 70.0

    def test_short_body_hides_nothing_of_a_long_one(self) -> None:
        steps = StepTimes(10.0, 40.0, "a"), StepTimes(20.0, 30.0, "b"), StepTimes(35.0, 50.0, "c")
        assert self.overhead(*steps) == 60.0

    def test_body_that_was_never_left_is_not_known(self) -> None:
        assert self.overhead(StepTimes(10.0, None, "a"), StepTimes(50.0, 60.0, "a")) == 90.0

    def test_is_not_known_where_steps_may_have_run_unseen(self) -> None:
        times = {"created_ms": 0.0, "completed_ms": 100.0}
        assert workflow_overhead_ms(sample(**times)) == 100.0
        assert workflow_overhead_ms(sample(**times, partial=True)) is None

    def test_needs_a_workflow_time(self) -> None:
        assert workflow_overhead_ms(sample(steps=(StepTimes(1.0, 2.0, "a"),))) is None
