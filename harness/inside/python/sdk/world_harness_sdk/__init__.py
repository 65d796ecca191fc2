"""The internals of the Python SDK (`vercel-workflow`), named here and nowhere else.

The SDK keeps the interface of a World, and the values that pass through it, in a module of its
internals, which may change with any release. `interface.json` beside this file says what of it
this project was written against; `python -m world_harness_sdk` compares it with what is installed.
"""

from __future__ import annotations

from typing import Any

from vercel.workflow._internal import attributes  # type: ignore[import-not-found]
from vercel.workflow._internal import world as interface

__all__ = ["LocalWorld", "attributes", "interface", "local"]


def __getattr__(name: str) -> Any:
    """Give `local`, the module of the SDK's own World, or `LocalWorld`, that World.

    Few need it, and it is slow to import.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vercel.workflow._internal.worlds import local  # type: ignore[import-not-found]

    return local if name == "local" else local.LocalWorld
