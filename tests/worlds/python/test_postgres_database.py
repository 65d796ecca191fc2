"""The database of the PostgreSQL World: ownership, lost connections and errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from harness.certification.sites import Ground, open_ground
from harness.certification.subjects import find_subject
from harness.descriptions import Catalog
from harness.programs.ports import free_port
from tests.worlds.python.running import Place, open_place
from tests.worlds.python.test_soak import check, start_writer

pytestmark = pytest.mark.slow

SCHEMA = "workflow_python"
#: A wait that long means that something is wrong.
WITHIN_S = 60.0


@pytest.fixture(scope="module")
def ground(catalog: Catalog) -> Iterator[Ground]:
    with open_ground(find_subject("postgres", catalog, line="py")) as ground:
        yield ground


@pytest.fixture
def place(ground: Ground) -> Iterator[Place]:
    with ground.site() as site, open_place(site) as place:
        yield place


@pytest.fixture
def url(place: Place) -> str:
    return place.site.environment(place.site.port)["WORKFLOW_POSTGRES_URL"]


def do(url: str, *statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def list_tables(url: str) -> list[tuple[object, ...]]:
    return do(url, "SELECT relname FROM pg_class WHERE relkind IN ('r', 'i') ORDER BY 1")


def test_several_processes_can_create_the_tables_concurrently(place: Place) -> None:
    openers = [place.start("try_to_open") for _ in range(4)]
    assert [opener.wait(60) for opener in openers] == [0] * 4
    assert place.run("read_all", "wrun_none")["places"] == []


def test_tables_of_another_program_are_refused_and_not_changed(place: Place, url: str) -> None:
    do(url, f"CREATE SCHEMA {SCHEMA}", f"CREATE TABLE {SCHEMA}.runs (theirs text)")
    before = list_tables(url)
    what, cause, remedy = place.run("try_to_open")
    assert SCHEMA in what
    assert "another program" in cause
    assert "another database" in remedy
    assert list_tables(url) == before


def test_tables_of_a_newer_release_are_refused(place: Place, url: str) -> None:
    assert place.run("try_to_open") == []
    do(url, f"UPDATE {SCHEMA}.about SET value = '99' WHERE key = 'version'")
    # When it is opened, and not when it is first needed.
    _, cause, remedy = place.run("open_without_calls")
    assert "version is 99" in cause
    assert "newer release" in remedy


def test_cut_connections_lose_no_acknowledged_write(place: Place, tmp_path: Path) -> None:
    run, noted = place.run("prepare_run"), tmp_path / "noted"
    writer = start_writer(place, run, noted)
    cut = 0
    while writer.poll() is None:
        time.sleep(0.2)
        cut += place.site.cut_connections()
    assert writer.wait() == 0
    assert cut
    check(place, run, noted)


def test_a_transaction_is_repeated_if_its_connection_is_lost_before_the_commit(
    place: Place, url: str
) -> None:
    assert place.run("try_to_open") == []
    with psycopg.connect(url) as other:
        # The run is written already when its event has to wait for us.
        other.execute(f"LOCK TABLE {SCHEMA}.events IN EXCLUSIVE MODE".encode())
        writer = place.start("write_once")
        waiting = wait_for_one_that_waits(url)
        assert do(url, f"SELECT pg_terminate_backend({waiting})") == [(True,)]
        other.rollback()
    assert writer.wait(WITHIN_S) == 0
    assert do(url, f"SELECT count(*) FROM {SCHEMA}.runs") == [(1,)]
    assert do(url, f"SELECT type FROM {SCHEMA}.events ORDER BY seq") == [
        ("run_created",),
        ("run_started",),
    ]


def test_a_connection_lost_during_the_commit_is_an_error_that_names_unsafe_repeats(
    place: Place, url: str
) -> None:
    assert place.run("try_to_open") == []
    do(
        url,
        f"CREATE FUNCTION {SCHEMA}.hang_up() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'",
        f"CREATE CONSTRAINT TRIGGER hang_up AFTER INSERT ON {SCHEMA}.events "
        f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.hang_up()",
    )
    told = place.run("write_once")
    assert "was lost during a commit" in told
    for doubtful in ("chunk", "without a key", "without a resume id", "run without an id"):
        assert doubtful in told


@pytest.mark.parametrize(
    ("amid", "told", "committed"),
    [
        ("a question", "OSError", ""),
        ("a change", "StorageError", False),
        ("a commit", "StorageError", None),
    ],
)
def test_a_connection_with_an_unfinished_command_is_not_reused(
    place: Place, amid: str, told: str, committed: object
) -> None:
    only = {"WORKFLOW_POSTGRES_CONNECTIONS": "1"}
    assert place.run("leave_command_unfinished", amid, env=only) == [told, committed, 7]


def test_after_a_failover_the_log_is_read_again(place: Place) -> None:
    before, after = place.run("lose_a_commit")
    assert (before, after) == (["run_created", "run_started"], ["run_created"])


def test_the_world_overrides_the_isolation_level_of_the_database(place: Place, url: str) -> None:
    name = urlsplit(url).path.strip("/")
    do(url, f"ALTER DATABASE \"{name}\" SET default_transaction_isolation TO 'serializable'")
    assert place.run("query_in_transaction", "SHOW transaction_isolation") == "read committed"


def test_a_full_disk_of_the_server_is_an_error_with_a_remedy(place: Place, url: str) -> None:
    assert place.run("try_to_open") == []
    do(
        url,
        f"CREATE FUNCTION {SCHEMA}.be_full() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''could not extend file'' USING ERRCODE = ''53100''; END'",
        f"CREATE TRIGGER be_full BEFORE INSERT ON {SCHEMA}.events "
        f"FOR EACH ROW EXECUTE FUNCTION {SCHEMA}.be_full()",
    )
    told = place.run("write_once")
    assert "free some space on the server's disk" in told
    assert "nothing was written" in told


def wait_for_one_that_waits(url: str) -> object:
    """Return the process of a connection that waits for a lock."""
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        found = do(
            url,
            "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database()",
        )
        if found:
            return found[0][0]
        time.sleep(0.05)
    raise AssertionError("no session waits for the lock")


def test_every_commit_waits_for_the_disk_of_the_server(place: Place) -> None:
    assert {lasting for _, lasting in place.run("note_writes")} == {True}


@pytest.mark.parametrize("wrong", ["port", "password"])
def test_a_refused_login_is_an_error_without_the_password(
    place: Place, url: str, wrong: str
) -> None:
    parts = urlsplit(url)
    assert parts.password
    changed = {
        "port": url.replace(f":{parts.port}/", f":{free_port()}/"),
        "password": url.replace(parts.password, "hunter22"),
    }
    told = place.run("write_once", env={"WORKFLOW_POSTGRES_URL": changed[wrong]})
    assert "WORKFLOW_POSTGRES_URL" in told
    assert parts.password not in told
    assert "hunter22" not in told


def test_a_missing_url_is_an_error_that_names_the_variable(place: Place) -> None:
    what, _, remedy = place.run("try_to_open", env={"WORKFLOW_POSTGRES_URL": ""})
    assert "WORKFLOW_POSTGRES_URL" in what
    assert remedy
