"""The World of the app: the subject, with a defect if one is requested, inside the wrapper.

`WORLD_HARNESS_MUTANT` names a defect as `<path of a module>#<its function>`. Defects test the
suites themselves.
"""

from __future__ import annotations

import importlib.util
import os
from typing import Any

from world_harness_nemesis import WrappedWorld, wrap
from world_harness_serving.errors import AppError
from world_harness_serving.service import Service


def _wrap_subject(world: Any) -> WrappedWorld:
    return wrap(_apply_mutant(world), asked=world)


def _apply_mutant(world: Any) -> Any:
    place = os.environ.get("WORLD_HARNESS_MUTANT")
    if not place:
        return world
    path, _, name = place.partition("#")
    spec = importlib.util.spec_from_file_location("world_harness_mutants", path)
    if spec is None or spec.loader is None:
        raise AppError(f"{path} is not a module of mutants. Correct --mutant")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, name):
        raise AppError(f"there is no mutant called {name} in {path}. Correct --mutant")
    return getattr(module, name)(world)


SERVICE = Service(_wrap_subject, recording=True)
#: The World without its wrapper and its defect, for the questions of the harness.
WORLD: Any = SERVICE.world.bare
