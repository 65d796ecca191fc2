"""Opens a World without calling it; prints why it cannot be opened, or an empty list."""

from __future__ import annotations

from opening import answer, open_world  # type: ignore[import-not-found]
from world_harness_worlds import SetupError  # type: ignore[import-not-found]

try:
    open_world()
    answer([])
except SetupError as error:
    answer([error.what, error.cause, error.remedy])
