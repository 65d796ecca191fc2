"""Verdicts on a session: only unexpected outcomes fail it, and no cell is ignored."""

from __future__ import annotations

from typing import Any

import pytest

from harness.descriptions import Cell
from harness.engine.verdicts import (
    FAILURES,
    OUTCOMES,
    CheckOutcome,
    exit_code_of,
    find_outcome,
    judge_session,
)
from harness.results.records import CellEnd
from tests.reports.checking import RECORDED, make_check
from tests.reports.factories import EXPRESS, EXPRESS_POSTGRES

PASSED, FAILED, UNDECIDED = 0, 1, 2


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_verdict_and_state_make_the_outcome(outcome: CheckOutcome) -> None:
    assert find_outcome(make_check(outcome)) == outcome


def test_every_outcome_can_be_recorded() -> None:
    assert set(RECORDED) == set(OUTCOMES)


@pytest.mark.parametrize(
    ("verdict", "state", "outcome"),
    [
        ("passed", "flaky", "flaky"),
        ("passed", "known", "passed"),
        ("failed", "unexpected pass", "failed"),
        ("inconclusive", "known", "inconclusive"),
        ("inconclusive", "flaky", "inconclusive"),
        ("not applicable", "flaky", "not applicable"),
        ("not applicable", "unexpected pass", "not applicable"),
    ],
)
def test_odd_pairs_have_an_outcome_too(verdict: Any, state: Any, outcome: CheckOutcome) -> None:
    assert find_outcome(make_check(verdict=verdict, state=state)) == outcome


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (["passed"], PASSED),
        (["passed", "not applicable"], PASSED),
        (["passed", "known", "flaky"], PASSED),
        (["known"], PASSED),
        (["flaky"], PASSED),
        (["failed"], FAILED),
        (["passed", "failed"], FAILED),
        (["passed", "unexpected pass"], FAILED),
        (["inconclusive", "failed"], FAILED),
        (["known", "failed"], FAILED),
        (["passed", "inconclusive"], UNDECIDED),
        (["known", "inconclusive"], UNDECIDED),
        (["not applicable"], UNDECIDED),
        ([], UNDECIDED),
    ],
)
def test_the_exit_code_follows_the_most_serious_outcome(
    outcomes: list[CheckOutcome], code: int
) -> None:
    checks = [make_check(outcome) for outcome in outcomes]
    assert exit_code_of(checks) == code
    assert exit_code_of(checks[::-1]) == code
    assert judge_session(checks).sound is (code != FAILED)


@pytest.mark.parametrize("state", ["known", "flaky"])
def test_an_undecided_known_failure_does_not_change_the_verdict(state: Any) -> None:
    undecided = make_check("inconclusive", state=state)
    assert exit_code_of([make_check(), undecided]) == PASSED
    assert exit_code_of([undecided]) == UNDECIDED


def test_failures_are_those_that_count_and_no_others() -> None:
    checks = [make_check(outcome) for outcome in OUTCOMES]
    assert {find_outcome(check) for check in judge_session(checks).failed} == FAILURES


def test_a_requested_cell_without_records_is_not_ignored() -> None:
    verdict = judge_session([make_check()], [EXPRESS, EXPRESS_POSTGRES, EXPRESS_POSTGRES])
    assert verdict.absent == (EXPRESS_POSTGRES,)
    assert (verdict.sound, verdict.exit_code) == (True, UNDECIDED)


def test_a_cell_on_which_everything_was_skipped_is_untested() -> None:
    checks = [make_check(), make_check("not applicable", EXPRESS_POSTGRES)]
    verdict = judge_session(checks, [EXPRESS, EXPRESS_POSTGRES])
    assert verdict.silent == (EXPRESS_POSTGRES,)
    assert verdict.absent == ()
    assert verdict.exit_code == PASSED


@pytest.mark.parametrize(("planned", "cut"), [(2, ()), (3, (EXPRESS,))])
def test_a_cell_with_a_missing_record_is_incomplete(planned: int, cut: Any) -> None:
    checks = [make_check(), make_check("known")]
    ends = [CellEnd(cell=EXPRESS, checks=planned, seconds=1.0)]
    verdict = judge_session(checks, [EXPRESS], ends)
    assert verdict.cut == cut
    assert verdict.exit_code == (UNDECIDED if cut else PASSED)


def test_a_cell_whose_suites_did_not_finish_is_incomplete() -> None:
    verdict = judge_session([make_check()], [EXPRESS], [])
    assert (verdict.cut, verdict.exit_code) == ((EXPRESS,), UNDECIDED)
    assert judge_session([make_check("failed")], [EXPRESS], []).exit_code == FAILED


def test_similar_cells_are_distinguished() -> None:
    other = Cell("v5", "express", "a-local")
    assert judge_session([make_check()], [EXPRESS, other]).absent == (other,)
