"""A Docker daemon and the images: the machine's own, or what can be made of its packages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import docker  # type: ignore[import-untyped]
import pytest

from harness.errors import ServiceError
from harness.services.containers import find_docker, image_variable
from tests.containers.daemon import private_daemon
from tests.containers.image import make_image

_SWITCH = "WORLD_HARNESS_CONTAINERS"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"containers: runs real containers (only with {_SWITCH}=1; minutes)"
    )


@pytest.fixture(scope="session", autouse=True)
def _only_when_asked() -> None:
    if os.environ.get(_SWITCH) != "1":
        pytest.skip(f"real containers take minutes; run `nox -s containers`, or set {_SWITCH}=1")


@pytest.fixture(scope="package")
def environment(
    _only_when_asked: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[pytest.MonkeyPatch]:
    """The environment in which a daemon is reached and images are had."""
    with pytest.MonkeyPatch.context() as patch:
        # Its own container, which removes what a killed test left, would have to be downloaded.
        patch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
        try:
            find_docker()
        except ServiceError:
            with private_daemon() as address:
                patch.setenv("DOCKER_HOST", address)
                image = make_image(tmp_path_factory.mktemp("image"))
                for name in ("postgres", "valkey"):
                    patch.setenv(image_variable(name), image)
                yield patch
        else:
            yield patch


@pytest.fixture
def client(environment: pytest.MonkeyPatch) -> Iterator[docker.DockerClient]:
    """A client of the daemon."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def folder(tmp_path: Path, environment: pytest.MonkeyPatch) -> Path:
    """A folder for a service, once there is a daemon."""
    return tmp_path
