"""Only what is correct and whole counts; everything asked for is accounted for."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import pytest

from harness.descriptions import Cell, Scenario
from harness.measure.statistics import estimate
from harness.results.records import BenchResults
from reports.benchmark.findings import Entry, Flaw, study
from tests.reports.factories import EXPRESS, FIFTY, HONO, STREAM, TEN, Session, rearrange

BadOutcome = Literal["incorrect", "failed", "timeout"]


def entry(results: BenchResults, cell: Cell = EXPRESS, scenario: Scenario = TEN) -> Entry:
    return study(results).entries[cell, scenario.id]


@pytest.fixture
def session() -> Session:
    """A session in which everything went well."""
    session = Session([EXPRESS, HONO], [TEN])
    session.measure(EXPRESS, TEN, 100)
    session.measure(HONO, TEN, 200)
    return session


def test_forks_are_the_unit_of_every_time(session: Session) -> None:
    found = entry(session.end())
    forks = {str(fork): [100 * (1 + 0.02 * fork), 100.1 * (1 + 0.02 * fork)] for fork in (-1, 0, 1)}
    expected = estimate(forks, session.header.seed, resolution=1.0)
    assert found.workflow is not None
    assert found.workflow.center == pytest.approx(expected.center)
    assert found.workflow.low == pytest.approx(expected.low)
    assert found.workflow.forks == 3
    assert (found.taken, found.correct, found.polled) == (6, 6, 0)
    assert found.flaws == ()


def test_clean_cell_competes_with_its_workflow_time(session: Session) -> None:
    found = entry(session.end())
    assert found.contender == found.workflow


def test_every_time_is_estimated_where_it_was_seen() -> None:
    session = Session([EXPRESS], [TEN, STREAM])
    session.measure(EXPRESS, TEN, 110)
    session.measure(EXPRESS, STREAM, 400)
    results = session.end()
    steps, stream = entry(results).estimates, entry(results, scenario=STREAM).estimates
    assert set(steps) == {"workflow", "wall", "overhead", "ttfs", "ttls", "wo"}
    assert set(stream) == {"workflow", "wall", "overhead", "ttfb", "slurp", "wo"}
    assert steps["overhead"].center == pytest.approx(5)
    assert stream["ttfb"].center == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize(
    "changes",
    [{"warmup": True}, {"kind": "counting", "block": 4}, {"attempt": 2}],
    ids=["warm-up", "counting", "of an attempt that did not end"],
)
def test_what_does_not_count_moves_no_time(session: Session, changes: dict[str, Any]) -> None:
    before = entry(session.end()).estimates
    session.take(EXPRESS, TEN, 9000, **changes)
    after = entry(session.end())
    assert after.estimates == before
    assert after.flaws == ()


@pytest.mark.parametrize(
    "changes", [{"warmup": True}, {"kind": "counting", "block": 4}], ids=["warm-up", "counting"]
)
def test_only_timed_samples_are_said_to_be_taken(session: Session, changes: dict[str, Any]) -> None:
    session.take(EXPRESS, TEN, **changes)
    assert entry(session.end()).taken == 6


@pytest.mark.parametrize("outcome", ["incorrect", "failed", "timeout"])
def test_bad_sample_is_never_averaged_and_never_wins(session: Session, outcome: BadOutcome) -> None:
    before = entry(session.end()).estimates
    session.spoil(EXPRESS, TEN, outcome, "the reason", workflow_ms=9000)
    after = entry(session.end())
    assert after.estimates == before
    assert (after.taken, after.correct, after.runs) == (7, 6, 7)
    assert after.contender == after.workflow
    assert not after.may_win
    assert after.flaws == (Flaw(outcome, "the reason", 1),)


@pytest.mark.parametrize(
    "changes", [{"warmup": True}, {"kind": "counting", "block": 4}], ids=["warm-up", "counting"]
)
def test_wrong_answer_counts_against_its_cell_wherever_it_was_given(
    session: Session, changes: dict[str, Any]
) -> None:
    session.spoil(EXPRESS, TEN, "incorrect", "wrong", **changes)
    results = session.end()
    assert not entry(results).may_win
    assert entry(results).runs == 7
    assert entry(results, HONO).may_win


def test_wrong_answer_concerns_only_its_own_scenario() -> None:
    session = Session([EXPRESS], [TEN, FIFTY])
    session.measure(EXPRESS, TEN, 100)
    session.measure(EXPRESS, FIFTY, 500)
    session.spoil(EXPRESS, TEN, "incorrect", "wrong")
    results = session.end()
    assert not entry(results).may_win
    assert entry(results, scenario=FIFTY).may_win


def test_same_reason_is_told_once_and_the_gravest_first(session: Session) -> None:
    session.spoil(EXPRESS, TEN, "timeout", "slow")
    session.spoil(EXPRESS, TEN, "timeout", "slow", block=2)
    session.spoil(EXPRESS, TEN, "incorrect", None)
    assert entry(session.end()).flaws == (
        Flaw("incorrect", "no reason was given", 1),
        Flaw("timeout", "slow", 2),
    )


def test_failed_fork_gives_no_times_and_bars_its_cell(session: Session) -> None:
    session.fail_fork(EXPRESS, "the server died", block=2)
    results = session.end()
    found = entry(results)
    assert found.workflow is not None
    assert found.workflow.forks == 2
    assert (found.taken, found.correct) == (6, 4)
    assert found.contender is None
    assert found.flaws == (Flaw("fork", "the server died", 1),)
    assert entry(results, HONO).flaws == ()


def test_fork_that_a_later_attempt_finished_has_not_failed(session: Session) -> None:
    results = session.end()
    first = msgspec.structs.replace(results.forks[0], attempt=0, outcome="failed", reason="died")
    healed = msgspec.structs.replace(results, forks=(*results.forks, first))
    assert study(healed).failed_forks == ()
    assert entry(healed, first.cell).flaws == ()


def test_failed_counting_fork_leaves_times_alone(session: Session) -> None:
    session.fail_fork(EXPRESS, "no recorder", block=4, kind="counting")
    findings = study(session.end())
    assert findings.entries[EXPRESS, TEN.id].contender is not None
    assert [end.reason for end in findings.failed_forks] == ["no recorder"]


def test_cell_without_samples_is_missing() -> None:
    session = Session([EXPRESS, HONO], [TEN])
    session.measure(EXPRESS, TEN, 100)
    found = entry(session.end(), HONO)
    assert found.workflow is None
    assert found.flaws == (Flaw("missing", "no sample of it was taken", 1),)


def test_cell_that_an_interruption_left_out_says_so(session: Session) -> None:
    for block in (1, 2, 3):
        session.interrupt(HONO, block=block)
    found = entry(session.end(), HONO)
    assert found.flaws == (Flaw("missing", "the session ended before it was measured", 1),)


def test_interruption_is_no_flaw_of_a_cell_that_was_measured(session: Session) -> None:
    session.interrupt(HONO, block=3)
    findings = study(session.end())
    found = findings.entries[HONO, TEN.id]
    assert found.flaws == ()
    assert found.workflow is not None
    assert found.workflow.forks == 2
    assert findings.unended == (f"timing-3/{HONO.id}",)
    assert len(findings.planned) == 8


def test_run_whose_times_were_not_seen_cannot_win(session: Session) -> None:
    session.take(EXPRESS, TEN, completed_ms=None)
    found = entry(session.end())
    assert found.contender is None
    assert [(flaw.kind, flaw.times) for flaw in found.flaws] == [("untimed", 1)]


def test_run_whose_times_were_not_seen_is_told_beside_a_wrong_answer(session: Session) -> None:
    session.take(EXPRESS, TEN, completed_ms=None)
    session.spoil(EXPRESS, TEN, "incorrect", "wrong")
    found = entry(session.end())
    assert found.contender is None
    assert [flaw.kind for flaw in found.flaws] == ["incorrect", "untimed"]


def test_cell_without_a_correct_sample_has_no_time_and_is_not_also_missing() -> None:
    session = Session([EXPRESS], [TEN])
    session.spoil(EXPRESS, TEN, "incorrect", "wrong")
    found = entry(session.end())
    assert found.workflow is None
    assert found.contender is None
    assert found.flaws == (Flaw("incorrect", "wrong", 1),)


def test_block_without_a_correct_sample_is_left_out_and_the_others_compared(
    session: Session,
) -> None:
    session.samples = [
        msgspec.structs.replace(sample, outcome="incorrect", error="wrong")
        if sample.fork == f"timing-2/{EXPRESS.id}"
        else sample
        for sample in session.samples
    ]
    found = entry(session.end())
    assert set(found.series) == {1, 3}
    assert found.contender is not None


def test_polled_samples_are_counted(session: Session) -> None:
    session.take(EXPRESS, TEN, woken_by="poll")
    assert entry(session.end()).polled == 1


def test_no_sample_at_all_leaves_everything_missing() -> None:
    findings = study(Session([EXPRESS, HONO], [TEN, FIFTY]).end())
    assert len(findings.entries) == 4
    assert {flaw.kind for found in findings.entries.values() for flaw in found.flaws} == {"missing"}


def test_order_of_the_file_does_not_matter(session: Session) -> None:
    session.spoil(EXPRESS, TEN, "timeout", "slow")
    results = session.end()
    assert study(rearrange(results)).entries == study(results).entries
