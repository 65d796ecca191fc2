"""Every check that did not simply pass is told with all that is needed to see it again."""

from __future__ import annotations

from typing import Any

import pytest

from harness.engine.verdicts import OUTCOMES
from harness.results.records import Check
from reports.engine.failures import describe_fate, render_failed_checks
from reports.engine.study import study_checks
from tests.reports.checking import make_check, make_results
from tests.reports.factories import EXPRESS, EXPRESS_POSTGRES, HONO
from tests.reports.reading import list_headings, read_section


def render(*checks: Check) -> str:
    return render_failed_checks(study_checks(make_results(checks)))


def test_without_failures_there_is_no_part() -> None:
    assert render() == ""
    assert render(make_check(), make_check("not applicable")) == ""


def test_what_nobody_knew_comes_first() -> None:
    checks = [make_check(outcome) for outcome in reversed(OUTCOMES)]
    assert list_headings(render(*checks)) == [
        "### Failures",
        "#### ❌ Failed",
        "#### ❗ Passed, although listed as failing",
        "#### 🟡 Known failures",
        "#### 🎲 Flaky",
        "#### ❔ Inconclusive",
    ]


def test_a_failure_reads_like_this() -> None:
    assert render(make_check("failed", HONO)) == (
        "### Failures\n"
        "\n"
        "#### ❌ Failed\n"
        "\n"
        "**`ENG-BODY-EXCLUSIVE` `test_body_runs_once` (single-executor) on `v5/hono/local`**\n"
        "\n"
        "the body ran twice\n"
        "\n"
        "The smallest case fails in 10 of 10 tries; 6 cases from seed 7.\n"
        "\n"
        "```sh\n"
        "pytest -k test_body_runs_once --line v5 --world local\n"
        "```\n"
        "\n"
        "<details>\n"
        "<summary>What happened, in 2 lines</summary>\n"
        "\n"
        "```text\n"
        "0.0 ms  #1 flow message is delivered\n"
        "4.2 ms  the body of subject begins\n"
        "```\n"
        "\n"
        "</details>"
    )


def test_a_known_failure_says_why_it_is_known() -> None:
    assert "\n\nKnown: starts are counted, not failures\n\n" in render(make_check("known"))


def test_a_rate_below_nine_of_ten_is_labelled() -> None:
    assert "fails in only 8 of 10 tries;" in render(make_check("failed", reproduced=8))


def test_the_mode_is_told() -> None:
    assert "on `v5/express/local (development)`**" in render(
        make_check("failed", mode="development")
    )


def test_columns_of_a_witness_stay_in_line() -> None:
    witness = ("      0.0 ms  one", "    100.0 ms  two")
    assert "```text\n      0.0 ms  one\n    100.0 ms  two\n```" in render(
        make_check("failed", witness=witness)
    )


def test_a_command_is_told_as_it_is() -> None:
    command = """pytest -k x --case '{"a": "`b`  |c"}'"""
    assert f"```sh\n{command}\n```" in render(make_check("failed", reproduce=command))


def test_an_unexpected_pass_needs_no_command() -> None:
    text = render(make_check("unexpected pass"))
    assert "Passed this time; 6 cases from seed 7." in text
    assert "```" not in text


class TestInconclusive:
    def test_checks_that_say_the_same_of_a_cell_are_told_once(self) -> None:
        checks = [
            make_check("inconclusive", check=f"test_{n}", message="no build") for n in range(3)
        ]
        text = render(*checks)
        assert text.count("no build") == 1
        assert "**`v5/express/local`: 3 checks**" in text
        for n in range(3):
            assert f"- `ENG-BODY-EXCLUSIVE` `test_{n}` (single-executor)\n" in text
        assert text.count("pytest -k") == 3

    def test_other_cells_and_other_reasons_are_told_apart(self) -> None:
        text = render(
            make_check("inconclusive", EXPRESS, message="no build"),
            make_check("inconclusive", EXPRESS_POSTGRES, message="no build"),
            make_check("inconclusive", EXPRESS, message="no fault"),
            make_check("inconclusive", EXPRESS, message="no build", mode="development"),
        )
        assert text.count("**`ENG-BODY-EXCLUSIVE`") == 4

    @pytest.mark.parametrize("changes", [{"message": ""}, {"witness": ("a line",)}])
    def test_one_with_something_of_its_own_stands_alone(self, changes: dict[str, Any]) -> None:
        checks = [make_check("inconclusive", **changes), make_check("inconclusive", **changes)]
        assert render(*checks).count("**`ENG-BODY-EXCLUSIVE`") == 2

    def test_a_cell_that_could_not_be_prepared_has_no_clause(self) -> None:
        check = make_check("inconclusive", suite="", clause="", check="the cell", examples=0)
        text = read_section(render(check), "#### ❔ Inconclusive")
        assert "**`the cell` on `v5/express/local`**" in text
        assert "Could not be decided; seed 7." in text

    def test_no_command_leaves_no_empty_block(self) -> None:
        checks = [make_check("inconclusive", reproduce="")] * 2
        assert "```" not in render(*checks)


@pytest.mark.parametrize(
    ("check", "fate"),
    [
        (make_check("failed"), "The smallest case fails in 10 of 10 tries"),
        (make_check("failed", tried=0), "Failed; not tried again"),
        (make_check("flaky"), "The smallest case fails in only 4 of 10 tries"),
        (make_check(verdict="passed", state="flaky"), "Passed this time"),
        (make_check("inconclusive"), "Could not be decided"),
    ],
)
def test_fate(check: Check, fate: str) -> None:
    assert describe_fate(check) == fate
