"""Prints the parameters of a World's methods, and the methods of the interface that it lacks."""

from __future__ import annotations

import importlib
import inspect
import os

from opening import answer, interface  # type: ignore[import-not-found]

module, _, attribute = os.environ["WORLD_ENTRY"].partition(":")
world = getattr(importlib.import_module(module), attribute)
answer(
    {
        "missing": sorted(world.__abstractmethods__),
        "parameters": {
            name: [
                list(inspect.signature(getattr(owner, name)).parameters)
                for owner in (interface.World, world)
            ]
            for name in interface.World.__abstractmethods__
        },
    }
)
