"""Reads a log and changes the events and their lists; prints whether a second read is unchanged."""

from __future__ import annotations

import asyncio

from opening import answer, interface, new_run, open_world  # type: ignore[import-not-found]

CHANGES = [{"key": "a", "value": "1"}]


async def main() -> None:
    world = open_world()
    run_id = await new_run(world)
    data = {"changes": CHANGES, "writer": {"type": "workflow"}}
    sent = {"eventType": "attr_set", "correlationId": "name", "eventData": data}
    await world.events_create(run_id, interface.EventAdaptor.from_wire(sent))
    before = [event.model_dump() for event in (await world.events_list(run_id)).data]
    for event in (await world.events_list(run_id)).data:
        event.correlation_id = "changed"
        if event.event_type == "attr_set":
            event.event_data.changes.clear()
    after = [event.model_dump() for event in (await world.events_list(run_id)).data]
    answer(after == before)
    await world.aclose()


asyncio.run(main())
