"""The Worlds for the Python SDK, each on separate storage, in the environment of the SDK."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.adapters.world import WorldClient
from harness.certification.sites import Ground, Site, open_ground
from harness.certification.subjects import Subject, find_subject
from harness.descriptions import Catalog
from harness.programs.ports import free_port
from tests.worlds.python.running import Place, open_place

WORLDS = ("sqlite", "postgres")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "python_worlds" in item.path.parts:
            item.add_marker(pytest.mark.sdk)


@pytest.fixture(scope="session", params=WORLDS)
def subject(request: pytest.FixtureRequest, catalog: Catalog) -> Subject:
    return find_subject(request.param, catalog, line="py")


@pytest.fixture(scope="session")
def ground(subject: Subject) -> Iterator[Ground]:
    with open_ground(subject) as ground:
        yield ground


@pytest.fixture
def site(ground: Ground) -> Iterator[Site]:
    with ground.site() as site:
        yield site


@pytest.fixture
def place(site: Site) -> Iterator[Place]:
    with open_place(site) as place:
        yield place


@pytest.fixture
def free_ports() -> list[int]:
    return [free_port(), free_port()]


@pytest.fixture
def world(site: Site) -> WorldClient:
    return site.open()
