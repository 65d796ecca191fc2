"""Reads a log before and after the database loses the log's end and all connections.

A process sees the same if a standby server takes over that lacks the last commits. Prints what both
reads returned.
"""

from __future__ import annotations

import asyncio
import os

import psycopg
from opening import answer, new_run, open_world  # type: ignore[import-not-found]


async def main() -> None:
    world = open_world()
    run_id = await new_run(world)

    async def list_types() -> list[str]:
        return [event.event_type for event in (await world.events_list(run_id)).data]

    before = await list_types()
    with psycopg.connect(os.environ["WORKFLOW_POSTGRES_URL"], autocommit=True) as other:
        other.execute("DELETE FROM workflow_python.events WHERE type = 'run_started'")
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    answer([before, await list_types()])
    await world.aclose()


asyncio.run(main())
