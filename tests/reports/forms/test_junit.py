"""JUnit XML as CI systems read it."""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from harness.results.records import Results
from reports.forms.junit import render_junit
from reports.forms.studies import study_session
from tests.reports.benchmark.test_compared import measure_side_by_side
from tests.reports.checking import RECORDED, make_check, make_results
from tests.reports.factories import EXPRESS, FIFTY, HONO, TEN, Session
from tests.reports.forms.browser.hostile import CONTROL, SCRIPT, make_hostile_results
from tests.reports.loading import load_cell, make_loaded

COUNTED = ("failure", "error", "skipped")


def measured() -> Results:
    session = Session([EXPRESS, HONO], [TEN, FIFTY])
    session.measure(EXPRESS, TEN, 250.0)
    session.measure(HONO, TEN, 100.0)
    session.measure(HONO, FIFTY, 100.0)
    session.spoil(HONO, FIFTY, "failed", "the step was lost")
    return session.end()


def checked() -> Results:
    checks = [make_check(outcome, check=f"test_{place}") for place, outcome in enumerate(RECORDED)]
    return make_results(checks)


def read(results: Results) -> Xml.Element:
    text = render_junit(study_session(results), source="x.jsonl")
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
    return Xml.fromstring(text)


def find(root: Xml.Element, suite: str, name: str) -> Xml.Element:
    found = root.find(f"testsuite[@name='{suite}']/testcase[@name='{name}']")
    assert found is not None
    return found


@pytest.mark.parametrize("make", [measured, checked, make_hostile_results])
def test_counts_are_those_of_the_cases(make: Any) -> None:
    root = read(make())
    for element in (root, *root.iter("testsuite")):
        cases = list(element.iter("testcase"))
        kinds = Counter(child.tag for case in cases for child in case if child.tag in COUNTED)
        assert int(element.get("tests", "")) == len(cases)
        assert int(element.get("failures", "")) == kinds["failure"]
        assert int(element.get("errors", "")) == kinds["error"]
        assert int(element.get("skipped", "")) == kinds["skipped"]
        total = sum(float(case.get("time", "")) for case in cases)
        assert float(element.get("time", "")) == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize("make", [measured, checked, make_hostile_results])
def test_a_case_has_one_outcome_at_most_and_a_name_of_its_own(make: Any) -> None:
    root = read(make())
    cases = list(root.iter("testcase"))
    assert all(len(list(case)) <= 1 for case in cases)
    names = [(case.get("classname"), case.get("name")) for case in cases]
    assert len(set(names)) == len(names)
    assert {key for case in cases for key in case.attrib} == {"classname", "name", "time"}


def test_times_are_seconds() -> None:
    assert float(find(read(measured()), EXPRESS.id, TEN.id).get("time", "")) == pytest.approx(
        0.25, abs=0.01
    )


def test_a_failure_says_why_and_how_to_see_it_again() -> None:
    case = find(read(measured()), HONO.id, FIFTY.id)
    (failure,) = case
    assert failure.tag == "failure"
    assert "the step was lost" in failure.get("message", "")
    assert "world-harness bench" in (failure.text or "")


class TestGaps:
    """Who reads nothing but this must not take a hole for a success."""

    def test_what_a_session_that_ended_did_not_measure_is_an_error(self) -> None:
        case = find(read(measured()), EXPRESS.id, FIFTY.id)
        assert [child.tag for child in case] == ["error"]
        assert "1 missing result" in case[0].get("message", "")

    def test_what_a_session_that_was_cut_off_never_began_is_skipped_and_the_cut_an_error(
        self,
    ) -> None:
        session = Session([EXPRESS], [TEN, FIFTY])
        session.measure(EXPRESS, TEN, 100.0)
        session.interrupt(EXPRESS, block=3)
        root = read(session.end())
        assert [child.tag for child in find(root, EXPRESS.id, FIFTY.id)] == ["skipped"]
        assert [child.tag for child in find(root, "session", "comes to its end")] == ["error"]

    def test_a_fork_that_was_to_count_and_failed_is_a_failure(self) -> None:
        session = Session([EXPRESS], [TEN])
        session.measure(EXPRESS, TEN, 100.0)
        session.fail_fork(EXPRESS, "the app did not start", block=4, kind="counting")
        root = read(session.end())
        (failure,) = find(root, EXPRESS.id, f"counting-4/{EXPRESS.id} is counted")
        assert failure.tag == "failure"
        assert failure.get("message") == "the app did not start"

    def test_what_is_only_compared_with_is_missed_too(self) -> None:
        session = measure_side_by_side(1.0)
        compared = session.header.companions
        assert compared
        session.samples = [sample for sample in session.samples if sample.cell not in compared]
        root = read(session.end())
        assert {int(item.get("errors", "")) for item in root.iter("testsuite")} > {0}
        named = {item.get("name") for item in root.iter("testsuite")}
        assert {cell.id for cell in compared} <= named

    def test_a_cell_that_was_to_be_loaded_and_was_not_is_an_error(self) -> None:
        root = read(make_loaded(load_cell(), cells=[EXPRESS, HONO]))
        case = find(root, HONO.id, f"{TEN.id} is loaded")
        assert [child.tag for child in case] == ["error"]

    def test_a_load_that_was_cut_off_is_an_error(self) -> None:
        root = read(make_loaded(load_cell(), cells=[EXPRESS, HONO], ended=False))
        assert [child.tag for child in find(root, HONO.id, f"{TEN.id} is loaded")] == ["skipped"]
        assert [child.tag for child in find(root, "session", "comes to its end")] == ["error"]

    def test_a_stage_of_a_load_without_a_start_is_an_error(self) -> None:
        runs = [run for run in load_cell() if run.stage == 0]
        root = read(make_loaded(runs))
        assert [child.tag for child in find(root, EXPRESS.id, f"{TEN.id} 1 steady 10/s")] == [
            "error"
        ]

    def test_a_load_that_was_sent_late_is_an_error(self) -> None:
        root = read(make_loaded(load_cell(late_ms=80.0)))
        case = find(root, EXPRESS.id, f"{TEN.id} is sent in time")
        assert [child.tag for child in case] == ["error"]

    def test_what_is_whole_has_neither(self) -> None:
        session = Session([EXPRESS], [TEN])
        session.measure(EXPRESS, TEN, 100.0)
        for root in (read(session.end()), read(make_loaded(load_cell()))):
            assert (root.get("errors"), root.get("failures"), root.get("skipped")) == ("0",) * 3


@pytest.mark.parametrize(
    ("outcome", "tags"),
    [
        ("failed", ["failure"]),
        ("unexpected pass", ["failure"]),
        ("known", ["skipped"]),
        ("flaky", ["skipped"]),
        ("inconclusive", ["error"]),
        ("not applicable", ["skipped"]),
    ],
)
def test_a_check_fails_a_build_only_when_it_should(outcome: Any, tags: list[str]) -> None:
    root = read(make_results([make_check(outcome)]))
    (case,) = root.iter("testcase")
    assert [child.tag for child in case] == tags


def test_times_are_written_without_an_exponent() -> None:
    took = (0.0, 0.004, 0.06, 1234567.0)
    checks = [make_check(check=f"{number}", duration_ms=ms) for number, ms in enumerate(took)]
    times = [item.get("time", "") for item in read(make_results(checks)).iter("testcase")]
    assert times == ["0.0", "0.0", "0.0001", "1234.567"]


def test_cases_of_one_cell_share_its_suite() -> None:
    session = Session([EXPRESS], [TEN])
    session.measure(EXPRESS, TEN, 100.0)
    session.fail_fork(EXPRESS, "the app did not start", block=4, kind="counting")
    names = [suite.get("name") for suite in read(session.end()).iter("testsuite")]
    assert names == [EXPRESS.id]


def test_what_xml_cannot_hold_is_replaced() -> None:
    text = render_junit(study_session(make_hostile_results()), source=CONTROL)
    assert "\x00" not in text
    assert "\x1b" not in text
    assert SCRIPT not in text
    assert any(SCRIPT in (item.get("message") or "") for item in Xml.fromstring(text).iter())
