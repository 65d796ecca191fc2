"""MariaDB: the server that is installed on the machine, on new data, or a server of the user."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from harness.errors import ServiceError, UsageError
from harness.programs.ports import free_port
from harness.services.mariadb.databases import NAME_PREFIX, query
from harness.services.mariadb.embedded import open_embedded
from harness.services.resolution import Service, find_service_choices, open_service
from harness.services.urls import with_database
from tests.harness.services.observing import everything_said, is_root, require_embedded, with_login

pytestmark = pytest.mark.slow

SECRET = "geheim/42@home"


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    require_embedded("mariadb")
    with open_embedded(tmp_path_factory.mktemp("mariadb")) as service:
        yield service


@pytest.fixture
def server_url(mariadb: Service) -> str:
    """The URL of the server, as a user with every right."""
    with mariadb.create_database() as url:
        return with_database(url, "")


@pytest.fixture
def user(server_url: str) -> Iterator[str]:
    """A user who can log in with SECRET, and nothing else."""
    query(server_url, f"CREATE USER tester@'127.0.0.1' IDENTIFIED BY '{SECRET}'")
    yield "tester"
    query(server_url, "DROP USER tester@'127.0.0.1'")


def list_databases(url: str) -> set[str]:
    return {str(name) for (name,) in query(url, "SHOW DATABASES") if name.startswith(NAME_PREFIX)}


def refuse(url: str, workdir: Path) -> ServiceError:
    with (
        pytest.raises(ServiceError) as caught,
        open_service("mariadb", url=url, workdir=workdir) as service,
        service.create_database(),
    ):
        pass
    return caught.value


def test_it_keeps_what_makes_commits_durable(server_url: str) -> None:
    for setting, value in [
        ("innodb_flush_log_at_trx_commit", "1"),
        ("innodb_doublewrite", "ON"),
        ("innodb_fast_shutdown", "1"),
    ]:
        assert query(server_url, f"SHOW VARIABLES LIKE '{setting}'") == [(setting, value)]


def test_it_listens_on_this_machine_only_and_requires_a_password(
    server_url: str, tmp_path: Path
) -> None:
    assert query(server_url, "SELECT @@bind_address") == [("127.0.0.1",)]
    port = urlsplit(server_url).port
    for user in ("world_harness", "root", ""):
        error = refuse(f"mysql://{user}@127.0.0.1:{port}", tmp_path)
        assert "denied" in error.cause
        assert "user and password" in error.remedy


def test_texts_of_every_language_can_be_kept(mariadb: Service) -> None:
    with mariadb.create_database() as url:
        query(url, "CREATE TABLE t (word VARCHAR(20))")
        query(url, "INSERT INTO t VALUES (%s)", ["Grüße 🐘 東京"])
        assert query(url, "SELECT word FROM t") == [("Grüße 🐘 東京",)]


@pytest.mark.skipif(not is_root(), reason="needs root")
def test_as_root_it_runs_as_nobody_in_a_folder_that_nobody_else_can_enter(
    server_url: str,
) -> None:
    ((data,),) = query(server_url, "SELECT @@datadir")
    folder = Path(data).parent
    server = psutil.Process(int((folder / "pid").read_text()))
    assert server.uids().real == server.uids().saved == pwd.getpwnam("nobody").pw_uid
    assert folder.stat().st_mode & 0o077 == 0
    assert not (folder / "login.sql").exists()


def test_what_the_machine_configures_for_its_own_server_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_embedded("mariadb")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".my.cnf").write_text("[mysqld]\nmax_connections=7\n")
    monkeypatch.setenv("HOME", str(home))
    with open_embedded(tmp_path) as service, service.create_database() as url:
        assert query(url, "SELECT @@max_connections") == [(300,)]


def test_a_machine_without_the_server_is_told_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("harness.services.mariadb.embedded._FOLDERS", ())
    with (
        pytest.raises(ServiceError, match="the machine has no MariaDB server") as caught,
        open_service("mariadb", choice="embedded", workdir=tmp_path),
    ):
        pass
    assert "mariadb-server" in caught.value.remedy
    embedded = find_service_choices("mariadb")[1]
    assert not embedded.available


def test_the_server_of_mysql_is_not_taken_for_one_of_mariadb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "mysqld"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("harness.services.mariadb.embedded._FOLDERS", ())
    assert not find_service_choices("mariadb")[1].available


def test_the_server_is_found_where_the_path_of_an_ordinary_user_does_not_lead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("mariadbd", "mariadb-install-db"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.setattr("harness.services.mariadb.embedded._FOLDERS", (str(tmp_path),))
    _, embedded, _ = find_service_choices("mariadb")
    assert embedded == ("embedded", True, f"{tmp_path}/mariadbd, of this machine")


def test_a_set_up_that_fails_is_quoted(
    temporary_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = temporary_root / "programs"
    programs.mkdir()
    for name in ("mariadbd", "mariadb-install-db"):
        (programs / name).write_text("#!/bin/sh\necho the disk is full\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    with (
        pytest.raises(ServiceError, match="cannot set up") as caught,
        open_service("mariadb", choice="embedded", workdir=tmp_path),
    ):
        pass
    assert "the disk is full" in caught.value.cause
    assert list(temporary_root.iterdir()) == [programs]


@pytest.mark.parametrize("failure", [None, ZeroDivisionError, KeyboardInterrupt])
def test_nothing_is_left_on_an_external_server(
    server_url: str, tmp_path: Path, failure: type[BaseException] | None
) -> None:
    before = list_databases(server_url)

    def make_table(url: str) -> None:
        query(url, "CREATE TABLE t (a INT)")

    def use() -> None:
        with open_service("mariadb", url=server_url, workdir=tmp_path) as service:
            assert service.describe().endswith("(external)")
            service.template("t", make_table)
            with service.create_database(), service.create_database(template="t"):
                assert len(list_databases(server_url) - before) == 2
                if failure:
                    raise failure

    with pytest.raises(failure) if failure else contextlib.nullcontext():
        use()
    assert list_databases(server_url) == before


def test_the_right_to_the_harness_own_databases_is_all_it_takes(
    server_url: str, user: str, tmp_path: Path
) -> None:
    query(server_url, rf"GRANT ALL ON `world\_harness\_%`.* TO {user}@'127.0.0.1'")
    given = with_login(server_url, user, SECRET)
    with (
        open_service("mariadb", url=given, workdir=tmp_path) as service,
        service.create_database() as url,
    ):
        query(url, "CREATE TABLE t (a INT)")
        assert service.cut_connections(url) == 0


def test_a_user_who_may_not_make_databases_is_told_the_grant(
    server_url: str, user: str, tmp_path: Path
) -> None:
    error = refuse(with_login(server_url, user, SECRET), tmp_path)
    assert "rejected" in error.what
    assert r"GRANT ALL ON `world\_harness\_%`.*" in error.remedy
    assert SECRET not in everything_said(error)


def test_a_wrong_password_is_refused_and_not_shown(
    server_url: str, user: str, tmp_path: Path
) -> None:
    error = refuse(with_login(server_url, user, f"not {SECRET}"), tmp_path)
    assert "cannot be reached" in error.what
    assert "user and password" in error.remedy
    assert "geheim" not in everything_said(error)


def test_a_database_that_does_not_exist(server_url: str, tmp_path: Path) -> None:
    error = refuse(with_database(server_url, "nothing"), tmp_path)
    assert "nothing" in error.cause
    assert "correct the database" in error.remedy


def test_a_port_without_a_server(tmp_path: Path) -> None:
    error = refuse(f"mysql://me:geheim@127.0.0.1:{free_port()}", tmp_path)
    assert "refused" in error.cause
    assert "start the server" in error.remedy
    assert "geheim" not in everything_said(error)


def test_a_server_without_tls_is_not_entered_when_the_url_wants_it(
    server_url: str, tmp_path: Path
) -> None:
    error = refuse(f"{server_url}?ssl-mode=REQUIRED", tmp_path)
    assert "SSL" in error.cause
    with open_service("mariadb", url=f"{server_url}?ssl-mode=DISABLED", workdir=tmp_path) as other:
        assert other.describe().startswith("MariaDB ")


def test_the_url_of_another_kind_of_server_is_refused_without_quoting_it(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="not a valid URL of a MariaDB server") as caught,
        open_service("mariadb", url="redis://me:geheim@host/1", workdir=tmp_path),
    ):
        pass
    assert "mysql://user:password@host" in caught.value.remedy
    assert "geheim" not in everything_said(caught.value)
