"""Opens a World and asks nothing of it; answers with why it cannot be opened, or with nothing."""

from __future__ import annotations

from opening import answer, open_world  # type: ignore[import-not-found]
from world_harness_worlds import SetupError  # type: ignore[import-not-found]

try:
    open_world()
    answer([])
except SetupError as error:
    answer([error.what, error.cause, error.remedy])
