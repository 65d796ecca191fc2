"""Known failures of the engine: by check, line, World and version; they run all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.descriptions import Cell
from harness.engine.known_failures import (
    KnownEngineFailure,
    compare_known,
    read_known_engine_failures,
)
from harness.errors import DescriptionError
from suites.engine import KNOWN_FAILURES, list_checks
from tests.harness.engine.checks import make_check

PINS = {"workflow": "4.8.9"}
ENTRY = KnownEngineFailure(
    id="guard",
    checks=("test_guard",),
    lines=("v4",),
    versions={"workflow": "4.8.9"},
    messages=("exceeded max retries", "gave up"),
    reason="the guard looks at the counter only",
)
FAILED = make_check(verdict="failed", message="the step exceeded max retries")

LIST = """
[[failure]]
id = "guard"
checks = ["test_guard"]
lines = ["v4"]
versions = { workflow = "4.8.9" }
messages = ["exceeded max retries"]
reason = "the guard looks at the counter only"
"""


class TestComparing:
    def test_a_failure_that_is_listed_is_known(self) -> None:
        check = compare_known(FAILED, [ENTRY], PINS)
        assert (check.state, check.reason) == ("known", ENTRY.reason)
        assert check.verdict == "failed"

    def test_a_failure_with_a_different_message_is_not_known(self) -> None:
        check = compare_known(make_check(verdict="failed", message="hangs"), [ENTRY], PINS)
        assert check.state == ""

    def test_a_pass_is_unexpected(self) -> None:
        assert compare_known(make_check(), [ENTRY], PINS).state == "unexpected pass"

    def test_an_entry_does_not_apply_to_another_version(self) -> None:
        assert compare_known(FAILED, [ENTRY], {"workflow": "4.9.0"}).state == ""

    @pytest.mark.parametrize(
        "cell", [Cell("v5", "express", "local"), Cell("v5-latest", "express", "local")]
    )
    def test_an_entry_does_not_apply_to_another_line(self, cell: Cell) -> None:
        failed = make_check(cell=cell, verdict="failed", message="exceeded max retries")
        assert compare_known(failed, [ENTRY], PINS).state == ""

    def test_an_entry_for_a_world_applies_only_to_that_world(self) -> None:
        import msgspec

        entry = msgspec.structs.replace(ENTRY, worlds=("postgres",))
        assert compare_known(FAILED, [entry], PINS).state == ""

    @pytest.mark.parametrize("verdict", ["passed", "failed"])
    def test_a_flaky_check_is_flaky_whatever_its_verdict(self, verdict: str) -> None:
        import msgspec

        entry = msgspec.structs.replace(ENTRY, flaky=True)
        check = make_check(verdict=verdict, message="exceeded max retries")
        assert compare_known(check, [entry], PINS).state == "flaky"

    @pytest.mark.parametrize("verdict", ["inconclusive", "not applicable"])
    def test_an_undecided_check_has_no_state(self, verdict: str) -> None:
        assert compare_known(make_check(verdict=verdict), [ENTRY], PINS).state == ""


class TestReading:
    def test_the_list_of_the_suites_can_be_read(self) -> None:
        for entry in read_known_engine_failures(KNOWN_FAILURES, list_checks()):
            assert entry.lines

    def test_an_entry_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "known.toml"
        path.write_text(LIST)
        assert read_known_engine_failures(path, ["test_guard"])[0].checks == ("test_guard",)

    def test_a_check_that_does_not_exist_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "known.toml"
        path.write_text(LIST)
        with pytest.raises(DescriptionError, match="does not exist"):
            read_known_engine_failures(path, ["test_other"])

    @pytest.mark.parametrize("line", ['versions = { workflow = "4.8.9" }', "reason ="])
    def test_an_entry_without_version_or_reason_is_refused(self, tmp_path: Path, line: str) -> None:
        path = tmp_path / "known.toml"
        kept = [text for text in LIST.splitlines() if not text.startswith(line)]
        path.write_text("\n".join(kept))
        with pytest.raises(DescriptionError):
            read_known_engine_failures(path, ["test_guard"])

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (LIST + LIST, "lists guard twice"),
            (LIST.replace("lines", "lnes"), "'lnes'"),
            (LIST.replace("failure", "failures"), "'failures'"),
        ],
    )
    def test_duplicate_ids_and_unknown_names_are_refused(
        self, tmp_path: Path, text: str, told: str
    ) -> None:
        path = tmp_path / "known.toml"
        path.write_text(text)
        with pytest.raises(DescriptionError, match=told):
            read_known_engine_failures(path, ["test_guard"])
