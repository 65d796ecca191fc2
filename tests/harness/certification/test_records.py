"""The records of checks: validation, and removal of private data."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.certification.records import (
    LONGEST_TEXT,
    clean_record,
    clean_text,
    read_record,
)
from tests.harness.certification.certifying import make_call, make_failure, make_record

URL = "postgres://app:s3cret@db:5432/main"


def test_a_record_can_be_encoded_and_decoded() -> None:
    record = make_failure("gelöst, nein", calls=3, rounds=5, failed_rounds=2, answers={"a": "b"})
    line = msgspec.json.encode(record)
    assert b"\n" not in line
    assert read_record(line) == record


def test_a_record_requires_only_clause_check_and_verdict() -> None:
    record = read_record('{"clause":"A","check":"test_a","verdict":"passed"}')
    assert (record.form, record.rounds, record.witness) == ("alone", 1, ())


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"clause":"A","check":"test_a","verdict":"good"}',
        '{"clause":"A","check":"test_a","verdict":"passed","extra":1}',
        '{"clause":"A","verdict":"passed"}',
    ],
)
def test_an_invalid_record_is_refused(line: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        read_record(line)


@pytest.mark.parametrize(
    ("verdict", "changes"),
    [
        ("failed", {"rounds": 3, "failed_rounds": 4}),
        ("failed", {"failed_rounds": -1}),
        ("passed", {"rounds": 3, "failed_rounds": 1}),
        ("recorded", {"rounds": 3, "failed_rounds": 1}),
        ("passed", {"duration_ms": math.nan}),
        ("passed", {"duration_ms": -1.0}),
    ],
)
def test_contradictory_outcomes_are_refused(verdict: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="test_once"):
        make_record(verdict, **changes)


@pytest.mark.parametrize("times", [{"start_ms": math.nan}, {"end_ms": math.inf}])
def test_times_that_json_cannot_represent_are_refused(times: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"runs\.get"):
        make_call(**times)


def test_passwords_are_hidden_in_every_field() -> None:
    record = make_failure(
        f"cannot reach {URL}",
        witness=(make_call(f"m {URL}", args=f'("{URL}")', outcome=f"error at <{URL}>"),),
        note=f"({URL})",
        reproduce=f"certify --url {URL}",
        answers={f"at {URL}": f"from {URL}"},
    )
    clean = clean_record(record)
    assert b"s3cret" not in msgspec.json.encode(clean)
    assert clean.message == "cannot reach postgres://app:***@db:5432/main"
    assert clean.witness[0].args == '("postgres://app:***@db:5432/main")'


def test_the_path_of_the_work_folder_is_hidden() -> None:
    place = Path("/home/somebody/tmp/world-harness-1")
    record = make_failure(f"ENOENT: {place}/suite/site-3/storage/hooks.json")
    assert "somebody" not in str(clean_record(record, workdir=place))
    assert "{workdir}/suite/site-3/storage/hooks.json" in clean_record(record, (), place).message


def test_a_password_is_hidden_outside_its_url_too() -> None:
    assert clean_text("login s3cret refused", [URL]) == "login *** refused"


def test_text_without_secrets_is_left_as_it_is() -> None:
    text = "GET http://localhost:3000/a?b=c answered 500\n  at line 2"
    assert clean_text(text) == text


def test_long_text_is_truncated_with_a_note() -> None:
    assert clean_text("x" * LONGEST_TEXT) == "x" * LONGEST_TEXT
    cut = clean_text("x" * (LONGEST_TEXT + 1_234))
    assert cut == "x" * LONGEST_TEXT + "… (1,234 more characters)"


def test_a_lone_surrogate_is_replaced() -> None:
    record = clean_record(make_failure("bad \ud800 text"))
    assert read_record(msgspec.json.encode(record)).message == "bad ? text"
