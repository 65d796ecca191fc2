"""Makes each call twice, as after a commit with an unknown outcome, and prints the effect.

For each call: how many rows the first call added, how many the second added, and the error of the
second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from opening import (  # type: ignore[import-not-found]
    answer,
    interface,
    new_run,
    open_world,
    run_created,
)

TABLES = ("runs", "events", "steps", "hooks", "waits", "chunks", "messages")
TOPIC = "__wkf_workflow_w"
world = open_world()


def received(resume_id: str | None) -> Any:
    event = interface.HookReceivedEventData(payload=b"p").into_event("hook")
    if resume_id:
        event._queue_input = interface.HookResumeInput(
            resume_id=resume_id, hook_id="hook", token="t", payload=b"p", payload_digest="d"
        )
    return event


def list_calls(run_id: str) -> dict[str, Callable[[], Awaitable[Any]]]:
    message = interface.WorkflowInvokePayload(run_id=run_id)
    hook = interface.HookCreatedEventData(token=run_id).into_event("hook")
    changes = [{"key": "a", "value": "1"}]
    attributes = wire("attr_set", None, changes=changes, writer={"type": "workflow"})
    events = {
        "run_created without an id": (None, run_created()),
        "run_started": (run_id, interface.RunStartedEvent()),
        "hook_created": (run_id, hook),
        "hook_received without a resume id": (run_id, received(None)),
        "hook_received": (run_id, received("resume")),
        "step_created": (run_id, wire("step_created", "step", stepName="s", input=b"x")),
        "step_started": (run_id, wire("step_started", "step")),
        "step_completed": (run_id, wire("step_completed", "step", result=b"x")),
        "attr_set without a correlation id": (run_id, attributes),
        "hook_disposed": (run_id, wire("hook_disposed", "hook")),
        "run_cancelled": (run_id, wire("run_cancelled", None)),
    }
    return {
        "streams_write": lambda: world.streams_write(run_id, "chunks", b"x"),
        "streams_close": lambda: world.streams_close(run_id, "chunks"),
        "queue without a key": lambda: world.queue(TOPIC, message),
        "queue": lambda: world.queue(TOPIC, message, idempotency_key=run_id),
        **{
            name: lambda given=given: world.events_create(*given)  # type: ignore[misc]
            for name, given in events.items()
        },
    }


def wire(kind: str, name: str | None, **data: Any) -> Any:
    sent = {"eventType": kind, **({"correlationId": name} if name else {})}
    return interface.EventAdaptor.from_wire({**sent, **({"eventData": data} if data else {})})


def count_rows() -> int:
    def count(session: Any) -> int:
        return sum(session.one(f"SELECT count(*) FROM {table}")[0] for table in TABLES)

    return int(world._store.read(count).result())


async def main() -> None:
    found = {}
    for name, call in list_calls(await new_run(world)).items():
        before = count_rows()
        await call()
        once, error = count_rows(), ""
        try:
            await call()
        except (interface.EntityConflictError, interface.HookNotFoundError) as refusal:
            error = type(refusal).__name__
        found[name] = [once - before, count_rows() - once, error]
    answer(found)
    await world.aclose()


asyncio.run(main())
