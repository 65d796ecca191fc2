"""An app of the Python SDK on its LocalWorld, which is wrapped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import world_harness_nemesis as nemesis  # type: ignore[import-not-found]
from answering import serve  # type: ignore[import-not-found]
from vercel.workflow import get_run, start  # type: ignore[import-not-found]
from world_harness_sdk import interface, local

WORLD = nemesis.wrap(local.LocalWorld())
interface.set_world(WORLD)

# The World has to be there before the workflows are.
import python_workflows  # type: ignore[import-not-found]  # noqa: E402


async def await_end(run_id: str) -> dict[str, Any]:
    """Wait until the run has ended; for at most half a minute."""
    for _ in range(600):
        if (await WORLD.bare.runs_get(run_id)).status not in {"pending", "running"}:
            break
        await asyncio.sleep(0.05)
    run = await WORLD.bare.runs_get(run_id)
    with nemesis.ask_quietly():
        ended = run.status == "completed"
        return {
            "status": run.status,
            "output": await get_run(run_id).return_value() if ended else None,
        }


async def list_events(run_id: str, *, through: bool = False) -> list[list[str]]:
    """List the log: of the World itself, or through its wrapper, as the engine does."""
    world = WORLD if through else WORLD.bare
    page = await world.events_list(run_id, pagination=interface.PaginationOptions(sort_order="asc"))
    return [[event.server_props.event_id, event.event_type] for event in page.data]


async def start_run(workflow: str, arguments: list[Any], plan: list[Any]) -> str:
    with nemesis.starting(plan):
        run_id: str = (await start(getattr(python_workflows, workflow), *arguments)).run_id
    return run_id


async def deliver_again(run_id: str, kind: str, copies: int) -> None:
    await nemesis.deliver_again(nemesis.find_messages(run_id, kind)[0], copies)


async def wake(run_id: str) -> None:
    """Queue what a World queues for each run that it finds active when it is started."""
    run = await WORLD.bare.runs_get(run_id)
    message = interface.WorkflowInvokePayload(run_id=run_id)
    await WORLD.bare.queue(interface.get_queue_name(run.workflow_name), message)


async def bind(run_id: str, plan: list[Any]) -> None:
    nemesis.bind_plan(run_id, plan)


async def open_gate(run_id: str, gate: str) -> None:
    nemesis.open_gate(run_id, gate)


async def describe() -> dict[str, Any]:
    return {"isWorld": isinstance(WORLD, interface.World), "journal": len(nemesis.notes.read())}


ANSWERS: dict[str, Callable[..., Awaitable[Any]]] = {
    "start": start_run,
    "await": await_end,
    "events": list_events,
    "plan": bind,
    "open": open_gate,
    "again": deliver_again,
    "wake": wake,
    "describe": describe,
}


async def act(do: str, request: dict[str, Any]) -> Any:
    given = {"run_id" if name == "runId" else name: value for name, value in request.items()}
    return await ANSWERS[do](**given)


if __name__ == "__main__":
    asyncio.run(serve(act))
