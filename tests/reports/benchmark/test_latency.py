"""Where the time of steps goes is told by invocation, and unknown is not zero."""

from __future__ import annotations

import pytest

from harness.descriptions import Scenario
from harness.results.records import BenchResults, StepTimes
from reports.benchmark.findings import study
from reports.benchmark.latency import render_latency
from reports.writing.text import NOTHING
from tests.reports.factories import EXPRESS, HONO, STREAM, TEN, Session, make_scenario
from tests.reports.reading import Row, pick, read_tables

NO_STEPS = make_scenario(0, "none", title="workflow with no steps")


def rows(results: BenchResults) -> list[Row]:
    return read_tables(render_latency(study(results)))[0]


def take(session: Session, *steps: StepTimes, scenario: Scenario = TEN) -> None:
    for block in (1, 2, 3):
        session.take(EXPRESS, scenario, 100, block=block, steps=steps)


def test_gaps_are_split_by_invocation() -> None:
    session = Session([EXPRESS], [TEN])
    take(session, StepTimes(5, 6, "a"), StepTimes(8, 9, "a"), StepTimes(29, 31, "b"))
    (row,) = rows(session.end())
    assert row["TTFS"] == "5 ms [5, 5]"
    assert row["TTLS"] == "29 ms [29, 29]"
    assert row["STSO inline"] == "2 ms (3 gaps)"
    assert row["STSO queue-hop"] == "20 ms (3 gaps)"
    assert row["WO"] == "96 ms [95, 97]"


def test_center_is_the_median_of_fork_medians() -> None:
    session = Session([EXPRESS], [TEN])
    for block, gap in ((1, 1.0), (2, 3.0), (3, 90.0)):
        for _ in range(block):
            steps = (StepTimes(5, 6, "a"), StepTimes(6 + gap, 200, "a"))
            session.take(EXPRESS, TEN, 300, block=block, steps=steps)
    assert rows(session.end())[0]["STSO inline"] == "3 ms (6 gaps)"


def test_what_was_not_seen_is_not_shown_as_a_number() -> None:
    session = Session([EXPRESS], [NO_STEPS])
    take(session, scenario=NO_STEPS)
    (row,) = rows(session.end())
    assert (row["TTFS"], row["STSO inline"], row["STSO queue-hop"]) == (NOTHING,) * 3
    assert row["WO"] == "100 ms [99, 101]"


def test_warm_ups_have_no_gaps() -> None:
    session = Session([EXPRESS], [TEN])
    take(session, StepTimes(5, 6, "a"), StepTimes(8, 9, "a"))
    session.take(EXPRESS, TEN, warmup=True, steps=(StepTimes(0, 1, "a"), StepTimes(99, 100, "a")))
    assert rows(session.end())[0]["STSO inline"] == "2 ms (3 gaps)"


@pytest.mark.parametrize("outcome", ["incorrect", "failed", "timeout"])
def test_bad_samples_have_no_gaps(outcome: str) -> None:
    session = Session([EXPRESS], [TEN])
    take(session, StepTimes(5, 6, "a"), StepTimes(8, 9, "a"))
    session.take(
        EXPRESS, TEN, outcome=outcome, steps=(StepTimes(0, 1, "a"), StepTimes(99, 100, "a"))
    )
    assert rows(session.end())[0]["STSO inline"] == "2 ms (3 gaps)"


def test_cell_without_a_correct_sample_says_why() -> None:
    session = Session([EXPRESS, HONO], [TEN])
    take(session, StepTimes(5, 6, "a"))
    session.spoil(HONO, TEN, "timeout", "slow")
    row = pick(rows(session.end()), Framework="Hono")
    assert (row["TTFS"], row["WO"]) == ("❌ timed out", NOTHING)


def test_each_scenario_with_steps_folds_under_its_title() -> None:
    text = render_latency(study(Session([EXPRESS], [TEN, STREAM, NO_STEPS]).end()))
    assert text.count("<summary>") == text.count("</details>") == 2
    assert f"<summary>{TEN.title}</summary>" in text
    assert STREAM.title not in text


def test_streams_alone_have_no_such_section() -> None:
    assert render_latency(study(Session([EXPRESS], [STREAM]).end())) == ""
