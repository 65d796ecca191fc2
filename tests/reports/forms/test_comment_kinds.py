"""The comment tells of every kind of session, and of each what asks for somebody."""

from __future__ import annotations

import pytest

from harness.engine.verdicts import CheckOutcome
from harness.results.records import BenchResults, Results
from reports.forms.comment import LIMIT, MARKER, measure_length, render_comment
from reports.forms.comment.history import read_history
from reports.forms.comment.rendering import Page
from reports.forms.studies import study_session
from tests.reports.checking import make_check, make_results
from tests.reports.factories import EXPRESS, HONO, NITRO, TEN, Session, make_scenario
from tests.reports.loading import load_cell, make_loaded


def read_head(body: str) -> str:
    return next(line for line in body.splitlines() if line.startswith("## "))


class TestChecks:
    @pytest.mark.parametrize(
        ("outcome", "sign", "said"),
        [
            ("passed", "✅", "The one check passed"),
            ("known", "🟡", "1 known failure"),
            ("inconclusive", "❔", "1 check could not be decided"),
            ("failed", "❌", "1 of 1 check failed, on 1 of 1 cell"),
            ("unexpected pass", "❌", "1 check passed although it is listed as failing"),
        ],
    )
    def test_verdict_is_that_of_the_report(
        self, outcome: CheckOutcome, sign: str, said: str
    ) -> None:
        head = read_head(render_comment(study_session(make_results([make_check(outcome)]))))
        assert head.startswith(f"## {sign} world-harness: ")
        assert said in head
        assert "cell ran" not in head

    def test_failing_checks_are_told_without_unfolding(self) -> None:
        checks = [
            make_check("failed"),
            make_check("inconclusive", check="test_other", message="no fault was applied"),
            make_check("known", check="test_known"),
            make_check("passed", check="test_well"),
        ]
        body = render_comment(study_session(make_results(checks)))
        told = body[: body.index("<details>")]
        failed = "- ❌ `ENG-BODY-EXCLUSIVE` `test_body_runs_once` on `v5/express/local`: "
        assert f"{failed}the body ran twice (fails in 10 of 10 tries)" in told
        assert "- ❔ `ENG-BODY-EXCLUSIVE` `test_other`" in told
        assert "test_known" not in told
        assert "test_well" not in told

    def test_a_cell_without_a_check_is_no_success(self) -> None:
        body = render_comment(
            study_session(make_results([make_check("passed")], cells=[EXPRESS, HONO]))
        )
        assert read_head(body).startswith("## ❔")
        assert "No check ran on 1 cell" in read_head(body)

    def test_witness_and_command_are_folded_a_section_a_cell(self) -> None:
        checks = [make_check("failed"), make_check("failed", HONO), make_check("passed", NITRO)]
        body = render_comment(study_session(make_results(checks)))
        assert body.count("<summary>v5/express/local: 1 failed") == 1
        assert body.count("<summary>v5/hono/local: 1 failed") == 1
        assert "<summary>v5/nitro/local" not in body
        assert "pytest -k test_body_runs_once --line v5" in body
        assert "the body of subject begins" in body

    def test_many_are_cut_and_counted(self) -> None:
        long = ("x" * 500,) * 20
        checks = [make_check("failed", check=f"test_{n}", witness=long) for n in range(30)]
        checks += [make_check("failed", HONO, check=f"test_{n}", witness=long) for n in range(30)]
        body = render_comment(study_session(make_results(checks)))
        assert measure_length(body) <= LIMIT
        assert "… and 50 more, in the report" in body
        assert "2 cells cut to fit" in body.splitlines()[-1]


class TestLoad:
    def test_verdict_and_every_cell_are_told_without_unfolding(self) -> None:
        slow = load_cell(HONO, 400.0)
        body = render_comment(
            study_session(make_loaded([*load_cell(), *slow], cells=[EXPRESS, HONO]))
        )
        assert read_head(body).startswith("## ✅ world-harness: 496 runs started in 2 loads")
        told = body[: body.index("<details>")]
        rows = [line for line in told.splitlines() if line.startswith("| Local")]
        assert ["Express" in row for row in rows] == [True, False]
        assert "10/s for 20 s" in rows[0]
        assert "20 ms" in rows[0]
        assert "400 ms" in rows[1]
        assert body.count("<summary>Local · ") == 2

    def test_runs_that_did_not_end_well_are_told(self) -> None:
        bad = load_cell(outcome="failed", error="the step was lost", latency_ms=None)
        body = render_comment(study_session(make_loaded(bad)))
        assert read_head(body).startswith("## ❌")
        told = body[: body.index("<details>")]
        assert "the step was lost" in told
        assert "❌ 199" in told

    def test_a_cell_that_was_asked_for_and_not_loaded_is_no_success(self) -> None:
        body = render_comment(study_session(make_loaded(load_cell(), cells=[EXPRESS, HONO])))
        assert read_head(body).startswith("## ❌")
        assert "1 load did not begin" in read_head(body)
        assert "- Local · Hono, sequential-10: ❌ could not be loaded" in body

    def test_nothing_at_all_is_no_success(self) -> None:
        assert read_head(render_comment(study_session(make_loaded([], ended=False)))).startswith(
            "## ❌"
        )


class TestBenchmark:
    def test_what_grows_faster_than_the_number_of_steps_is_named(self) -> None:
        sizes = [make_scenario(size) for size in (10, 25, 50)]
        session = Session([EXPRESS], sizes)
        for scenario in sizes:
            session.measure(EXPRESS, scenario, scenario.size**2, spread=0.001)
        body = render_comment(study_session(session.end()))
        assert "- Grows faster than N: workflow time on Local (v5)" in body


def measured() -> BenchResults:
    session = Session([EXPRESS], [TEN])
    session.measure(EXPRESS, TEN, 100)
    return session.end()


@pytest.mark.parametrize(
    "results", [make_results([make_check("failed")]), make_loaded(load_cell()), measured()]
)
def test_every_kind_is_one_sticky_comment_with_a_history(results: Results) -> None:
    body = ""
    for commit in ("aaa", "bbb"):
        body = render_comment(study_session(results), page=Page(commit=commit), previous=body)
    assert body.startswith(MARKER)
    assert [item.commit for item in read_history(body)] == ["aaa", "bbb"]
    assert "History: 1 former commit" in body
    assert body.count("<details>") == body.count("</details>")
