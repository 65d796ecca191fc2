"""The real command line, measuring tiny apps: a script, to be interrupted.

Only the catalog is another one: a line whose packages count as installed, and a framework whose
programs are the tiny app's. The environment (TINY_STOP) can make it wait at a place where nothing
outside this process could tell that it is there.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from harness.cli import main as run_command
from harness.descriptions import Catalog, Framework, Line, Scenario, World
from harness.measure import progress
from harness.measure.progress import PlainProgress
from harness.results.records import ForkEnd
from harness.workspaces.cache import obtain
from harness.workspaces.install import locate_install, pin_line
from harness.workspaces.node import find_node
from suites import catalog
from tests.harness.deployments import tiny_app

PYTHON = (sys.executable, "-I", "-S", tiny_app.__file__)

CATALOG = Catalog(
    lines={"tiny": Line(id="tiny", title="Tiny", language="typescript", packages={})},
    frameworks={
        "tiny": Framework(
            id="tiny",
            title="Tiny",
            packages={},
            build=(*PYTHON, "build"),
            start=(*PYTHON, "{port}"),
        )
    },
    worlds={
        "tiny": World(
            id="tiny",
            title="Tiny",
            section="Tiny",
            description="Keeps nothing",
            packages={"tiny": {}},
            entry="tiny",
            env={"TINY_STORAGE": "{storage}"},
        )
    },
    scenarios={
        "good": Scenario(
            id="good",
            title="A good run",
            workflow="good",
            arguments=("{seed}",),
            expects="echo",
            family="good",
            size=0,
        )
    },
)

remove = shutil.rmtree


def wait_to_be_interrupted() -> None:
    tiny_app.mark("waiting")
    while os.environ.get("TINY_STOP"):
        time.sleep(0.02)


class Progress(PlainProgress):
    """Waits between two forks."""

    def fork_ended(self, end: ForkEnd, samples: int) -> None:
        super().fork_ended(end, samples)
        if os.environ.get("TINY_STOP") == "between":
            wait_to_be_interrupted()


def remove_slowly(folder: Path, **options: Any) -> None:
    """Remove a folder; but the session's own only when every signal of the test was sent."""
    if Path(folder).name.startswith("world-harness-"):
        tiny_app.mark("cleaning")
        while not tiny_app.marked("sent"):
            time.sleep(0.02)
    remove(folder, **options)


def main() -> None:
    obtain(
        locate_install("tiny", pin_line(CATALOG, "tiny"), find_node()).folder, lambda folder: None
    )
    removing = remove_slowly if os.environ.get("TINY_STOP") == "cleaning" else remove
    with (
        patch.object(catalog, "read_catalog", lambda: CATALOG),
        patch.object(progress, "PlainProgress", Progress),
        patch.object(shutil, "rmtree", removing),
    ):
        run_command()


if __name__ == "__main__":
    main()
