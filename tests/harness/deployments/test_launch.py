"""An app is started, found healthy and ended with all it started; or it is said what went wrong."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import psutil
import pytest

from harness.deployments import client, deployment
from harness.deployments.client import AppClient, AppIdentity, SampleRequest
from harness.deployments.deployment import launch_app
from harness.errors import DeploymentError
from harness.programs.ports import free_port
from harness.programs.servers import ServerProcess
from tests.harness.deployments.conftest import Launch
from tests.harness.deployments.observing import (
    alive,
    assert_gone,
    family_of,
    listening,
    listens,
    members_of,
)


def run(workflow: str, *, timeout_ms: float = 60_000) -> SampleRequest:
    return SampleRequest(workflow=workflow, arguments=(7,), timeout_ms=timeout_ms)


def port_of(marks: Path) -> int:
    return int((marks / "port").read_text())


def children(marks: Path) -> list[psutil.Process]:
    return [psutil.Process(int(path.read_text())) for path in marks.glob("child-*")]


class TestAnAppThatIsWell:
    def test_says_what_it_is_and_runs_workflows(self, launch: Launch) -> None:
        with launch() as app:
            assert app.identity.framework == "tiny"
            assert app.startup_ms is not None
            assert app.startup_ms > 0
            reply = app.take_sample(run("good"))
        assert (reply.outcome, reply.answer) == ("completed", 7)

    def test_shows_what_it_uses(self, launch: Launch) -> None:
        with launch() as app:
            usage = app.usage()
        assert usage is not None
        assert usage.cpu_ms > 0
        assert usage.memory_bytes > 2**20

    def test_gives_its_port_back(self, launch: Launch, marks: Path) -> None:
        with launch():
            assert listens(port_of(marks))
        with socket.create_server(("127.0.0.1", port_of(marks))):
            pass


class Rude(BaseHTTPRequestHandler):
    """Answers every question, but not as an app of ours."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Somebody else's server</html>")

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def answering_rudely() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Rude) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(params=[listening, answering_rudely], ids=["silent", "rude"])
def taken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port on which somebody listens who never answers, or answers nonsense."""
    monkeypatch.setattr(deployment, "_HEALTH_QUESTION_S", 0.2)
    with request.param() as port:
        yield port


class TestAPortThatIsTaken:
    def test_is_left_alone_and_another_one_is_tried(
        self, launch: Launch, taken: int, marks: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ports = [taken]
        monkeypatch.setattr(deployment, "free_port", lambda: ports.pop() if ports else free_port())
        with launch() as app:
            assert port_of(marks) != taken
            assert app.take_sample(run("good")).answer == 7

    def test_every_time_is_an_error_that_quotes_the_server(
        self, launch: Launch, taken: int, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[int] = []

        def find_taken_port() -> int:
            asked.append(taken)
            return taken

        monkeypatch.setattr(deployment, "free_port", find_taken_port)
        with pytest.raises(DeploymentError, match="taken") as caught, launch():
            pass
        assert f"EADDRINUSE: address already in use 127.0.0.1:{taken}" in caught.value.cause
        assert str(log) in caught.value.cause
        assert "another port" in caught.value.remedy
        assert len(asked) > 1

    def test_by_another_app_of_ours_is_noticed(self, launch: Launch) -> None:
        with (
            pytest.raises(DeploymentError, match="another app answers") as caught,
            launch("stranger"),
        ):
            pass
        assert "its process is 1, ours is" in caught.value.cause


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[psutil.Process]:
    """Everything that is started as a server from now on."""
    seen: list[psutil.Process] = []
    real = deployment._await_health

    def watch(client: AppClient, server: ServerProcess, deadline: float) -> AppIdentity:
        seen.extend(family_of(server.pid))
        return real(client, server, deadline)

    monkeypatch.setattr(deployment, "_await_health", watch)
    return seen


class Clock:
    """A clock that can be put forward."""

    sleep = staticmethod(time.sleep)

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_s


@pytest.fixture
def _time_is_up_after_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, the server gets to answer once, or to be silent once."""
    clock = Clock()
    real = AppClient.identify

    def identify(self: AppClient, timeout_s: float) -> AppIdentity:
        try:
            return real(self, timeout_s)
        except httpx.ConnectError:
            raise
        except Exception:
            clock.ahead_s = 1000
            raise

    monkeypatch.setattr(AppClient, "identify", identify)
    monkeypatch.setattr(deployment, "time", clock)
    monkeypatch.setattr(deployment, "_HEALTH_QUESTION_S", 0.5)


class TestAServerThatDoesNotBecomeHealthy:
    def test_because_it_dies_is_quoted(
        self, launch: Launch, log: Path, started: list[psutil.Process]
    ) -> None:
        with pytest.raises(DeploymentError, match="died before it was healthy") as caught:
            launch("die").__enter__()
        cause = caught.value.cause
        assert "code 7" in cause
        assert "| line 39 of the log" in cause
        assert "line 2 of the log" not in cause
        assert f"the whole log: {log}" in cause
        assert "line 2 of the log" in log.read_text()
        assert len(started) == 1
        assert_gone(started)

    @pytest.mark.usefixtures("_time_is_up_after_an_answer")
    @pytest.mark.parametrize(
        ("behavior", "answer"),
        [
            ("sick", "HTTP 500 the database is asleep"),
            ("mute", "ReadTimeout"),
            ("garbage", "Welcome!"),
            ("garbled", "not from an app of this harness"),
        ],
    )
    def test_in_time_is_given_up_with_its_last_answer(
        self,
        launch: Launch,
        log: Path,
        started: list[psutil.Process],
        behavior: str,
        answer: str,
    ) -> None:
        with pytest.raises(DeploymentError, match="did not become healthy") as caught:
            launch(behavior).__enter__()
        cause = caught.value.cause
        assert answer in cause
        assert "| tiny app begins" in cause
        assert f"the whole log: {log}" in cause
        assert_gone(started)

    def test_because_its_program_is_missing(self, tmp_path: Path, log: Path) -> None:
        app = launch_app(
            lambda port: [tmp_path / "missing"], folder=tmp_path, env=lambda port: {}, log=log
        )
        with pytest.raises(DeploymentError, match=r"cannot start the server \S*missing"), app:
            pass

    def test_is_quoted_without_the_passwords_of_its_log(self, launch: Launch, log: Path) -> None:
        with pytest.raises(DeploymentError) as caught:
            launch("die").__enter__()
        assert "hunter2" in log.read_text()
        assert "hunter2" not in str(caught.value)
        assert "cannot connect to postgres://app:***@db.example:5432/app" in caught.value.cause


class TestARunThatGoesWrong:
    def test_because_the_server_dies_is_told_with_its_last_words(
        self, launch: Launch, log: Path
    ) -> None:
        with launch() as app, pytest.raises(DeploymentError, match="while it ran die") as caught:
            app.take_sample(run("die"))
        cause = caught.value.cause
        assert "its process ended with code 9" in cause
        assert "| last words" in cause
        assert f"the whole log: {log}" in cause

    def test_because_it_never_answers_ends_after_its_time(
        self, launch: Launch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "_ANSWER_GRACE_S", 0.1)
        with launch() as app, pytest.raises(DeploymentError, match="while it ran hang") as caught:
            app.take_sample(run("hang", timeout_ms=100))
        assert "Timeout" in caught.value.cause
        assert "its process still runs" in caught.value.cause

    def test_with_an_http_error_is_told_with_what_was_answered(self, launch: Launch) -> None:
        with launch() as app, pytest.raises(DeploymentError) as caught:
            app.take_sample(run("break"))
        assert "HTTP 500 out of order" in caught.value.cause

    def test_with_an_answer_that_cannot_be_read(self, launch: Launch) -> None:
        with launch() as app, pytest.raises(DeploymentError, match="not an app of this harness"):
            app.take_sample(run("garble"))


class TestNothingIsLeft:
    """Not of the server, nor of children that ignore every signal but one."""

    def assert_all_gone(self, family: list[psutil.Process], marks: Path) -> None:
        assert_gone(family)
        assert not members_of(family[0].pid)
        assert not listens(port_of(marks))

    def test_after_a_normal_end(self, launch: Launch, marks: Path) -> None:
        with launch("family") as app:
            family = family_of(app.identity.pid)
            assert alive(family) == family
            assert len(family) == 3
        self.assert_all_gone(family, marks)

    def test_after_an_exception(self, launch: Launch, marks: Path) -> None:
        def fail() -> None:
            with launch("family") as app:
                family.extend(family_of(app.identity.pid))
                raise ZeroDivisionError

        family: list[psutil.Process] = []
        with pytest.raises(ZeroDivisionError):
            fail()
        assert len(family) == 3
        self.assert_all_gone(family, marks)

    def test_of_its_group_after_its_own_death(self, launch: Launch, marks: Path) -> None:
        with launch("family") as app, contextlib.ExitStack() as stack:
            family = family_of(app.identity.pid)
            group = [member for member in family if os.getpgid(member.pid) == family[0].pid]
            (left,) = set(family) - set(group)
            # It left the group, and its parent is no longer known.
            stack.callback(left.kill)
            with pytest.raises(DeploymentError):
                app.take_sample(run("die"))
            assert alive(group)
        self.assert_all_gone(group, marks)
