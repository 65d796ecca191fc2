"""The requests of the harness to the app, by their names on the wire."""

from __future__ import annotations

import asyncio
import base64
import inspect
import os
import pickle
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import world_harness_nemesis as nemesis
from vercel.workflow import get_run, start
from world_harness_nemesis.payloads import Payload
from world_harness_sdk import interface
from world_harness_serving.about import ABOUT
from world_harness_serving.entry import find_entry

from .subject import SERVICE, WORLD

Request: TypeAlias = Mapping[str, Any]

_ASK_S = 0.04
_ENDED = {"completed", "failed", "cancelled"}
_PREFIX = "__wkf_workflow_"


def describe_error(error: Any) -> dict[str, Any]:
    """Describe an error and its cause."""
    cause = error.__cause__
    code = getattr(error, "error_code", None) or getattr(error, "code", None)
    return {
        "name": type(error).__name__,
        "message": str(error),
        "cause": None if cause is None else str(cause),
        "code": None if code is None else str(code),
    }


async def _start(request: Request) -> dict[str, str]:
    workflow = SERVICE.workflows.get(request["workflow"])
    if workflow is None:
        raise LookupError(f"this app has no workflow named {request['workflow']}")
    with nemesis.starting(request.get("plan") or ()):
        run = await start(workflow, *request["arguments"])
    return {"runId": run.run_id}


async def _read_status(run_id: str) -> dict[str, Any]:
    run = get_run(run_id)
    status = await run.status()
    if status == "completed":
        return {"status": status, "output": await run.return_value()}
    if status != "failed":
        return {"status": status}
    try:
        await run.return_value()
    except Exception as error:  # noqa: BLE001 - what the run failed with is asked for
        return {"status": status, "error": describe_error(error)}
    return {"status": status}


async def _status(request: Request) -> dict[str, Any]:
    with nemesis.ask_quietly():
        return await _read_status(request["runId"])


async def _await_end(request: Request) -> dict[str, Any]:
    deadline = time.monotonic() + request["timeoutMs"] / 1000
    with nemesis.ask_quietly():
        while time.monotonic() < deadline:
            if (await WORLD.runs_get(request["runId"])).status in _ENDED:
                break
            await asyncio.sleep(_ASK_S)
        return await _read_status(request["runId"])


async def _list_events(request: Request) -> list[dict[str, Any]]:
    events: list[Any] = []
    cursor = None
    while True:
        asked = {"sort_order": "asc", **({"cursor": cursor} if cursor else {})}
        page = await WORLD.events_list(
            request["runId"], pagination=interface.PaginationOptions(**asked)
        )
        events.extend(page.data)
        cursor = page.cursor if page.has_more else None
        if not cursor:
            return [_describe_event(event) for event in events]


def _describe_event(event: Any) -> dict[str, Any]:
    return {
        "eventId": event.server_props.event_id,
        "eventType": event.event_type,
        "correlationId": getattr(event, "correlation_id", None),
        "createdAtMs": event.server_props.created_at.timestamp() * 1000,
        "step": getattr(getattr(event, "event_data", None), "step_name", None),
    }


async def _read_stream(request: Request) -> dict[str, str]:
    with nemesis.ask_quietly():
        run = get_run(request["runId"])
        parts = [part async for part in run.readable_bytes(namespace=request.get("namespace"))]
    return {"text": b"".join(parts).decode()}


async def _read_attributes(request: Request) -> dict[str, str]:
    return dict((await WORLD.runs_get(request["runId"])).attributes or {})


async def _wake(request: Request) -> dict[str, Any]:
    """Queue the message that a World queues at its start for each active run."""
    run = await WORLD.runs_get(request["runId"])
    message = interface.WorkflowInvokePayload(run_id=run.run_id)
    await WORLD.queue(interface.get_queue_name(run.workflow_name), message)
    return {}


async def _redeliver(request: Request) -> dict[str, Any]:
    """Deliver again, unchanged, a message that a dead process had not acknowledged."""
    run = await WORLD.runs_get(request["runId"])
    named = {name: request.get(name) for name in ("runId", "stepId", "stepName")}
    delivery = nemesis.Delivery(
        prefix=_PREFIX,
        message={name: value for name, value in named.items() if value},
        attempt=request["attempt"] - 1,
        queue_name=interface.get_queue_name(run.workflow_name),
        message_id=request["messageId"],
    )
    await nemesis.deliver_again(delivery, 1)
    return {}


def _find(request: Request) -> nemesis.Delivery:
    found = nemesis.find_messages(request["runId"], request.get("kind"), request.get("step"))
    nth = request["nth"]
    if len(found) < nth:
        there = f"the run received {len(found)} such messages"
        raise LookupError(f"{there}; message {nth} does not exist")
    return found[nth - 1]


async def _deliver(request: Request) -> dict[str, Any]:
    await nemesis.deliver_again(_find(request), request["copies"])
    return {}


async def _export(request: Request) -> dict[str, str]:
    """Export a message unchanged, so that another process can deliver it."""
    delivery = _find(request)
    return {"message": base64.b64encode(pickle.dumps(delivery)).decode()}


async def _import(request: Request) -> dict[str, Any]:
    # Both ends are this app, in two processes of one harness.
    delivery = pickle.loads(base64.b64decode(request["message"]))  # noqa: S301
    await nemesis.deliver_again(replace(delivery), request["copies"])
    return {}


async def _start_world(request: Request) -> dict[str, Any]:
    """Start the World one more time than its documentation requires."""
    begin = getattr(WORLD, "start", None)
    done = begin() if begin else None
    if inspect.isawaitable(done):
        await done
    return {}


async def _open(request: Request) -> dict[str, Any]:
    """Open the unwrapped World again, with another environment."""
    kept = {name: os.environ.get(name) for name in request["env"]}
    os.environ.update(request["env"])
    try:
        # At once, before anything else sees the environment.
        find_entry(ABOUT["entry"])()
    finally:
        for name, text in kept.items():
            os.environ.pop(name) if text is None else os.environ.update({name: text})
    return {}


async def _cancel(request: Request) -> dict[str, Any]:
    await get_run(request["runId"]).terminate()
    return {}


async def _resume(request: Request) -> dict[str, Any]:
    await Payload(value=request["payload"]).resume(request["token"])
    return {}


async def _plan(request: Request) -> dict[str, Any]:
    nemesis.bind_plan(request["runId"], request["plan"])
    return {}


async def _release(request: Request) -> dict[str, Any]:
    nemesis.open_gate(request["runId"], request["gate"])
    return {}


async def _journal(request: Request) -> dict[str, Any]:
    return {"entries": nemesis.notes.read()}


#: Name on the wire -> what is done.
REQUESTS: dict[str, Callable[[Request], Awaitable[Any]]] = {
    "start": _start,
    "status": _status,
    "await": _await_end,
    "events": _list_events,
    "stream": _read_stream,
    "attributes": _read_attributes,
    "wake": _wake,
    "redeliver": _redeliver,
    "startWorld": _start_world,
    "open": _open,
    "cancel": _cancel,
    "resume": _resume,
    "deliver": _deliver,
    "export": _export,
    "import": _import,
    "plan": _plan,
    "release": _release,
    "journal": _journal,
}
