"""Tiny apps, started as the real ones are."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest

from harness.deployments.deployment import Deployment, launch_app
from tests.harness.deployments import tiny_app


class Launch(Protocol):
    """Starts a tiny app that behaves as it is told, by words of `TINY_APP`."""

    def __call__(self, behavior: str = "") -> AbstractContextManager[Deployment]: ...


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the tiny app's output goes."""
    return tmp_path / "logs" / "tiny.log"


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """Where the tiny app says what happens."""
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


@pytest.fixture
def launch(tmp_path: Path, log: Path, marks: Path) -> Launch:
    @contextlib.contextmanager
    def launch(behavior: str = "") -> Iterator[Deployment]:
        environment = {**os.environ, "TINY_APP": behavior, "TINY_MARKS": str(marks)}
        with launch_app(
            lambda port: [sys.executable, "-I", "-S", tiny_app.__file__, str(port)],
            folder=tmp_path,
            env=lambda port: environment,
            log=log,
        ) as deployment:
            yield deployment

    return launch
