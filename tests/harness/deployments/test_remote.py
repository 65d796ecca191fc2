"""A remote app is measured by its URL; neither its password nor its headers are shown anywhere."""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from harness.deployments.deployment import reach_app
from harness.errors import DeploymentError
from harness.results.files import read_results_as
from harness.results.records import BenchResults
from tests.harness.cli import command_line
from tests.harness.cli.command_line import Done
from tests.harness.deployments.conftest import Launch
from tests.harness.deployments.observing import listening

pytestmark = pytest.mark.slow

PASSWORD = "hunter2-of-the-url"
TOKEN = "t0ken-of-the-header"
HEADERS = {"x-token": f"Bearer {TOKEN}", "x-bypass": "bypass-of-the-header"}
#: The password also in the form in which it is sent.
SECRETS = (PASSWORD, b64encode(f"user:{PASSWORD}".encode()).decode(), TOKEN, HEADERS["x-bypass"])


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_HARNESS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "results"


def bench(place: str, out: Path, *more: str) -> Done:
    """Measure the app at a host and port, with secrets of every kind."""
    headers = [word for item in HEADERS.items() for word in ("--header", ": ".join(item))]
    url = f"http://user:{PASSWORD}@{place}"
    words = ["bench", "--profile", "smoke", "--world", "remote", "--url", url, *headers, *more]
    return command_line.run(*words, "--out", out)


def assert_secret(done: Done, out: Path) -> None:
    written = "".join(path.read_text() for path in out.rglob("*") if path.is_file())
    for secret in SECRETS:
        assert secret not in done.out + done.err + written


@contextmanager
def echoing(status: int) -> Iterator[str]:
    """A server that is not ours and answers with the secrets that it was told."""

    class Echo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            told = " ".join(self.headers[name] for name in ("authorization", *HEADERS))
            self.wfile.write(f"you said {told}".encode())

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_nobody_there_is_an_error_that_names_the_place_only(out: Path) -> None:
    with listening() as port:
        pass
    done = bench(f"127.0.0.1:{port}", out)
    assert done.code == 4
    assert f"the remote app at 127.0.0.1:{port} does not answer" in done.err
    assert "check --url and --header" in done.err
    assert_secret(done, out)
    assert not out.exists()


@pytest.mark.parametrize("status", [401, 302, 404, 500])
def test_a_refusal_is_told_without_what_it_echoes(status: int, out: Path) -> None:
    with echoing(status) as place:
        done = bench(place, out)
    assert done.code == 4
    assert f"HTTP {status} you said Basic *** *** *** ***" in done.err
    assert_secret(done, out)


def test_an_app_that_is_not_ours_is_told_to_be_none(out: Path) -> None:
    with echoing(200) as place:
        done = bench(place, out)
    assert done.code == 4
    assert f"the server at {place} is not an app of this harness" in done.err
    assert "world-harness export" in done.err
    assert_secret(done, out)


def test_one_that_never_answers_is_given_up() -> None:
    with listening() as port, pytest.raises(DeploymentError, match="does not answer") as caught:
        reach_app(f"http://127.0.0.1:{port}", {}, within_s=0.1).__enter__()
    assert "ReadTimeout" in caught.value.cause


def test_one_that_answers_is_measured(
    launch: Launch, marks: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_RUN", "good")
    with launch():
        done = bench(f"127.0.0.1:{(marks / 'port').read_text()}", out, "--scenario", "one-step")
    assert done.code == 0, done.err
    (path,) = out.glob("*.jsonl")
    results = read_results_as(path, BenchResults)
    assert [cell.id for cell in results.header.cells] == ["tiny/tiny/remote"]
    assert {sample.outcome for sample in results.samples} == {"correct"}
    assert {end.kind for end in results.forks} == {"timing"}
    assert "--header 'x-bypass: …'" in results.header.command
    assert_secret(done, out)


def test_one_that_dies_is_a_failed_cell(
    launch: Launch, marks: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_RUN", "die")
    with launch():
        done = bench(f"127.0.0.1:{(marks / 'port').read_text()}", out, "--scenario", "one-step")
    assert done.code == 1, done.err
    (path,) = out.glob("*.jsonl")
    results = read_results_as(path, BenchResults)
    assert {sample.outcome for sample in results.samples} == {"failed"}
    assert "the app runs elsewhere" in str(results.samples[0].error)
    assert any("does not answer" in end.reason for end in results.forks)
    assert_secret(done, out)


@pytest.mark.parametrize(
    "url",
    [
        f"http://user:{PASSWORD}@host:port",
        f"user:{PASSWORD}@host",
        f"ftp://user:{PASSWORD}@host",
        f"http://user:{PASSWORD}@",
        "host",
        "",
        "http://",
    ],
)
def test_what_is_no_url_is_a_mistake_of_the_request(url: str, out: Path) -> None:
    done = command_line.run("bench", "--world", "remote", "--url", url, "--out", out)
    assert done.code == 3
    assert_secret(done, out)


@pytest.mark.parametrize("header", [TOKEN, f": {TOKEN}", f"x: {TOKEN}\nmore", f"x: {TOKEN}é"])
def test_what_is_no_header_is_a_mistake_of_the_request(header: str, out: Path) -> None:
    done = command_line.run(
        *("bench", "--world", "remote", "--url", "http://127.0.0.1:9", "--header", header),
        *("--out", out),
    )
    assert done.code == 3
    assert "write it as 'name: value'" in done.err
    assert_secret(done, out)
