"""The file of the SQLite World: ownership, locks and errors."""

from __future__ import annotations

import hashlib
import sqlite3
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from harness.certification.sites import Ground, open_ground
from harness.certification.subjects import find_subject
from harness.descriptions import Catalog
from tests.worlds.python.running import Place, open_place

pytestmark = pytest.mark.slow

#: Much longer than a process takes to start, in seconds.
PATIENCE_S = 10.0
#: Bytes.
PAGE, SECTOR = 4096, 512
#: A rollback journal without records, of a file of no pages (https://sqlite.org/fileformat.html).
JOURNAL_OF_NOTHING = (
    bytes.fromhex("d9d505f920a163d7") + struct.pack(">5I", 0, 0, 0, SECTOR, PAGE)
).ljust(SECTOR, b"\x00")


@pytest.fixture(scope="module")
def ground(catalog: Catalog) -> Iterator[Ground]:
    with open_ground(find_subject("sqlite", catalog, line="py")) as ground:
        yield ground


@pytest.fixture
def place(ground: Ground) -> Iterator[Place]:
    with ground.site() as site, open_place(site) as place:
        yield place


@pytest.fixture
def file(place: Place) -> Path:
    return place.site.storage / "workflow.sqlite3"


def read_folder(path: Path) -> dict[str, bytes]:
    return {item.name: item.read_bytes() for item in path.parent.iterdir() if item.is_file()}


def expect_refusal(place: Place, file: Path, cause: str) -> str:
    """See that the World does not open, and that nothing beside or in the file has changed."""
    before = read_folder(file)
    what, why, remedy = place.run("try_to_open")
    assert file.name in what
    assert cause in why
    assert read_folder(file) == before
    return str(remedy)


def test_a_missing_file_is_created(place: Place, file: Path) -> None:
    assert place.run("try_to_open") == []
    assert file.read_bytes().startswith(b"SQLite format 3")


def test_an_empty_file_counts_as_new(place: Place, file: Path) -> None:
    file.touch()
    assert place.run("try_to_open") == []


@pytest.mark.parametrize("pages", [1, None])
def test_a_file_whose_creator_was_killed_is_created_by_the_next_process(
    place: Place, file: Path, pages: int | None
) -> None:
    assert place.run("try_to_open") == []
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = delete")
    # The maker wrote some pages, or all, and its journal says that there was nothing before.
    written = file.read_bytes()
    file.write_bytes(written[: pages and pages * PAGE])
    file.with_name(f"{file.name}-journal").write_bytes(JOURNAL_OF_NOTHING)
    assert place.run("write_once") == ""
    assert place.run("try_to_open") == []


def test_several_processes_can_create_the_file_concurrently(place: Place) -> None:
    openers = [place.start("try_to_open") for _ in range(4)]
    assert [opener.wait(60) for opener in openers] == [0] * 4
    assert place.run("read_all", "wrun_none")["places"] == []


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_of_another_program_is_refused_and_not_changed(
    place: Place, file: Path, mode: str
) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute(f"PRAGMA journal_mode = {mode}")
        other.execute("CREATE TABLE runs (theirs)")
        other.execute("INSERT INTO runs VALUES ('precious')")
        other.commit()
    assert "another file" in expect_refusal(place, file, "belongs to another program")


def test_a_file_that_is_not_a_database_is_refused_and_not_changed(place: Place, file: Path) -> None:
    file.write_text('{"theirs": true}' * 20)
    assert "another file" in expect_refusal(place, file, "not an SQLite database")


def test_a_folder_of_another_sdk_is_refused_and_not_changed(place: Place, file: Path) -> None:
    file.mkdir()
    event = file / "events.json"
    event.write_text("{}")
    assert "name a file" in expect_refusal(place, file, "it is a folder")
    assert event.read_text() == "{}"


RUN = "wrun_01KB4Z2X7N8Q9R5T3V6W1Y0ABC"


@pytest.mark.parametrize("inside", ["workflow.sqlite3", "own/workflow.sqlite3"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("version.txt", "@workflow/world-local@4.1.0"),
        (f"runs/{RUN}.json", "{}"),
        (f"events/{RUN}-evnt_1.json", "{}"),
        (f"events/{RUN}/evnt_1.json", "{}"),
        (f"steps/{RUN}-step_1.json", "{}"),
    ],
)
def test_no_file_is_created_among_the_data_of_another_sdk(
    place: Place, file: Path, name: str, content: str, inside: str
) -> None:
    data = file.with_name(".workflow-data")
    (data / name).parent.mkdir(parents=True)
    (data / name).write_text(content)
    before = digest_folder(data)
    _, cause, remedy = place.run("try_to_open", env={"WORKFLOW_SQLITE_PATH": str(data / inside)})
    assert "another World" in cause
    assert "elsewhere" in remedy
    assert digest_folder(data) == before


def digest_folder(folder: Path) -> dict[str, str]:
    """Return what is in a folder, by its path inside, with the digest of each file."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in folder.rglob("*")
    }


def test_an_existing_file_of_the_world_can_be_opened_beside_similar_folders(
    place: Place, file: Path
) -> None:
    file.with_name("version.txt").write_text("1.0.0")
    runs = file.with_name("runs")
    runs.mkdir()
    (runs / "monday.csv").touch()
    assert place.run("try_to_open") == []
    (runs / f"{RUN}.json").touch()
    assert place.run("try_to_open") == []


def test_a_newer_schema_is_refused_and_not_changed(place: Place, file: Path) -> None:
    assert place.run("try_to_open") == []
    with closing(sqlite3.connect(file)) as newer:
        newer.execute("PRAGMA user_version = 99")
        newer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert "newer release" in expect_refusal(place, file, "schema is 99")


def test_a_process_may_open_it_twice(place: Place) -> None:
    assert place.run("open_twice") == [1, 2]


def test_a_locked_file_is_an_error_until_it_is_unlocked(place: Place, file: Path) -> None:
    assert place.run("try_to_open") == []
    env = {"WORKFLOW_SQLITE_BUSY_SECONDS": "0.2"}
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = place.run("write_once", env=env)
        assert "keeps the file locked" in told
        assert "nothing was written" in told
    assert place.run("write_once", env=env) == ""


def test_opening_a_locked_file_waits_no_longer_than_the_setting(place: Place, file: Path) -> None:
    assert place.run("try_to_open") == []
    with closing(sqlite3.connect(file, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = delete")
        other.execute("BEGIN EXCLUSIVE")
        # A caller that waits longer than the setting finds it free in the end.
        freeing = threading.Timer(PATIENCE_S, other.rollback)
        freeing.start()
        _, cause, _ = place.run("try_to_open", env={"WORKFLOW_SQLITE_BUSY_SECONDS": "0.2"})
        freeing.cancel()
        freeing.join()
    assert "locked" in cause


def test_the_world_waits_its_turn_on_a_busy_file(place: Place, file: Path) -> None:
    assert place.run("try_to_open") == []
    done = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as other:
            while not done.is_set():
                other.execute("BEGIN IMMEDIATE")
                done.wait(0.05)
                other.execute("ROLLBACK")
                done.wait(0.01)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            assert place.run("run_in_process") == 10
        finally:
            done.set()
        writing.result()


def test_only_outcomes_and_external_events_wait_for_the_disk(place: Place) -> None:
    written = [(kind, lasting) for kind, lasting in place.run("note_writes")]
    # What comes from outside lasts: the run, and the message that begins it.
    assert written[:2] == [("run_created", True), ("queue", True)]
    quick = {kind for kind, lasting in written[2:] if not lasting}
    lasting = {kind for kind, lasting in written[2:] if lasting}
    assert quick == {"run_started", "step_created", "step_started", "wait_created", "queue"}
    assert lasting == {"step_completed", "wait_completed", "run_completed"}


def test_an_error_that_ends_the_transaction_is_reported_as_itself(place: Place) -> None:
    assert "disk I/O error" in place.run("fail_to_read")


def test_a_full_disk_is_an_error_and_loses_no_acknowledged_write(place: Place) -> None:
    found = place.run("write_until_refused", 1_500_000)
    assert 0 < found["taken"] == found["stored"]
    assert "nothing was written" in found["told"]


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("WORKFLOW_SQLITE_SYNCHRONOUS", "off", "neither full nor normal"),
        ("WORKFLOW_SQLITE_BUSY_SECONDS", "long", "not a number"),
        ("WORKFLOW_QUEUE_CONCURRENCY", "many", "not a number"),
        ("WORKFLOW_QUEUE_CONCURRENCY", "0", "1 or more"),
        ("WORKFLOW_BASE_URL", "localhost", "not a URL"),
    ],
)
def test_an_invalid_setting_is_refused(place: Place, name: str, text: str, cause: str) -> None:
    _, why, remedy = place.run("try_to_open", env={name: text})
    assert cause in why
    assert "restart" in remedy
