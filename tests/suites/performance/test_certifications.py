"""Repeated certifications, simulated without a World: the table, the file, the exit code."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.certification.examination import Examined
from harness.certification.subjects import Subject
from harness.certification.verdicts import ClauseVerdict
from harness.errors import ResultsError
from suites.performance import __main__ as command
from suites.performance.certifications import (
    Certification,
    certify_in_a_row,
    render_certifications,
)
from suites.performance.certifying import Timed
from tests.harness.certification.certifying import make_verdict

GOOD = (make_verdict("RUN-ONCE"), make_verdict("RUN-TWICE"))
OPEN = (make_verdict("RUN-ONCE"), make_verdict("RUN-TWICE", "inconclusive"))
BROKEN = (make_verdict("RUN-ONCE", "failed"), make_verdict("RUN-TWICE"))
LENIENT = (make_verdict("RUN-ONCE"), make_verdict("RUN-TWICE", "failed", level="SHOULD"))
SUBJECT = Subject(
    id="sqlite", title="SQLite", spec="sqlite", line="py", language="python", entry="worlds:Sqlite"
)


def time_made_up(verdicts: tuple[ClauseVerdict, ...]) -> Timed:
    examined: dict[str, Any] = {"opened": None, "records": (), "services": {}}
    at = datetime(2031, 1, 15, 12, tzinfo=UTC)
    return Timed(
        12.345, Examined(subject=SUBJECT, verdicts=verdicts, started=at, ended=at, **examined)
    )


def play(*runs: tuple[ClauseVerdict, ...], file: Path | None = None) -> tuple[Any, str]:
    given = iter(runs)
    ended = list(certify_in_a_row(lambda: time_made_up(next(given)), "quick", len(runs), file=file))
    row, examined = zip(*ended, strict=True)
    return row, render_certifications(row, examined)


def test_the_table_shows_seconds_verdicts_and_whether_every_must_passed() -> None:
    (first, second), table = play(GOOD, OPEN)
    assert (first.run, first.world, first.line, first.effort) == (1, "sqlite", "py", "quick")
    assert (first.seconds, first.verdicts, first.certified) == (12.35, {"passed": 2}, True)
    assert (second.inconclusive, second.certified) == (("RUN-TWICE",), False)
    assert "| 12.3 s |" in table
    assert "❌ RUN-TWICE" in table
    assert "1 of 2 passed every MUST. Verdicts: RUN-TWICE: 1 x passed, 1 x inconclusive." in table


@pytest.mark.parametrize(
    ("verdicts", "certified"), [(GOOD, True), (LENIENT, True), (OPEN, False), (BROKEN, False)]
)
def test_a_failed_should_does_not_count(
    verdicts: tuple[ClauseVerdict, ...], certified: bool
) -> None:
    (told,), _ = play(verdicts)
    assert told.certified is certified


def test_each_certification_is_written_before_the_next_begins(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    row = certify_in_a_row(lambda: time_made_up(BROKEN), "quick", 3, file=file)
    for number in (1, 2):
        told, _ = next(row)
        lines = file.read_bytes().splitlines()
        assert len(lines) == number
        assert msgspec.json.decode(lines[-1], type=Certification) == told
    assert told.failed == ("RUN-ONCE",)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="cannot be written"):
        play(GOOD, file=tmp_path)


@pytest.mark.parametrize(("last", "code"), [(GOOD, 0), (OPEN, 1), (BROKEN, 1)])
def test_the_command_fails_when_a_must_did_not_pass(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    last: tuple[ClauseVerdict, ...],
    code: int,
) -> None:
    given, asked = iter([GOOD, last]), []

    def find(spec: str, catalog: object, *, line: str | None = None) -> Subject:
        asked.append((spec, line))
        return SUBJECT

    monkeypatch.setattr(command, "find_subject", find)
    monkeypatch.setattr(command, "time_certification", lambda *_: time_made_up(next(given)))
    words = ["agreement", "--world", "sqlite", "--line", "py", "--times", "2", "--effort", "quick"]
    monkeypatch.setattr("sys.argv", ["perf", *words])
    assert command.main() == code
    assert asked == [("sqlite", "py")]
    assert f"{2 - code} of 2 passed every MUST" in capsys.readouterr().out
