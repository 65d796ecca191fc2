"""Adapters that have opened a World of oddities, one a language."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.adapters.process import AdapterProcess, run_adapter
from harness.adapters.protocol import Call
from harness.adapters.world import WorldClient, open_world
from harness.inside import NODE_ADAPTER, PYTHON_ADAPTER
from harness.workspaces.node import find_node

HERE = Path(__file__).parent
ENTRIES = {"node": str(HERE / "odd_world.mjs"), "python": "odd_world:OddWorld"}

StartAdapter = Callable[..., AdapterProcess]
OpenOdd = Callable[..., WorldClient]


def odd(event_type: str, data: object = None) -> Call:
    """Make the call that asks for an oddity."""
    return Call("events.create", ("wrun_1", {"eventType": event_type, "eventData": data}))


@pytest.fixture(params=["node", "python"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartAdapter]:
    """Return a function that starts an adapter; all end with the test."""
    with contextlib.ExitStack() as stack:

        def start(language: str, **env: str) -> AdapterProcess:
            node = find_node()
            commands: dict[str, list[str | Path]] = {
                "node": [
                    node.folder / "node",
                    "--experimental-import-meta-resolve",
                    "--no-warnings",
                    NODE_ADAPTER,
                ],
                "python": [sys.executable, "-m", "world_harness_adapter"],
            }
            base = {**os.environ, "PYTHONPATH": str(PYTHON_ADAPTER)}
            return stack.enter_context(
                run_adapter(
                    commands[language],
                    folder=tmp_path,
                    env={**base, **env},
                    log=tmp_path / "adapter.log",
                )
            )

        yield start


@pytest.fixture
def open_odd(start: StartAdapter) -> OpenOdd:
    """Return a function that opens the World of oddities in a new process."""

    def open_odd(language: str, **env: str) -> WorldClient:
        return open_world(start(language, **env), entry=ENTRIES[language], folder=str(HERE))

    return open_odd


@pytest.fixture
def world(open_odd: OpenOdd, language: str) -> WorldClient:
    return open_odd(language)
