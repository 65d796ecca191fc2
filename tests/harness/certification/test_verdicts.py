"""Verdicts: from records to a clause, and from clauses to a World."""

from __future__ import annotations

import datetime
import itertools

import pytest

from harness.certification.records import CheckRecord
from harness.certification.verdicts import (
    decide_world,
    is_between_processes,
    state_confidence,
)
from tests.harness.certification.certifying import (
    DAY,
    decide,
    make_call,
    make_failure,
    make_known,
    make_record,
    make_verdict,
)

PASSED = make_record("passed", form="a")
FAILED = make_failure(form="b")
INCONCLUSIVE = make_record("inconclusive", form="c", message="no fault was applied")
ASIDE = make_record("not applicable", form="d", message="it has no hooks")
RECORDED = make_record("recorded", form="e", answers={"order": "stable"})


# The clause


@pytest.mark.parametrize(
    ("records", "verdict"),
    [
        ([PASSED], "passed"),
        ([PASSED, ASIDE], "passed"),
        ([PASSED, RECORDED], "passed"),
        ([PASSED, FAILED], "failed"),
        ([FAILED, INCONCLUSIVE, PASSED, ASIDE], "failed"),
        ([PASSED, INCONCLUSIVE], "inconclusive"),
        ([INCONCLUSIVE, ASIDE], "inconclusive"),
        ([ASIDE], "not applicable"),
    ],
)
def test_the_worst_record_decides(records: list[CheckRecord], verdict: str) -> None:
    for order in itertools.permutations(records):
        assert decide(*order).verdict == verdict


def test_a_clause_that_nothing_checked_is_inconclusive_and_never_passed() -> None:
    verdict = decide()
    assert (verdict.verdict, verdict.message) == ("inconclusive", "no check ran")


def test_an_informative_clause_is_recorded() -> None:
    assert decide(RECORDED, level="INFORMATIVE").verdict == "recorded"
    assert decide(RECORDED, ASIDE, level="INFORMATIVE").verdict == "recorded"
    assert decide(level="INFORMATIVE").verdict == "inconclusive"


@pytest.mark.parametrize("level", ["MUST", "SHOULD", "MAY"])
def test_a_recorded_answer_does_not_pass_a_requirement(level: str) -> None:
    verdict = decide(RECORDED, level=level)  # type: ignore[arg-type]
    assert verdict.verdict == "inconclusive"
    assert "decided nothing" in verdict.message


def test_records_of_other_clauses_are_ignored() -> None:
    other = make_failure(clause="RUN-OTHER")
    verdict = decide(PASSED, other)
    assert verdict.verdict == "passed"
    assert [form.form for form in verdict.forms] == ["a"]


@pytest.mark.parametrize("records", [[], [FAILED], [PASSED]])
def test_a_clause_that_does_not_apply_is_not_judged(records: list[CheckRecord]) -> None:
    verdict = decide(*records, inapplicable="it has no hooks")
    assert (verdict.verdict, verdict.message) == ("not applicable", "it has no hooks")
    assert verdict.forms == ()
    assert not verdict.witness


def test_a_clause_of_another_line_is_not_judged() -> None:
    verdict = decide(FAILED, level=None)
    assert verdict.verdict == "not applicable"
    assert "line" in verdict.inapplicable


def test_a_given_reason_is_kept_for_a_clause_of_another_line() -> None:
    assert decide(level=None, inapplicable="it is for line v4").message == "it is for line v4"


def test_only_what_applies_is_advertised() -> None:
    assert decide(PASSED, needs=("runs.wait",)).advertised
    assert not decide(PASSED).advertised
    assert not decide(needs=("runs.wait",), inapplicable="it has no runs.wait").advertised


def test_a_clause_whose_checks_all_stepped_aside_says_why() -> None:
    assert decide(ASIDE).message == "it has no hooks"
    assert decide(make_record("not applicable")).message == "every check stepped aside"


def test_the_witness_is_the_smallest_and_speaks_for_the_clause() -> None:
    long = make_failure("long", calls=5, form="a", reproduce="run long")
    short = make_failure("short", calls=2, form="b", reproduce="run short")
    verdict = decide(long, short)
    assert len(verdict.witness) == 2
    assert (verdict.message, verdict.reproduce) == ("short", "run short")


def test_a_failure_without_a_witness_is_shown_last() -> None:
    verdict = decide(make_failure("bare", calls=0, form="a"), make_failure("shown", 3, form="b"))
    assert (verdict.message, len(verdict.witness)) == ("shown", 3)


def test_only_a_failure_has_a_witness() -> None:
    unsure = make_record("inconclusive", witness=(make_call(),), message="the server went away")
    verdict = decide(unsure, make_failure(clause="RUN-OTHER"))
    assert (verdict.witness, verdict.message) == ((), "the server went away")


def test_the_witness_comes_from_what_failed() -> None:
    verdict = decide(
        make_record("passed", form="a", witness=(make_call(),), message="fine"),
        make_failure("broken", calls=4, form="b"),
    )
    assert (verdict.message, len(verdict.witness)) == ("broken", 4)


def test_the_order_of_records_does_not_matter() -> None:
    records = [make_failure(f"at {form}", form=form, check=form) for form in "cab"]
    verdicts = [decide(*order) for order in itertools.permutations(records)]
    assert all(verdict == verdicts[0] for verdict in verdicts)
    assert verdicts[0].message == "at a"


def test_durations_add_up() -> None:
    records = [make_record(form=form, duration_ms=2.5) for form in "ab"]
    assert decide(*records).duration_ms == 5.0


# Races


def test_rounds_without_a_failure_bound_the_failure_rate() -> None:
    assert state_confidence("passed", 60, 0) == (
        "60 rounds, none failed: with 95% confidence fewer than 4.9% of rounds fail"
    )


@pytest.mark.parametrize(("rounds", "percent"), [(2, "77.7"), (10, "25.9"), (299, "1.0")])
def test_the_bound_is_rounded_up(rounds: int, percent: str) -> None:
    assert f"fewer than {percent}%" in state_confidence("passed", rounds, 0)
    # At the bound itself, seeing no failure would have had a chance of 5% at the most.
    assert (1 - float(percent) / 100) ** rounds <= 0.05 + 1e-9


def test_failed_rounds_are_stated_as_their_share() -> None:
    assert state_confidence("failed", 60, 3) == "3 of 60 rounds failed (5.0%)"


@pytest.mark.parametrize(
    ("verdict", "rounds"), [("passed", 1), ("inconclusive", 60), ("failed", 60), ("recorded", 60)]
)
def test_no_confidence_is_stated_without_a_race_or_a_decision(verdict: str, rounds: int) -> None:
    assert state_confidence(verdict, rounds, 0) == ""  # type: ignore[arg-type]


def test_the_confidence_of_a_clause_is_that_of_its_shortest_race() -> None:
    many, few = (make_record(form=form, rounds=n) for form, n in (("a", 200), ("b", 20)))
    assert decide(few, many, PASSED).confidence.startswith("20 rounds")


def test_a_broken_clause_states_its_rarest_failure() -> None:
    rare = make_failure(form="rare", rounds=50, failed_rounds=1)
    often = make_failure(form="often", rounds=10, failed_rounds=9)
    assert decide(often, rare, make_record(rounds=5)).confidence.startswith("1 of 50")


def test_a_clause_without_races_states_no_confidence() -> None:
    assert decide(PASSED).confidence == ""


# One process or several


@pytest.mark.parametrize(
    ("form", "between"),
    [
        ("4 processes", True),
        ("16 together, 2 processes", True),
        ("1 processes", False),
        ("16 together", False),
        ("alone", False),
        ("crash", False),
    ],
)
def test_forms_with_several_processes_are_recognized_by_name(form: str, between: bool) -> None:
    assert is_between_processes(form) is between


@pytest.mark.parametrize("verdict", ["failed", "inconclusive"])
def test_what_a_world_for_one_process_does_between_several_is_a_note(verdict: str) -> None:
    wrong = make_record(verdict, form="4 processes", message="torn")
    alone = make_record("passed", form="alone")
    assert decide(wrong, alone).verdict == verdict
    verdicts = decide(wrong, alone, processes="one")
    assert verdicts.verdict == "passed"
    assert {form.form: form.noted for form in verdicts.forms} == {
        "4 processes": True,
        "alone": False,
    }


def test_a_failure_in_one_process_counts_for_a_world_for_one_process() -> None:
    verdict = decide(make_failure(form="16 together"), PASSED, processes="one")
    assert verdict.verdict == "failed"


def test_a_noted_outcome_does_not_affect_message_witness_confidence_or_known_failure() -> None:
    noted = make_failure("noted", form="4 processes", calls=1, rounds=9, failed_rounds=1)
    real = make_failure("ended twice", form="alone", calls=5, rounds=9, failed_rounds=9)
    verdict = decide(noted, real, processes="one", known=make_known())
    assert (verdict.message, len(verdict.witness)) == ("ended twice", 5)
    assert verdict.confidence.startswith("9 of 9")
    assert verdict.is_excused


def test_a_clause_that_is_only_about_several_processes_does_not_apply_to_one() -> None:
    verdict = decide(make_failure(form="4 processes"), processes="one")
    assert verdict.verdict == "not applicable"
    assert "processes" in verdict.message
    assert not verdict.witness


def test_what_a_world_for_one_process_gets_right_between_several_counts() -> None:
    assert decide(make_record(form="4 processes"), processes="one").verdict == "passed"


# The World


def test_a_world_is_certified_when_every_must_passed() -> None:
    world = decide_world([make_verdict("A"), make_verdict("B")])
    assert (world.verdict, world.certified, world.exit_code) == ("passed", True, 0)


def test_one_failing_must_fails_the_world() -> None:
    world = decide_world([make_verdict("A"), make_verdict("B", "failed")])
    assert (world.verdict, world.certified, world.exit_code) == ("failed", False, 1)
    assert world.failed == ("B",)


def test_one_inconclusive_must_leaves_the_world_open() -> None:
    world = decide_world([make_verdict("A"), make_verdict("B", "inconclusive")])
    assert (world.verdict, world.certified, world.exit_code) == ("inconclusive", False, 2)
    assert world.inconclusive == ("B",)


def test_a_failure_outweighs_an_inconclusive_clause() -> None:
    world = decide_world([make_verdict("A", "failed"), make_verdict("B", "inconclusive")])
    assert (world.verdict, world.exit_code) == ("failed", 1)


def test_a_must_that_does_not_apply_does_not_count() -> None:
    aside = make_verdict("B", inapplicable="it has no hooks")
    assert decide_world([make_verdict("A"), aside]).certified


@pytest.mark.parametrize("level", ["SHOULD", "INFORMATIVE", None])
@pytest.mark.parametrize("verdict", ["failed", "inconclusive"])
def test_lesser_levels_never_change_the_verdict_but_are_counted(
    level: str | None, verdict: str
) -> None:
    # Even where it needs something that the World offers.
    lesser = make_verdict("B", verdict, level, needs=("runs.wait",))  # type: ignore[arg-type]
    world = decide_world([make_verdict("A"), lesser])
    assert (world.verdict, world.certified) == ("passed", True)
    assert sum(world.counts[level or "none"].values()) == 1


@pytest.mark.parametrize(
    ("needs", "verdict", "due"),
    [
        (("runs.wait",), "failed", "failed"),
        (("runs.wait",), "inconclusive", "inconclusive"),
        ((), "failed", "passed"),
        ((), "inconclusive", "passed"),
    ],
)
def test_an_optional_clause_counts_only_when_it_is_advertised(
    needs: tuple[str, ...], verdict: str, due: str
) -> None:
    optional = make_verdict("B", verdict, "MAY", needs=needs)
    world = decide_world([make_verdict("A"), optional])
    assert (world.verdict, world.certified) == (due, due == "passed")


def test_a_world_of_which_nothing_was_checked_has_not_passed() -> None:
    aside = make_verdict("A", inapplicable="it has nothing")
    should = make_verdict("B", level="SHOULD")
    for clauses in ([], [aside], [aside, should]):
        world = decide_world(clauses)
        assert (world.verdict, world.certified) == ("inconclusive", False)


def test_clauses_are_counted_by_level_and_verdict() -> None:
    clauses = [
        make_verdict("A"),
        make_verdict("B"),
        make_verdict("C", "failed"),
        make_verdict("D", "failed", "SHOULD"),
    ]
    assert decide_world(clauses).counts == {
        "MUST": {"passed": 2, "failed": 1},
        "SHOULD": {"failed": 1},
    }


# Known failures


def test_a_known_failure_does_not_fail_the_world_and_does_not_certify_it() -> None:
    known = make_verdict("RUN-ONCE", "failed", known=make_known())
    world = decide_world([make_verdict("A"), known])
    assert (world.verdict, world.exit_code, world.certified) == ("passed", 0, False)
    assert (world.failed, world.excused) == ((), ("RUN-ONCE",))
    assert known.verdict == "failed"


def test_a_known_failure_below_must_does_not_prevent_certification() -> None:
    known = make_verdict("RUN-ONCE", "failed", "SHOULD", known=make_known())
    assert decide_world([make_verdict("A"), known]).certified


def test_a_failure_with_another_message_is_not_excused() -> None:
    verdict = decide(make_failure("it never ended"), known=make_known())
    assert not verdict.is_excused
    assert decide_world([verdict]).failed == ("RUN-ONCE",)


def test_a_known_failure_does_not_hide_a_second_one() -> None:
    expected = make_failure("it ended twice", form="a")
    surprise = make_failure("it never ended", form="b", calls=9)
    assert not decide(expected, surprise, known=make_known()).is_excused


@pytest.mark.parametrize("level", ["MUST", "SHOULD"])
def test_an_unexpected_pass_fails_the_world(level: str) -> None:
    verdict = decide(PASSED, level=level, known=make_known())  # type: ignore[arg-type]
    world = decide_world([make_verdict("A"), verdict])
    assert (world.verdict, world.certified) == ("failed", False)
    assert world.untrue_entries == ("RUN-ONCE",)


@pytest.mark.parametrize("record", [PASSED, FAILED, ASIDE, INCONCLUSIVE])
def test_an_expired_entry_fails_the_world_whatever_was_found(record: CheckRecord) -> None:
    yesterday = DAY - datetime.timedelta(days=1)
    verdict = decide(record, level="SHOULD", known=make_known(expires=yesterday))
    world = decide_world([make_verdict("A"), verdict])
    assert (world.verdict, world.untrue_entries) == ("failed", ("RUN-ONCE",))


def test_an_entry_holds_on_its_last_day() -> None:
    assert decide(FAILED, known=make_known(expires=DAY)).is_excused


@pytest.mark.parametrize("record", [INCONCLUSIVE, ASIDE])
def test_an_entry_does_not_apply_to_an_undecided_clause(record: CheckRecord) -> None:
    verdict = decide(record, known=make_known())
    assert verdict.known is not None
    assert verdict.known.state == "undecided"
    assert not verdict.has_untrue_entry


def test_a_known_failure_leaves_an_open_must_open() -> None:
    verdict = decide(INCONCLUSIVE, known=make_known())
    assert decide_world([make_verdict("A"), verdict]).verdict == "inconclusive"


def test_a_known_failure_cannot_be_judged_without_the_day() -> None:
    with pytest.raises(ValueError, match="day"):
        decide(FAILED, known=make_known(), today=None)
