"""The internals of the Python SDK (`vercel-workflow`), named here and nowhere else.

The SDK keeps the interface of a World, and the values that pass through it, in a module of its
internals, which may change with any release. `interface.json` beside this file says what of it
this project was written against; `python -m world_harness_sdk` compares it with what is installed.
"""

from __future__ import annotations

from vercel.workflow._internal import attributes  # type: ignore[import-not-found]
from vercel.workflow._internal import world as interface

__all__ = ["attributes", "interface"]
