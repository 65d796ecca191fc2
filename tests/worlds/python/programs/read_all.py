"""Prints everything that is stored of a run: places of its log, payloads, chunks, messages."""

from __future__ import annotations

import asyncio
import sys

from opening import answer, open_world  # type: ignore[import-not-found]
from world_harness_worlds.codec import unpack  # type: ignore[import-not-found]

(run_id,) = sys.argv[1:]


async def main() -> None:
    world = open_world()
    ask = world._store.read
    places = ask(lambda s: s.all("SELECT seq FROM events WHERE run_id = ? ORDER BY seq", (run_id,)))
    messages = ask(lambda s: s.all("SELECT data FROM messages"))
    events = (await world.events_list(run_id)).data
    times = [event.server_props.created_at.timestamp() for event in events]
    ids = [event.server_props.event_id for event in events]
    await world.streams_close(run_id, "chunks")
    answer(
        {
            "places": [row[0] for row in places.result()],
            "ids-rise": ids == sorted(set(ids)) and times == sorted(times),
            "events": [
                event.event_data.payload.decode()
                for event in events
                if event.event_type == "hook_received"
            ],
            "chunks": [chunk.decode() async for chunk in world.streams_get(run_id, "chunks")],
            "messages": [unpack(row[0])["stepId"] for row in messages.result()],
        }
    )
    await world.aclose()


asyncio.run(main())
