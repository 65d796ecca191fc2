"""Wrapped tiny Worlds, one a language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tests.harness.inside.nemesis.driving import Driver, Language, drive


@pytest.fixture(params=["typescript", "python"])
def language(request: pytest.FixtureRequest) -> Language:
    return cast("Language", request.param)


@pytest.fixture
def driver(language: Language, tmp_path: Path) -> Iterator[Driver]:
    with drive(language, tmp_path) as driver:
        yield driver
