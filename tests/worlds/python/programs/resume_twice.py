"""Writes one resume of a hook several times; prints the answers and what is stored."""

from __future__ import annotations

import asyncio

from opening import answer, interface, new_run, open_world  # type: ignore[import-not-found]


def received(hook_id: str, payload: bytes, digest: str) -> object:
    event = interface.HookReceivedEventData(payload=payload).into_event(hook_id)
    event._queue_input = interface.HookResumeInput(
        resume_id="resume_1", hook_id=hook_id, token="t", payload=payload, payload_digest=digest
    )
    return event


async def main() -> None:
    world = open_world()
    run_id = await new_run(world)
    for hook_id in ("hook_1", "hook_2"):
        hook = interface.HookCreatedEventData(token=f"{run_id}-{hook_id}")
        await world.events_create(run_id, hook.into_event(hook_id))
    calls = [world.events_create(run_id, received("hook_1", b"p", "d")) for _ in range(8)]
    ids = {result.event.server_props.event_id for result in await asyncio.gather(*calls)}
    refused = []
    for hook_id, digest in (("hook_1", "other"), ("hook_2", "d")):
        try:
            await world.events_create(run_id, received(hook_id, b"p", digest))
        except interface.HookResumeConflictError as error:
            refused.append(type(error).__name__)
    log = (await world.events_list(run_id)).data
    resumes = [event.server_props.resume_id for event in log if event.event_type == "hook_received"]
    answer({"ids": len(ids), "refused": refused, "resumes": resumes})
    await world.aclose()


asyncio.run(main())
