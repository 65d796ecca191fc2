"""The file of known failures: valid entries, and errors for invalid ones."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from harness.certification.known_failures import compare_known, read_known_failures
from harness.errors import DescriptionError
from tests.harness.certification.certifying import DAY, make_known

CLAUSES = ["RUN-ONCE", "RUN-ORDER", "STEP-ONCE"]
ENTRY = """
[[failure]]
clause = "RUN-ONCE"
message = "ended twice"
reason = "their issue 7"
owner = "the storage team"
expires = 2031-01-15
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "known.toml"


def refuse(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DescriptionError) as caught:
        read_known_failures(file, CLAUSES)
    assert str(file) in caught.value.what
    assert caught.value.remedy
    return str(caught.value)


def test_entries_are_read_by_clause(file: Path) -> None:
    file.write_text(ENTRY + ENTRY.replace("RUN-ONCE", "STEP-ONCE"), encoding="utf-8")
    known = read_known_failures(file, CLAUSES)
    assert list(known) == ["RUN-ONCE", "STEP-ONCE"]
    assert known["RUN-ONCE"] == make_known()


def test_a_file_without_entries_excuses_nothing(file: Path) -> None:
    file.write_text("", encoding="utf-8")
    assert read_known_failures(file, CLAUSES) == {}


def test_a_clause_that_does_not_exist_is_refused_with_the_closest(file: Path) -> None:
    text = refuse(file, ENTRY.replace("RUN-ONCE", "RUN-ONCES"))
    assert "'RUN-ONCES'" in text
    assert "did you mean RUN-ONCE" in text


def test_an_unknown_clause_without_close_matches_is_refused_with_all_names(file: Path) -> None:
    assert "choose from: RUN-ONCE, RUN-ORDER, STEP-ONCE" in refuse(
        file, ENTRY.replace("RUN-ONCE", "#")
    )


def test_an_unknown_key_is_refused_with_the_closest(file: Path) -> None:
    text = refuse(file, ENTRY.replace("owner", "ownr"))
    assert "'ownr'" in text
    assert "did you mean owner?" in text


def test_an_unknown_table_is_refused(file: Path) -> None:
    assert "did you mean failure?" in refuse(file, ENTRY.replace("failure", "failures"))


def test_two_entries_for_one_clause_are_ambiguous(file: Path) -> None:
    assert "lists RUN-ONCE twice" in refuse(file, ENTRY + ENTRY.replace("twice", "late"))


@pytest.mark.parametrize("key", ["clause", "message", "reason", "owner", "expires"])
def test_every_key_is_required(file: Path, key: str) -> None:
    lines = [line for line in ENTRY.splitlines() if not line.startswith(f"{key} =")]
    assert f"`{key}`" in refuse(file, "\n".join(lines))


@pytest.mark.parametrize(
    ("key", "text"),
    [("message", "ended twice"), ("reason", "their issue 7"), ("owner", "the storage team")],
)
def test_empty_text_is_refused(file: Path, key: str, text: str) -> None:
    # An empty message would be part of every message, and excuse everything.
    assert f"empty {key}" in refuse(file, ENTRY.replace(text, " "))


@pytest.mark.parametrize("text", ['"soon"', "7", "2031-01-15T00:00:00Z"])
def test_the_expiry_is_a_date(file: Path, text: str) -> None:
    assert "entry 1" in refuse(file, ENTRY.replace("2031-01-15", text))


@pytest.mark.parametrize("text", ["failure = 1", "failure = [1]", "[failure]", "[[failure"])
def test_a_file_without_a_list_of_tables_is_refused(file: Path, text: str) -> None:
    assert "[[failure]]" in refuse(file, text)


def test_a_file_that_is_not_text_is_refused(file: Path) -> None:
    file.write_bytes(b"\xff")
    with pytest.raises(DescriptionError, match="known failures"):
        read_known_failures(file, CLAUSES)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError, match="known failures"):
        read_known_failures(tmp_path / "none.toml", CLAUSES)


@pytest.mark.parametrize(
    ("verdict", "messages", "state"),
    [
        ("failed", ["it ended twice"], "known"),
        ("failed", ["it ended twice", "ended twice!"], "known"),
        ("failed", ["it ended twice", "it never ended"], "another failure"),
        ("failed", ["Ended Twice"], "another failure"),
        ("passed", [], "unexpected pass"),
        ("inconclusive", [], "undecided"),
        ("not applicable", [], "undecided"),
        ("recorded", [], "undecided"),
    ],
)
def test_an_entry_is_compared_with_the_outcome(
    verdict: str, messages: list[str], state: str
) -> None:
    assert compare_known(make_known(), verdict, messages, DAY) == state
    day_after = DAY + datetime.timedelta(days=1)
    assert compare_known(make_known(), verdict, messages, day_after) == "expired"
