"""Deployers for forks: one starts tiny apps as real processes, one only pretends."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from harness.deployments.client import SampleReply, SampleRequest
from harness.deployments.deployment import Deployment, launch_app
from harness.descriptions import Cell
from harness.errors import DeploymentError
from harness.measure.recovery import Killable
from harness.programs.servers import Usage
from tests.harness.deployments import tiny_app


class TinyDeployer:
    """Starts tiny apps; remembers how often."""

    def __init__(self, folder: Path, behavior: str = "") -> None:
        self.folder = folder
        self.log = folder / "tiny.log"
        self.starts = 0
        self.pids: list[int] = []
        self._environment = {**os.environ, "TINY_APP": behavior}

    @contextlib.contextmanager
    def deploy(self, cell: Cell, *, recording: bool) -> Iterator[Deployment]:
        self.starts += 1
        with launch_app(
            lambda port: [sys.executable, "-I", "-S", tiny_app.__file__, str(port)],
            folder=self.folder,
            env=lambda port: self._environment,
            log=self.log,
        ) as deployment:
            self.pids.append(deployment.identity.pid)
            yield deployment

    @contextlib.contextmanager
    def open_storage(self, cell: Cell) -> Iterator[None]:
        yield

    def restart(self, cell: Cell, storage: object) -> contextlib.AbstractContextManager[Deployment]:
        return self.deploy(cell, recording=False)


ANSWERS: dict[str, Callable[[Any], Any]] = {
    "noSteps": lambda seed: seed,
    "oneStep": lambda seed: seed,
    "sequentialSteps": lambda count: sum(range(count)),
    "concurrentSteps": lambda count: list(range(count)),
}


def answer_rightly(request: SampleRequest) -> SampleReply:
    return SampleReply(
        outcome="completed",
        called_at_ms=1000.0,
        created_at_ms=1001.0,
        completed_at_ms=1003.0,
        answer=ANSWERS[request.workflow](request.arguments[0]),
        settled=True,
    )


class PretendedApp:
    """Answers as it is told."""

    startup_ms = 5.0

    def __init__(self, answer: Callable[[SampleRequest], SampleReply]) -> None:
        self.take_sample = answer
        self.pauses = 0
        self.used_ms = 0.0

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        self.pauses += 1
        yield

    def usage(self) -> Usage:
        self.used_ms += 4.0
        return Usage(self.used_ms, 2**20)


class PretendingPreparer:
    """Prepares and deploys without doing either; remembers what it was asked for."""

    def __init__(
        self, answer: Callable[[SampleRequest], SampleReply] = answer_rightly, *, broken: str = ""
    ) -> None:
        self.answer = answer
        #: A word of the cells that do not start.
        self.broken = broken
        self.prepared: list[Cell] = []
        self.deployed: list[Cell] = []
        self.recordings: list[bool] = []
        self.requests: list[SampleRequest] = []
        self.running = 0

    def prepare(self, cell: Cell) -> None:
        self.prepared.append(cell)

    @contextlib.contextmanager
    def deploy(self, cell: Cell, *, recording: bool) -> Iterator[PretendedApp]:
        self.deployed.append(cell)
        self.recordings.append(recording)
        if self.broken and self.broken in cell.id:
            raise DeploymentError("the app died before it was healthy", remedy="read the log")
        self.running += 1
        try:
            yield PretendedApp(self._answer)
        finally:
            self.running -= 1

    @contextlib.contextmanager
    def open_storage(self, cell: Cell) -> Iterator[None]:
        yield

    @contextlib.contextmanager
    def restart(self, cell: Cell, storage: object) -> Iterator[Killable]:
        raise DeploymentError("no app is killed here")
        yield

    def _answer(self, request: SampleRequest) -> SampleReply:
        self.requests.append(request)
        return self.answer(request)
