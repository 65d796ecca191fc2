"""What every program of these tests begins with: the World that the environment names."""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

from world_harness_sdk import interface


def open_world() -> Any:
    module, _, attribute = os.environ["WORLD_ENTRY"].partition(":")
    return getattr(importlib.import_module(module), attribute)()


def answer(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def run_created() -> Any:
    data = interface.RunCreatedEventData(deployment_id="d", workflow_name="w", input=b"x")
    return data.into_event()


async def new_run(world: Any) -> str:
    run_id = (await world.events_create(None, run_created())).run.run_id
    await world.events_create(run_id, interface.RunStartedEvent())
    return str(run_id)
