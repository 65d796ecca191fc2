"""A PostgreSQL server that the tests of one worker share, and the surroundings of a test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.services.containers import image_variable
from harness.services.resolution import Service, find_services, open_service, url_variable
from harness.services.urls import with_database


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """An embedded server; one for each worker."""
    workdir = tmp_path_factory.mktemp("postgres")
    with open_service("postgres", choice="embedded", workdir=workdir) as service:
        yield service


@pytest.fixture
def admin_url(postgres: Service) -> str:
    """The URL of the shared server's own database, as its superuser."""
    with postgres.create_database() as url:
        return with_database(url, "postgres")


@pytest.fixture(autouse=True)
def _no_url_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in find_services():
        monkeypatch.delenv(url_variable(name), raising=False)
        monkeypatch.delenv(image_variable(name), raising=False)


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Docker daemon answers, even where one runs."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


@pytest.fixture
def temporary_root(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made during the test; every account can reach it."""
    root = Path(tempfile.mkdtemp(prefix="world-harness-tests-"))
    root.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(root))
    yield root
    shutil.rmtree(root)
