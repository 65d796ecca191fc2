"""The functions that a framework's routes call, in every app.

Importing it opens the World and then the workflows, which is the order that the SDK asks for.
"""

from __future__ import annotations

import importlib

from .about import ABOUT
from .local import ENDPOINT

_app = importlib.import_module(f"world_harness_{ABOUT['contents']}_app.app")
answer, deliver, describe_app = _app.answer, _app.deliver, _app.describe_app

__all__ = ["ENDPOINT", "answer", "deliver", "describe_app"]
