"""A container needs a Docker daemon; what runs in it is waited for like any other server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.errors import ServiceError
from harness.programs.ports import free_port
from harness.services.containers import Container, find_docker
from harness.services.postgres.databases import query
from harness.services.postgres.embedded import open_embedded
from harness.services.resolution import open_service
from harness.services.urls import with_database

pytestmark = pytest.mark.slow


def paper_container(image: str, port: int, log: Path) -> Container:
    """What would be known of a container, if one ran."""
    return Container(name="none", image=image, host="127.0.0.1", port=port, log=log)


@pytest.mark.usefixtures("no_docker")
def test_no_docker_daemon_is_an_error_that_names_the_alternatives(tmp_path: Path) -> None:
    with (
        pytest.raises(ServiceError, match="the Docker daemon does not answer") as caught,
        open_service("postgres", choice="container", workdir=tmp_path),
    ):
        pass
    assert "embedded server" in caught.value.remedy
    assert "URL" in caught.value.remedy


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:1", "nonsense"])
def test_a_daemon_elsewhere_that_does_not_answer(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(ServiceError, match="the Docker daemon does not answer"):
        find_docker()


def test_the_server_in_a_container_is_given_a_password_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's part is played by an embedded server: this is about everything around it."""
    asked: dict[str, object] = {}

    @contextlib.contextmanager
    def run_container(
        image: str, *, port: int, env: Mapping[str, str], command: Sequence[str], log: Path
    ) -> Iterator[Container]:
        asked.update(image=image, port=port, command=command)
        with open_embedded(tmp_path) as server:
            with server.create_database() as url:
                admin_url = with_database(url, "postgres")
            query(admin_url, f"ALTER ROLE postgres PASSWORD '{env['POSTGRES_PASSWORD']}'")
            yield paper_container(image, urlsplit(admin_url).port or 0, log)

    monkeypatch.setattr("harness.services.containers.run_container", run_container)
    with (
        open_service("postgres", choice="container", workdir=tmp_path) as service,
        service.create_database() as url,
    ):
        assert service.describe().endswith("(container)")
        assert query(url, "SELECT 1") == [(1,)]
    assert asked["port"] == 5432
    assert str(asked["image"]).startswith("postgres:")
    assert "max_connections=1000" in str(asked["command"])


@pytest.mark.usefixtures("no_docker")
@pytest.mark.parametrize(
    ("name", "image", "port"),
    [
        ("postgres", "postgres:", 5432),
        ("valkey", "valkey/valkey:", 6379),
        ("mariadb", "mariadb:", 3306),
        ("mongodb", "mongo:", 27017),
    ],
)
def test_what_is_run_is_the_usual_image_or_the_users_choice(
    name: str, image: str, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []
    secrets: list[str] = []

    @contextlib.contextmanager
    def run_container(
        image: str, *, port: int, env: Mapping[str, str], command: Sequence[str], log: Path
    ) -> Iterator[Container]:
        asked.append((image, port))
        secrets.extend(value for key, value in env.items() if "PASSWORD" in key)
        assert not [word for word in command for secret in secrets if secret in word]
        yield paper_container(image, free_port(), log)

    monkeypatch.setattr("harness.services.containers.run_container", run_container)
    monkeypatch.setattr("harness.services.containers._READY_WITHIN_S", 0.01)
    monkeypatch.setattr("harness.services.mongodb.databases._PROBE_WITHIN_S", 0.1)
    for chosen in (None, "registry.example/other:1"):
        if chosen:
            monkeypatch.setenv(f"WORLD_HARNESS_{name.upper()}_IMAGE", chosen)
        with (
            pytest.raises(ServiceError, match="in the container did not start") as caught,
            open_service(name, choice="container", workdir=tmp_path),
        ):
            pass
        assert "refused" in caught.value.cause
        assert caught.value.remedy
    assert asked[0][0].startswith(image)
    assert asked[1] == ("registry.example/other:1", port)
    assert len(set(secrets)) == 2
    assert {len(secret) for secret in secrets} == {32}
