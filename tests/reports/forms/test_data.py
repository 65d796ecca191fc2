"""The report as data: it says what the documents say, and its published schema holds."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from harness.results.records import Results
from reports.forms.data import DOCUMENT, collect, make_schema, render_data, render_schema
from reports.forms.studies import study_session
from tests.reports.checking import make_check, make_results
from tests.reports.factories import EXPRESS, FIFTY, HONO, TEN, Session, make_scenario
from tests.reports.forms.browser.hostile import make_hostile_results


def measured() -> Results:
    session = Session([EXPRESS, HONO], [TEN, FIFTY])
    for scenario in (TEN, FIFTY):
        session.measure(EXPRESS, scenario, 100.0)
        session.measure(HONO, scenario, 300.0)
        session.count(EXPRESS, scenario, flow=1)
    session.spoil(HONO, FIFTY, "incorrect", "4 instead of 5")
    return session.end()


def checked() -> Results:
    return make_results([make_check(), make_check("failed", check="test_other")])


def read(results: Results) -> Any:
    return json.loads(render_data(study_session(results), source="x.jsonl"))


def test_the_published_schema_is_the_one_of_today() -> None:
    # The library's releases put a schema's keys in different orders.
    published = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    assert published == json.loads(render_schema()), "run `nox -s docs`"


@pytest.mark.parametrize("make", [measured, checked, make_hostile_results])
def test_every_report_is_as_the_schema_says(make: Any) -> None:
    schema = make_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(read(make()), schema)


def test_the_schema_refuses_what_is_not_a_report() -> None:
    report = read(measured())
    changes: list[dict[str, Any]] = [{"format": 2}, {"source": 7}, {"benchmark": {}}]
    for change in changes:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**report, **change}, make_schema())


def test_a_row_says_who_won_and_why_somebody_could_not() -> None:
    rows = {
        (row["cell"]["framework"], row["scenario"]): row
        for row in read(measured())["benchmark"]["rows"]
    }
    won, behind = rows["express", TEN.id], rows["hono", TEN.id]
    assert (won["standing"], won["vs_fastest"]) == ("won", 1.0)
    assert (behind["standing"], round(behind["vs_fastest"])) == ("behind", 3)
    assert rows["hono", FIFTY.id]["standing"] == "flawed"
    assert rows["hono", FIFTY.id]["flaws"][0]["reason"] == "4 instead of 5"
    assert (rows["hono", FIFTY.id]["runs"], round(rows["hono", FIFTY.id]["vs_fastest"])) == (7, 3)
    assert rows["express", FIFTY.id]["standing"] == "won"
    assert won["times"]["workflow"]["forks"] == 3


def test_counts_come_with_their_law_or_the_power_that_was_fitted() -> None:
    family = [make_scenario(size) for size in (10, 25, 50)]
    session = Session([EXPRESS], family)
    for scenario in family:
        calls = {"events.create(step_started)": scenario.size**2}
        session.count(EXPRESS, scenario, flow=2 * scenario.size + 1, calls=calls)
    growth = read(session.end())["benchmark"]["count_growth"]
    found = {item["quantity"]: item for item in growth}
    assert (found["invocations"]["law"], found["invocations"]["superlinear"]) == ("2N + 1", False)
    assert (found["events"]["law"], found["events"]["superlinear"]) == (None, True)
    assert found["events"]["exponent"] == pytest.approx(2.0)
    assert {item["family"] for item in growth} == {"sequential"}


def test_what_was_tested_has_no_benchmark_and_the_other_way_round() -> None:
    assert read(checked())["benchmark"] is None
    assert read(measured())["tests"] is None
    assert len(read(checked())["tests"]["checks"]) == 2


def test_a_failure_comes_with_the_command_that_measures_it_again() -> None:
    (failure,) = read(measured())["benchmark"]["failures"]
    assert failure["scenarios"] == [FIFTY.id]
    assert "--framework hono" in failure["reproduce"]


def test_a_session_that_was_cut_off_says_so() -> None:
    session = Session([EXPRESS], [TEN])
    session.measure(EXPRESS, TEN, 100.0)
    session.interrupt(EXPRESS, block=3)
    assert not collect(study_session(session.end()), source="x").ended
