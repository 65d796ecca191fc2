"""Published bugs that were found again, as a table."""

from __future__ import annotations

import pytest

from reports.documents.rediscovered import Bug, FoundBug, is_shown, render_rediscovered
from tests.reports.reading import read_table

BUG = Bug(id="twice", symptom="Both win.", shown="w@1", fixed="w@2", clauses=("A", "B"))


def find(spec: str, clause: str, verdict: str, message: str = "", *notes: str) -> FoundBug:
    return FoundBug(spec=spec, clause=clause, verdict=verdict, message=message, notes=notes)


def render(bug: Bug, *items: FoundBug) -> dict[str, str]:
    (row,) = read_table(render_rediscovered([bug], {item.key: item for item in items}))
    return row


def test_a_bug_is_shown_by_every_clause_that_fails() -> None:
    found = {item.key: item for item in (find("w@1", "A", "failed"), find("w@1", "B", "passed"))}
    assert is_shown(BUG, found) == ["A"]


@pytest.mark.parametrize("noted", [True, False])
def test_a_note_shows_only_a_bug_that_is_one_between_processes(noted: bool) -> None:
    bug = Bug(id="x", symptom="s", shown="w@1", clauses=("A",), noted=noted)
    item = find("w@1", "A", "passed", "", "two wins")
    assert bool(is_shown(bug, {item.key: item})) is noted


def test_a_row_quotes_what_each_clause_said_of_the_version_with_the_bug() -> None:
    row = render(BUG, find("w@1", "A", "failed", "two of two won"), find("w@1", "B", "passed"))
    assert row["Reported by"] == "❌ `A`: two of two won; passed `B`"


def test_a_clause_that_nobody_asked_is_no_answer() -> None:
    row = render(BUG)
    assert row["Reported by"] == "❔ `A`: not examined; ❔ `B`: not examined"
    assert row["Clean again"] == "`w@2`: not examined"


def test_the_version_without_the_bug_may_break_the_clause_in_another_way() -> None:
    row = render(BUG, find("w@2", "A", "failed", "three won"), find("w@2", "B", "passed"))
    assert row["Clean again"] == "`w@2`: ❌ by now for this: three won; passed"


def test_what_cannot_be_shown_says_why() -> None:
    bug = Bug(id="x", symptom="s", shown="w@1", clauses=("A",), unshown="no server")
    assert render(bug)["Reported by"] == "not shown: no server"
