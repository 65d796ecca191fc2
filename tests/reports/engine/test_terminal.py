"""The terminal shows the verdict, a line a cell, and how to see failures again."""

from __future__ import annotations

from harness.descriptions import Cell
from harness.engine.verdicts import OUTCOMES
from reports.engine.study import study_checks
from reports.engine.terminal import summarize_checks
from tests.reports.checking import make_check, make_results
from tests.reports.factories import EXPRESS, EXPRESS_POSTGRES, HONO


def test_a_sound_session_takes_a_line_a_cell() -> None:
    checks = [make_check(), make_check(), make_check(cell=EXPRESS_POSTGRES), make_check("known")]
    assert summarize_checks(study_checks(make_results(checks))) == (
        "🟡 3 of 4 checks passed, on 2 cells. 1 known failure.\n"
        "\n"
        "  🟡 v5/express/local: 2 passed, 1 known failure\n"
        "  ✅ v5/express/postgres: 1 passed\n"
    )


def test_a_failure_comes_with_its_rate_and_its_command() -> None:
    check = make_check("failed", reproduced=6)
    assert summarize_checks(study_checks(make_results([check]))).split("\n\n")[2] == (
        "❌ ENG-BODY-EXCLUSIVE test_body_runs_once on v5/express/local: the body ran twice "
        "(fails in only 6 of 10 tries)\n"
        "    pytest -k test_body_runs_once --line v5 --world local\n"
    )


def test_what_is_known_is_only_counted() -> None:
    text = summarize_checks(
        study_checks(make_results([make_check(outcome) for outcome in OUTCOMES]))
    )
    assert text.count("pytest -k") == 2
    assert [line[0] for line in text.split("\n\n")[2].split("\n") if line[:1].strip()] == [
        "❌",
        "❗",
        "❔",
    ]


def test_an_unexpected_pass_says_what_is_wrong_with_it() -> None:
    text = summarize_checks(study_checks(make_results([make_check("unexpected pass")])))
    assert "❗ ENG-BODY-EXCLUSIVE test_body_runs_once on v5/express/local: it is listed" in text


def test_cells_on_which_nothing_was_tested_say_so() -> None:
    checks = [make_check("not applicable")]
    text = summarize_checks(study_checks(make_results(checks, cells=[EXPRESS, HONO])))
    assert "  ⚪ v5/express/local: nothing was tested: 1 skipped\n" in text
    assert "  ❔ v5/hono/local: no check ran\n" in text


def test_a_cell_that_could_not_be_prepared_says_why() -> None:
    check = make_check(
        "inconclusive", suite="", clause="", check="the cell", message="no build", reproduce=""
    )
    assert "❔ the cell on v5/express/local: no build\n" in summarize_checks(
        study_checks(make_results([check]))
    )


def test_first_failures_are_told_and_the_rest_counted() -> None:
    checks = [make_check("inconclusive"), *[make_check("failed")] * 12]
    text = summarize_checks(study_checks(make_results(checks)))
    assert text.count("❌ ENG-") == 10
    assert text.endswith("and 3 more, in the report\n")
    assert "❔ ENG-" not in text


def test_a_development_cell_is_told_from_its_build() -> None:
    text = summarize_checks(study_checks(make_results([make_check("failed", mode="development")])))
    assert "on v5/express/local (development): the body" in text


def test_foreign_text_cannot_write_on_the_terminal() -> None:
    cell = Cell("v5", "express", "lo\x1b[2Jcal\n")
    check = make_check(
        "failed",
        cell,
        message="\x1b[31m\x07one\ntwo\r" + "long " * 100,
        reproduce='pytest --case \'{"a":  "\x9b1"}\'\x1b[2J',
        check="test\x00_it",
    )
    text = summarize_checks(study_checks(make_results([check])))
    assert not set(text) & set("\x1b\x07\r\x00\x9b")
    assert "one two long" in text
    # Blanks within a command are part of it.
    assert '    pytest --case \'{"a":  "1"}\'\n' in text
    assert max(map(len, text.splitlines())) < 400
