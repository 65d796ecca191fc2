"""Real apps: the SDK is installed and built once (cached by content) and shared by every worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.deployments.launcher import Launcher
from harness.descriptions import Catalog
from suites import workflows


@pytest.fixture(scope="session")
def launcher(catalog: Catalog) -> Iterator[Launcher]:
    with Launcher(catalog, workflows.BENCH) as launcher:
        yield launcher
