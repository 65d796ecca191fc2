"""Shared by the programs of these tests: opens the World that the environment names."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from world_harness_sdk import interface


def open_world() -> Any:
    module, _, attribute = os.environ["WORLD_ENTRY"].partition(":")
    return getattr(importlib.import_module(module), attribute)()


def answer(value: Any) -> None:
    """Print a result for the test."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def run_beside(program: str, *arguments: str) -> Any:
    """Run a program in another process to its end; return what it prints."""
    path = Path(__file__).with_name(f"{program}.py")
    done = subprocess.run(
        [sys.executable, path, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


def run_created() -> Any:
    data = interface.RunCreatedEventData(deployment_id="d", workflow_name="w", input=b"x")
    return data.into_event()


async def new_run(world: Any) -> str:
    run_id = (await world.events_create(None, run_created())).run.run_id
    await world.events_create(run_id, interface.RunStartedEvent())
    return str(run_id)
