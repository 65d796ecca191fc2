"""The list of known faults: read strictly, and true of what this project measures."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from harness.bench.known_faults import read_known_faults
from harness.descriptions import Catalog, Cell
from harness.errors import DescriptionError
from suites.workflows import KNOWN_FAULTS

LIST = """
[[fault]]
id = "twice"
scenarios = ["merged-*"]
lines = ["v5"]
worlds = ["local"]
frameworks = ["express"]
versions = { workflow = "5.0.0-beta.35" }
messages = ["too many"]
reason = "a step runs twice"
expires = 2031-01-31
"""
PINNED = {"workflow": "5.0.0-beta.35", "@workflow/world-postgres": "5.0.0-beta.27"}
MERGED = "the merged stream held 20447622 bytes, which no 10 x 1048576 make"
LOST_START = "Missing 'run' in server response for 'run_created' event"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "known-faults.toml"
    path.write_text(LIST, encoding="utf-8")
    return path


class TestReading:
    def test_an_entry_is_read_whole(self, path: Path, catalog: Catalog) -> None:
        (entry,) = read_known_faults(path, catalog)
        assert (entry.id, entry.reason) == ("twice", "a step runs twice")
        assert entry.expires == datetime.date(2031, 1, 31)

    def test_an_empty_list_knows_no_fault(self, path: Path) -> None:
        path.write_text("", encoding="utf-8")
        assert read_known_faults(path) == ()

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ('["merged-*"]', '["marged-*"]', "merged-streams-10"),
            ('"v5"', '"v55"', "v5"),
            ('["local"]', '["locale"]', "local"),
            ('"express"', '"expres"', "express"),
            ("scenarios", "scenario", "scenarios"),
            ("[[fault]]", "[[failure]]", "fault"),
            ('["too many"]', "[]", "messages"),
            ('["too many"]', '[" "]', "messages"),
            ('{ workflow = "5.0.0-beta.35" }', "{}", "versions"),
            ('reason = "a step runs twice"', "", "reason"),
            ('"a step runs twice"', '" "', "reason"),
            ("2031-01-31", '"soon"', "expires"),
        ],
    )
    def test_what_is_not_valid_is_refused_with_what_to_write_instead(
        self, path: Path, catalog: Catalog, old: str, new: str, told: str
    ) -> None:
        assert old in LIST
        path.write_text(LIST.replace(old, new), encoding="utf-8")
        with pytest.raises(DescriptionError) as refused:
            read_known_faults(path, catalog)
        assert told in str(refused.value)
        assert refused.value.remedy

    def test_two_entries_of_one_id_are_refused(self, path: Path) -> None:
        path.write_text(LIST * 2, encoding="utf-8")
        with pytest.raises(DescriptionError, match="twice"):
            read_known_faults(path)

    def test_a_file_that_is_missing_is_refused(self, path: Path) -> None:
        path.unlink()
        with pytest.raises(DescriptionError, match="known faults"):
            read_known_faults(path)


class TestOwnList:
    def test_it_names_only_what_is_described(self, catalog: Catalog) -> None:
        assert read_known_faults(KNOWN_FAULTS, catalog)

    def test_its_versions_are_those_that_are_pinned(self, catalog: Catalog) -> None:
        for entry in read_known_faults(KNOWN_FAULTS):
            for line in entry.lines:
                worlds = entry.worlds or ("local",)
                pins = [catalog.pins_of(Cell(line, "express", world)) for world in worlds]
                assert all(entry.versions.items() <= own.items() for own in pins), entry.id

    @pytest.mark.parametrize(
        ("scenario", "cell", "message", "known"),
        [
            ("merged-streams-10", "v5/express/local", MERGED, True),
            ("merged-streams-50", "v5/next/postgres", MERGED, True),
            ("merged-streams-10", "v4/express/local", MERGED, False),
            ("parallel-streams-10", "v5/express/local", MERGED, False),
            (
                "merged-streams-10",
                "v5/express/local",
                "the merged stream held 19661175 bytes, too many for 10 x 1048576",
                True,
            ),
            (
                "merged-streams-10",
                "v5/express/local",
                "the merged stream held 1048576 bytes, fewer than 10 x 1048576",
                False,
            ),
            ("no-steps", "v5/express/postgres", LOST_START, True),
            ("no-steps", "v5/express/local", LOST_START, False),
            ("no-steps", "v5/express/postgres", "no end within 30000 ms", False),
        ],
    )
    def test_it_covers_what_was_seen_and_nothing_else(
        self, scenario: str, cell: str, message: str, known: bool
    ) -> None:
        line, framework, world = cell.split("/")
        place = Cell(line, framework, world)
        entries = read_known_faults(KNOWN_FAULTS)
        assert any(entry.covers(scenario, place, PINNED, message) for entry in entries) is known
