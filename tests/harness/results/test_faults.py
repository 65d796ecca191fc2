"""A bad sample is a known fault where an entry of the session's list covers it, and only there."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
import pytest

from harness.descriptions import Cell
from harness.results.encoding import decode_record, encode_record
from harness.results.faults import compare_fault, is_sound
from harness.results.known_faults import KnownFault
from harness.results.records import BenchHeader, Match, Sample
from tests.reports.factories import (
    EXPRESS,
    EXPRESS_POSTGRES,
    EXPRESS_V4,
    HONO,
    TEN,
    Session,
    make_world,
)

ENTRY = KnownFault(
    id="twice",
    scenarios=("sequential-*",),
    lines=("v5",),
    worlds=("local",),
    frameworks=("express",),
    versions={"workflow": "5.0.0-beta.35"},
    messages=("ran twice", "too many"),
    reason="a step sometimes runs twice",
)
STARTED = datetime.date(2026, 1, 2)
TWIN = Cell("v5", "express", "local-twin")
BEFORE = Cell("v5", "express", "local-before")
AGAIN = Cell("v5", "express", "local-before-twin")


def compare(sample: dict[str, Any] | None = None, **entry: Any) -> tuple[str, str]:
    """Compare a sample that the entry covers, but for these changes of the two."""
    session = Session(
        [EXPRESS, HONO, EXPRESS_POSTGRES, EXPRESS_V4],
        [TEN],
        known_faults=(msgspec.structs.replace(ENTRY, **entry),),
    )
    given = {"cell": EXPRESS, "scenario": TEN, "error": "it ran twice", **(sample or {})}
    session.take(given["cell"], given["scenario"], outcome="incorrect", error=given["error"])
    found = compare_fault(session.header, session.samples[0])
    return found.state, found.reason


def test_a_fault_that_an_entry_covers_is_known_with_its_reason() -> None:
    assert compare() == ("known", "a step sometimes runs twice")


@pytest.mark.parametrize("message", ["it ran twice", "200 bytes, too many for 10"])
def test_any_text_of_an_entry_will_do(message: str) -> None:
    assert compare({"error": message})[0] == "known"


@pytest.mark.parametrize(
    "sample",
    [
        {"error": "nothing was written"},
        {"error": None},
        {"cell": HONO},
        {"cell": EXPRESS_POSTGRES},
        {"cell": EXPRESS_V4},
        {"scenario": msgspec.structs.replace(TEN, id="parallel-10")},
    ],
    ids=["message", "no message", "framework", "world", "line", "scenario"],
)
def test_an_entry_says_nothing_of_another(sample: dict[str, Any]) -> None:
    assert compare(sample) == ("", "")


def test_an_entry_says_nothing_of_another_version() -> None:
    assert compare(versions={"workflow": "5.0.0-beta.36"}) == ("", "")


def test_an_entry_that_names_no_line_world_and_framework_is_for_all() -> None:
    everywhere = {"lines": (), "worlds": (), "frameworks": ()}
    assert compare({"cell": EXPRESS_POSTGRES}, **everywhere)[0] == "known"
    # Nothing of that line was installed with the version that the entry names.
    assert compare({"cell": EXPRESS_V4}, **everywhere)[0] == ""


@pytest.mark.parametrize(
    ("expires", "state"), [(STARTED, "known"), (STARTED - datetime.timedelta(days=1), "expired")]
)
def test_an_entry_is_valid_up_to_its_last_day(expires: datetime.date, state: str) -> None:
    assert compare(expires=expires)[0] == state


def test_an_expired_entry_says_that_it_has_expired_and_when() -> None:
    state, reason = compare(expires=datetime.date(2026, 1, 1))
    assert state == "expired"
    assert reason == (
        "the entry of the known faults expired on 2026-01-01 (twice): a step sometimes runs twice"
    )


def test_a_file_that_does_not_say_when_it_began_has_no_use_of_entries_that_expire() -> None:
    session = Session([EXPRESS], [TEN], started_at="yesterday")
    valid = msgspec.structs.replace(ENTRY, expires=datetime.date(2999, 1, 1))
    for entry, state in ((ENTRY, "known"), (valid, "expired")):
        header = msgspec.structs.replace(session.header, known_faults=(entry,))
        assert compare_fault(header, make_bad(EXPRESS)).state == state


def test_a_valid_entry_counts_beside_an_expired_one() -> None:
    old = msgspec.structs.replace(ENTRY, id="old", expires=datetime.date(2026, 1, 1))
    header = Session([EXPRESS], [TEN], known_faults=(old, ENTRY)).header
    assert compare_fault(header, make_bad(EXPRESS)).state == "known"


class TestCompanions:
    """A twin is the World that it is a twin of; another version has versions of its own."""

    @pytest.fixture
    def header(self) -> BenchHeader:
        before = make_world("local-before", instead={"workflow": "5.0.0-beta.34"})
        worlds = (make_world("local"), make_world("local-twin"), before)
        again = make_world("local-before-twin", instead=before.instead)
        matches = (
            Match(before=EXPRESS, after=TWIN, kind="twin"),
            Match(before=BEFORE, after=EXPRESS, kind="version"),
            Match(before=BEFORE, after=AGAIN, kind="twin"),
        )
        session = Session([EXPRESS], [TEN], worlds=(*worlds, again), matches=matches)
        return msgspec.structs.replace(session.header, known_faults=(ENTRY,))

    def test_a_twin_has_the_faults_of_its_world(self, header: BenchHeader) -> None:
        assert compare_fault(header, make_bad(TWIN)).state == "known"

    @pytest.mark.parametrize("cell", [BEFORE, AGAIN])
    def test_another_version_has_only_those_of_its_version(
        self, header: BenchHeader, cell: Cell
    ) -> None:
        older = msgspec.structs.replace(ENTRY, versions={"workflow": "5.0.0-beta.34"})
        assert compare_fault(header, make_bad(cell)).state == ""
        header = msgspec.structs.replace(header, known_faults=(older,))
        assert compare_fault(header, make_bad(cell)).state == "known"
        assert compare_fault(header, make_bad(EXPRESS)).state == ""


class TestSoundness:
    """A session is sound if all forks finished, and what was wrong is known."""

    @pytest.fixture
    def session(self) -> Session:
        session = Session([EXPRESS], [TEN], known_faults=(ENTRY,))
        session.measure(EXPRESS, TEN, 100)
        return session

    def test_without_a_fault_it_is_sound(self, session: Session) -> None:
        assert is_sound(session.end())

    @pytest.mark.parametrize("outcome", ["incorrect", "failed", "timeout"])
    def test_with_known_faults_it_is_sound(self, session: Session, outcome: Any) -> None:
        session.spoil(EXPRESS, TEN, outcome, "it ran twice")
        session.spoil(EXPRESS, TEN, outcome, "it ran twice", warmup=True)
        session.spoil(EXPRESS, TEN, outcome, "it ran twice", block=4, kind="counting")
        assert is_sound(session.end())

    def test_with_an_unknown_fault_it_is_not(self, session: Session) -> None:
        session.spoil(EXPRESS, TEN, "incorrect", "it ran twice")
        session.spoil(EXPRESS, TEN, "incorrect", "wrong")
        assert not is_sound(session.end())

    def test_with_an_expired_entry_it_is_not(self, session: Session) -> None:
        expired = msgspec.structs.replace(ENTRY, expires=datetime.date(2026, 1, 1))
        session.header = msgspec.structs.replace(session.header, known_faults=(expired,))
        session.spoil(EXPRESS, TEN, "incorrect", "it ran twice")
        assert not is_sound(session.end())

    def test_a_fork_that_failed_is_never_a_known_fault(self, session: Session) -> None:
        session.fail_fork(EXPRESS, "the app did not start: it ran twice")
        assert not is_sound(session.end())


def test_a_file_keeps_the_list_of_its_session() -> None:
    entry = msgspec.structs.replace(ENTRY, expires=STARTED)
    header = Session([EXPRESS], [TEN], known_faults=(entry,)).header
    assert decode_record(encode_record(header)) == header


def test_a_file_from_before_the_list_has_an_empty_one() -> None:
    header = Session([EXPRESS], [TEN]).header
    line = msgspec.json.decode(encode_record(header))
    del line["known_faults"]
    assert decode_record(msgspec.json.encode(line)) == header


def make_bad(cell: Cell) -> Sample:
    session = Session([cell], [TEN])
    session.spoil(cell, TEN, "incorrect", "it ran twice")
    return session.samples[0]
