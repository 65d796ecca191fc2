"""Opens a World and calls it; prints why it cannot be opened, or an empty list."""

from __future__ import annotations

import asyncio

from opening import answer, open_world  # type: ignore[import-not-found]
from world_harness_worlds import SetupError, WorkflowRunNotFoundError  # type: ignore[import-not-found]


async def main() -> None:
    try:
        await open_world().runs_get("wrun_none")
    except SetupError as error:
        answer([error.what, error.cause, error.remedy])
    except WorkflowRunNotFoundError:
        answer([])


asyncio.run(main())
