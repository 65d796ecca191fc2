"""MongoDB: a container or a URL. No server runs in these tests: a client of paper plays it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymongo.errors
import pytest

from harness.errors import ServiceError, UsageError
from harness.programs.ports import free_port
from harness.services.mongodb.databases import MongodbDatabases, ask
from harness.services.resolution import find_service_choices, open_service
from tests.harness.services.observing import everything_said

pytestmark = pytest.mark.slow


class PaperClient:
    """What the harness uses of a client; it remembers what was asked of it."""

    asked: list[str]
    refusal: Exception | None = None

    def __init__(self, url: str, **limits: int) -> None:
        assert set(limits) == {"serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS"}
        self.asked.append(f"connect {url}")

    def server_info(self) -> dict[str, Any]:
        if self.refusal:
            raise self.refusal
        return {"version": "8.0.4"}

    def drop_database(self, name: str) -> None:
        self.asked.append(f"drop {name}")

    def close(self) -> None:
        self.asked.append("close")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the server, in order."""
    asked: list[str] = []
    monkeypatch.setattr(PaperClient, "asked", asked, raising=False)
    monkeypatch.setattr("pymongo.MongoClient", PaperClient)
    return asked


def refuse(url: str, workdir: Path) -> ServiceError:
    with pytest.raises(ServiceError) as caught, open_service("mongodb", url=url, workdir=workdir):
        pass
    return caught.value


@pytest.mark.usefixtures("no_docker")
def test_there_is_no_embedded_server_and_the_error_says_what_to_use(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match="no embedded MongoDB server") as caught,
        open_service("mongodb", choice="embedded", workdir=tmp_path),
    ):
        pass
    assert "container" in caught.value.remedy
    assert [one.available for one in find_service_choices("mongodb")] == [False, False, False]


@pytest.mark.usefixtures("no_docker")
def test_without_an_available_server_the_error_lists_what_was_tried(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match="no MongoDB server is available") as caught,
        open_service("mongodb", workdir=tmp_path),
    ):
        pass
    assert "WORLD_HARNESS_MONGODB_URL=mongodb://" in caught.value.remedy


def test_every_database_has_a_name_of_its_own_and_is_dropped(
    asked: list[str], tmp_path: Path
) -> None:
    with open_service("mongodb", url="mongodb://host:27017", workdir=tmp_path) as service:
        assert service.describe() == "MongoDB 8.0.4 (external)"
        with service.create_database() as one, service.create_database() as other:
            names = [urlsplit(url).path[1:] for url in (one, other)]
    assert len(set(names)) == 2
    assert [line for line in asked if line.startswith("drop")] == [
        f"drop {names[1]}",
        f"drop {names[0]}",
    ]
    assert asked.count("close") == sum(line.startswith("connect") for line in asked)


@pytest.mark.parametrize(
    ("given", "database"),
    [
        ("mongodb://me:pw@host", "mongodb://me:pw@host/NAME?authSource=admin"),
        ("mongodb://me:pw@host/users", "mongodb://me:pw@host/NAME?authSource=users"),
        ("mongodb://me:pw@a,b/?w=1", "mongodb://me:pw@a,b/NAME?authSource=admin&w=1"),
        ("mongodb://me:pw@host/x?authSource=y", "mongodb://me:pw@host/NAME?authSource=y"),
        ("mongodb://host/x?tls=true", "mongodb://host/NAME?tls=true"),
    ],
)
@pytest.mark.usefixtures("asked")
def test_the_user_of_the_url_can_log_in_at_every_database(given: str, database: str) -> None:
    url = MongodbDatabases(given, "external").make()
    assert url.replace(urlsplit(url).path, "/NAME") == database


@pytest.mark.usefixtures("asked")
def test_that_its_connections_cannot_be_cut_is_said(tmp_path: Path) -> None:
    with (
        open_service("mongodb", url="mongodb://me:geheim@host", workdir=tmp_path) as service,
        service.create_database() as url,
        pytest.raises(ServiceError, match="cannot cut the connections") as caught,
    ):
        service.cut_connections(url)
    assert "not the connections" in caught.value.cause
    assert caught.value.remedy
    assert "geheim" not in everything_said(caught.value)


@pytest.mark.usefixtures("asked")
def test_a_refusal_is_explained_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = pymongo.errors.OperationFailure("Authentication failed for geheim", 18)
    monkeypatch.setattr(PaperClient, "refusal", refusal)
    error = refuse("mongodb://me:geheim@host", tmp_path)
    assert "Authentication failed" in error.cause
    assert "authSource" in error.remedy
    assert "geheim" not in everything_said(error)


def test_a_port_without_a_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask.__kwdefaults__
    monkeypatch.setitem(ask.__kwdefaults__, "within_s", 0.2)
    error = refuse(f"mongodb://me:geheim@127.0.0.1:{free_port()}", tmp_path)
    assert "refused" in error.cause
    assert "start the server" in error.remedy
    assert "geheim" not in everything_said(error)


def test_the_url_of_another_kind_of_server_is_refused_without_quoting_it(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="not a valid URL of a MongoDB server") as caught,
        open_service("mongodb", url="mysql://me:geheim@host/db", workdir=tmp_path),
    ):
        pass
    assert "geheim" not in everything_said(caught.value)
