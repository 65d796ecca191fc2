"""Every form shows a fault with its rate, and whether it is known; a known one fails nothing."""

from __future__ import annotations

import datetime
import json
from typing import Any
from xml.etree import ElementTree as Xml

import msgspec
import pytest

from harness.exit_codes import ExitCode
from harness.results.faults import is_sound
from harness.results.known_faults import KnownFault
from harness.results.records import BenchResults
from reports.benchmark.findings import study
from reports.benchmark.rankings import answer_questions
from reports.benchmark.remembered import summarize_session
from reports.benchmark.scenarios import decide_sections
from reports.benchmark.terminal import summarize
from reports.benchmark.wins import hold_contests
from reports.forms.comment.rendering import render_comment
from reports.forms.formats import FORMATS
from reports.forms.markdown import render_unfolded
from tests.reports.factories import EXPRESS, FIFTY, HONO, NITRO, TEN, Session, rearrange
from tests.reports.reading import pick, read_section, read_table

ENTRY = KnownFault(
    id="twice",
    scenarios=("sequential-*",),
    versions={"workflow": "5.0.0-beta.35"},
    messages=("ran twice",),
    reason="a step sometimes runs twice (acme/app#12)",
)
EXPIRED = msgspec.structs.replace(ENTRY, expires=datetime.date(2026, 1, 1))
MESSAGE = "the step ran twice"
LOCAL = "#### 📦 Local Production"


def measure(*faults: KnownFault, paces: tuple[float, ...] = (100, 200, 300)) -> BenchResults:
    """Measure three cells nine times each; the first is wrong once."""
    session = Session([EXPRESS, HONO, NITRO], [TEN], known_faults=faults)
    for cell, pace in zip(session.header.cells, paces, strict=True):
        for block in (1, 2, 3):
            for place in (1, 2, 3):
                time = pace * (1 + 0.002 * place + 0.005 * block)
                wrong = (cell, block, place) == (EXPRESS, 2, 1)
                changes = {"outcome": "incorrect", "error": MESSAGE} if wrong else {}
                session.take(cell, TEN, time, block=block, **changes)
    return session.end()


def render(form: str, results: BenchResults) -> str:
    findings = study(results)
    if form == "comment":
        return render_comment(findings)
    if form == "terminal":
        return summarize(findings)
    if form == "unfolded":
        return render_unfolded(findings, source="x.jsonl")
    return FORMATS[form](findings, source="x.jsonl")


def find_row(results: BenchResults) -> dict[str, str]:
    return pick(read_table(render("unfolded", results), LOCAL), Framework="Express")


#: The list of a session -> the exit code, what a row says, and the sign of the verdict.
CASES: dict[str, tuple[tuple[KnownFault, ...], ExitCode, str, str]] = {
    "known": (
        (ENTRY,),
        ExitCode.GOOD,
        "⚠ 1 of 9 wrong, known: a step sometimes runs twice (acme/app#<!-- -->12)",
        "🟡",
    ),
    "unknown": ((), ExitCode.FAILED, f"⚠ 1 of 9 wrong, not known: `{MESSAGE}`", "❌"),
    "expired": (
        (EXPIRED,),
        ExitCode.FAILED,
        f"⚠ 1 of 9 wrong, no longer known: `{MESSAGE}`",
        "❌",
    ),
}


@pytest.mark.parametrize(("faults", "code", "told", "sign"), CASES.values(), ids=CASES)
def test_a_row_says_how_often_and_whether_it_is_known(
    faults: tuple[KnownFault, ...], code: ExitCode, told: str, sign: str
) -> None:
    results = measure(*faults)
    row = find_row(results)
    assert row["vs Fastest"].endswith(told)
    assert row["Samples"] == "8 of 9"
    assert render("unfolded", results).startswith(f"**{sign} ")
    assert is_sound(results) is (code == ExitCode.GOOD)


class TestKnown:
    @pytest.mark.parametrize(
        "form", ["markdown", "html", "summary", "comment", "terminal", "unfolded", "junit"]
    )
    def test_every_form_has_the_mark_the_rate_and_the_reason(self, form: str) -> None:
        text = render(form, measure(ENTRY))
        assert "⚠" in text
        assert "1 of 9 wrong" in text
        assert "known" in text.lower()
        assert "a step sometimes runs twice" in text

    def test_data_has_the_reason_and_the_number_of_runs(self) -> None:
        benchmark = json.loads(render("json", measure(ENTRY)))["benchmark"]
        row = next(item for item in benchmark["rows"] if item["cell"]["framework"] == "express")
        assert (row["taken"], row["correct"], row["runs"]) == (9, 8, 9)
        assert row["standing"] == "flawed"
        assert row["flaws"] == [
            {
                "kind": "incorrect",
                "reason": MESSAGE,
                "times": 1,
                "state": "known",
                "cause": ENTRY.reason,
            }
        ]
        (failure,) = benchmark["failures"]
        assert (failure["known"], failure["what"]) == (True, "1 of 9 wrong")

    def test_a_badge_is_yellow(self) -> None:
        badge = json.loads(render("badge", measure(ENTRY)))
        assert (badge["message"], badge["color"]) == ("3 cells, 1 known fault", "yellow")

    def test_a_test_report_skips_the_case_and_keeps_its_time(self) -> None:
        case = find_case(measure(ENTRY))
        (skipped,) = case
        assert skipped.tag == "skipped"
        assert float(case.get("time", "")) == pytest.approx(0.1, rel=0.1)
        assert skipped.get("message", "").startswith("⚠ known: 1 of 9 wrong: a step sometimes")
        assert MESSAGE in (skipped.text or "")
        assert "workflow time" in (skipped.text or "")

    def test_it_is_no_failure_and_stands_in_a_section_of_its_own(self) -> None:
        text = render("unfolded", measure(ENTRY))
        assert "## Failures" not in text
        section = read_section(text, "## Known Faults")
        assert "sequential steps: 1 of 9 wrong**" in section
        assert MESSAGE in section
        assert "Known: a step sometimes runs twice" in section
        assert "world-harness bench --line v5 --framework express" in section
        assert "no failures. Known faults: 1 incorrect answer." in text


class TestUnknown:
    @pytest.mark.parametrize(
        "form", ["markdown", "html", "summary", "comment", "terminal", "unfolded", "junit"]
    )
    def test_every_form_has_the_rate_and_the_message(self, form: str) -> None:
        text = render(form, measure())
        assert "1 of 9 wrong" in text
        assert MESSAGE in text

    @pytest.mark.parametrize("form", ["terminal", "unfolded"])
    def test_it_is_a_failure(self, form: str) -> None:
        text = render(form, measure())
        assert "Failures" in text
        assert "known faults" not in text.lower().split("column definitions")[0]

    def test_a_test_report_has_a_failure(self) -> None:
        assert [child.tag for child in find_case(measure())] == ["failure"]

    def test_it_comes_before_a_known_one_of_the_same_row(self) -> None:
        results = measure(ENTRY)
        sample = next(item for item in results.samples if item.cell == EXPRESS)
        wrong = msgspec.structs.replace(sample, outcome="failed", error="crashed")
        results = msgspec.structs.replace(results, samples=(*results.samples, wrong))
        assert find_row(results)["vs Fastest"].endswith(
            "⚠ 1 of 10 wrong, 1 of 10 failed, 1 of them known: `crashed`"
        )
        text = render("unfolded", results)
        assert MESSAGE not in read_section(text, "## Failures")
        assert "crashed" not in read_section(text, "## Known Faults")


class TestExpired:
    @pytest.mark.parametrize(
        "form", ["markdown", "html", "summary", "terminal", "unfolded", "junit", "json"]
    )
    def test_every_form_with_reasons_says_that_the_entry_has_expired(self, form: str) -> None:
        assert "expired on 2026-01-01" in render(form, measure(EXPIRED))

    def test_it_is_a_failure(self) -> None:
        text = render("unfolded", measure(EXPIRED))
        assert "## Known Faults" not in text
        told = "the entry of the known faults expired on 2026-01-01 (twice)"
        assert told in read_section(text, "## Failures")


class TestComparing:
    """Right in 8 of 9: compared by its correct samples, and no win."""

    @pytest.mark.parametrize("faults", [(), (ENTRY,)], ids=["unknown", "known"])
    def test_the_fastest_does_not_win_and_its_ratio_is_shown(self, faults: Any) -> None:
        results = measure(*faults)
        findings = study(results)
        (decision,) = decide_sections(findings).values()
        assert decision.winner == HONO
        (contest,) = hold_contests(findings, "framework")
        assert contest.wins == {"hono": 1}
        (answer,) = answer_questions(findings)
        assert answer.scenarios[TEN.id].winner == "hono"
        assert find_row(results)["vs Fastest"].startswith("0.50x ⚠")

    def test_the_answer_names_the_fastest_of_the_others(self) -> None:
        text = render("terminal", measure(ENTRY))
        assert "Hono is 1.50x faster than Nitro over the one scenario" in text
        assert "Express was wrong in some runs, so it cannot win" in text
        overview = read_table(render("unfolded", measure(ENTRY)), "## 🏁 Overview")
        row = pick(overview, Scenario=TEN.id)
        assert (row["Express"], row["Hono"]) == ("0.50x ⚠", "🥇")

    def test_one_of_two_is_said_to_be_faster_and_does_not_win(self) -> None:
        session = Session([EXPRESS, HONO], [TEN], known_faults=(ENTRY,))
        session.measure(EXPRESS, TEN, 100)
        session.measure(HONO, TEN, 200)
        session.spoil(EXPRESS, TEN, "incorrect", MESSAGE)
        results = session.end()
        assert "Express is 2.00x faster than Hono" in render("terminal", results)
        row = pick(read_table(render("unfolded", results), "## 🏁 Overview"), Scenario=TEN.id)
        assert (row["Express"], row["Hono"]) == ("1.00x ⚠", "2.00x")
        assert "🥇" not in find_row(results)["Framework"]

    def test_a_fault_in_one_scenario_does_not_cost_the_mean_of_all(self) -> None:
        session = Session([EXPRESS, HONO], [TEN, FIFTY], known_faults=(ENTRY,))
        for scenario in (TEN, FIFTY):
            session.measure(EXPRESS, scenario, 100)
            session.measure(HONO, scenario, 200)
        session.spoil(EXPRESS, TEN, "incorrect", MESSAGE)
        (answer,) = answer_questions(study(session.end()))
        assert answer.whole.winner == "express"
        assert {name: item.winner for name, item in answer.scenarios.items()} == {
            TEN.id: None,
            FIFTY.id: "express",
        }

    def test_others_win_against_it(self) -> None:
        findings = study(measure(ENTRY, paces=(300, 100, 200)))
        (decision,) = decide_sections(findings).values()
        assert decision.winner == HONO
        (answer,) = answer_questions(findings)
        ranking = answer.scenarios[TEN.id]
        assert (ranking.winner, ranking.slower) == ("hono", ("nitro", "express"))

    def test_only_the_wrong_sample_costs_anything(self) -> None:
        results = measure(ENTRY)
        wrong = next(item for item in results.samples if item.outcome != "correct")
        rest = tuple(item for item in results.samples if item != wrong)
        without = study(msgspec.structs.replace(results, samples=rest))
        found = study(results).entries[EXPRESS, TEN.id]
        assert found.contender == without.entries[EXPRESS, TEN.id].contender
        assert set(found.series) == {1, 2, 3}

    def test_its_center_is_remembered_of_the_machine(self) -> None:
        memory = summarize_session(study(measure(ENTRY)))
        assert f"{EXPRESS.id} {TEN.id}" in memory.centers

    def test_the_order_of_samples_does_not_matter(self) -> None:
        results = measure(ENTRY)
        turned = msgspec.structs.replace(results, samples=results.samples[::-1])
        assert study(turned).entries == study(results).entries
        assert render("unfolded", turned) == render("unfolded", results)
        assert study(rearrange(results)).entries == study(results).entries

    def test_without_a_correct_sample_there_is_no_time(self) -> None:
        session = Session([EXPRESS, HONO], [TEN], known_faults=(ENTRY,))
        session.measure(HONO, TEN, 100)
        session.spoil(EXPRESS, TEN, "incorrect", MESSAGE)
        row = find_row(session.end())
        assert row["Workflow Time"] == "❌ incorrect"
        assert row["vs Fastest"] == (
            "❌ 1 incorrect answer, known: a step sometimes runs twice (acme/app#<!-- -->12)"
        )


def find_case(results: BenchResults) -> Xml.Element:
    root = Xml.fromstring(render("junit", results))
    found = root.find(f"testsuite[@name='{EXPRESS.id}']/testcase[@name='{TEN.id}']")
    assert found is not None
    return found
