"""What every framework's app answers: a description of itself, one sample, and its deliveries.

Importing it opens the World and then the workflows, which is the order that the SDK asks for. All
times are the app's own clock, in milliseconds since the epoch.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import os
import platform
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from vercel.workflow import Run, start

from .local import ENDPOINT
from .probe import PARTIAL, probe
from .program import find_workflows, import_workflows
from .sdk import set_world
from .streams import read_stream
from .world import RECORDING, open_world

T = TypeVar("T")

_ABOUT = json.loads(Path(__file__).with_name("about.json").read_bytes())
WORLD = open_world(_ABOUT["entry"])
set_world(WORLD)
_PROGRAM = import_workflows()
_WORKFLOWS = find_workflows(_PROGRAM)

_POLL_S = 1.0
_SETTLE_LIMIT_MS = 10_000.0
_TERMINAL = {"completed", "failed", "cancelled"}

__all__ = ["ENDPOINT", "answer", "deliver", "describe_app"]

_started: asyncio.Task[None] | None = None


async def describe_app() -> dict[str, Any]:
    """Say what this app is; the first time, start the World if its documentation asks for that."""
    global _started
    if _started is None:
        _started = asyncio.create_task(_start_world())
    await asyncio.shield(_started)
    return {
        "line": _ABOUT["line"],
        "framework": _ABOUT["framework"],
        "world": _ABOUT["world"],
        "node": "",
        "python": platform.python_version(),
        "pid": os.getpid(),
        "recording": RECORDING,
        "workflows": list(_WORKFLOWS),
    }


async def _start_world() -> None:
    if _ABOUT["startsWorld"]:
        done = WORLD.start()
        if inspect.isawaitable(done):
            await done


class Delivery:
    """A request of the queue, as the SDK's handler wants it."""

    def __init__(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self._body = body

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Give the body, in one piece."""
        yield self._body


async def deliver(
    method: str, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """Let the SDK handle a delivery; returns status, headers and body of its answer."""
    response = await _PROGRAM.registry.http_handler(Delivery(method, url, headers, body))
    return response.status, response.headers, response.body


async def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a workflow once and report its answer and every time that was seen on the way."""
    await describe_app()
    reply: dict[str, Any] = {"outcome": "failed", "calledAtMs": probe.now()}
    probe.open_ledger()
    try:
        async with asyncio.timeout(request["timeoutMs"] / 1000):
            await _run(request, reply)
    except TimeoutError:
        reply["outcome"] = "timeout"
        reply["error"] = f"no end within {request['timeoutMs']:g} ms"
    except Exception as error:  # noqa: BLE001 - whatever a run can die of is its outcome
        reply["error"] = _describe(error)
    run_id = reply.get("runId", "")
    timed_out = reply["outcome"] == "timeout"
    settled = not timed_out and await probe.settle(request["settleMs"], _SETTLE_LIMIT_MS)
    probe.forget_ending(run_id)
    ledger, marks = probe.close_ledger(), probe.take_marks(run_id)
    return {
        **reply,
        "settled": settled,
        "partial": PARTIAL,
        # Of steps that ran in other processes nothing is known here.
        "steps": [] if PARTIAL else marks,
        "ledger": ledger and _name_on_wire(vars(ledger)),
    }


async def _run(request: Mapping[str, Any], reply: dict[str, Any]) -> None:
    workflow = _WORKFLOWS.get(request["workflow"])
    if workflow is None:
        raise LookupError(f"this app has no workflow named {request['workflow']}")
    run = await start(workflow, *request["arguments"])
    reply.update(runId=run.run_id, startReturnedAtMs=probe.now())
    async with asyncio.TaskGroup() as reading:
        streams = [reading.create_task(read_stream(run, wanted)) for wanted in request["streams"]]
        reply["wokenBy"] = await _await_end(run)
        value = await run.return_value()
    reply["answeredAtMs"] = probe.now()
    with probe.asking():
        record = await WORLD.runs_get(run.run_id)
    reply.update(
        outcome="completed",
        createdAtMs=_to_ms(record.created_at),
        startedAtMs=_to_ms(record.started_at),
        completedAtMs=_to_ms(record.completed_at),
        answer=_summarize(request["answer"], value),
        streams=[stream.result().summarize() for stream in streams],
    )


async def _await_end(run: Run[Any]) -> str:
    """Wait until the run ends: woken by this process where it writes the end, else by asking."""
    ending = probe.ending(run.run_id)
    while True:
        try:
            async with asyncio.timeout(_POLL_S):
                await ending.wait()
        except TimeoutError:
            if ending.is_set():
                return "signal"
            with probe.asking():
                if await run.status() in _TERMINAL:
                    return "poll"
        else:
            return "signal"


def _describe(error: Exception) -> str:
    """Say what went wrong: of several things that were under way, the first."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def _summarize(kind: str, value: Any) -> Any:
    if kind == "digest":
        return hashlib.sha256(value.encode()).hexdigest()
    if kind == "digests":
        return [hashlib.sha256(item.encode()).hexdigest() for item in value]
    return value


def _to_ms(at: Any) -> float | None:
    return None if at is None else at.timestamp() * 1000


def _name_on_wire(record: Mapping[str, Any]) -> dict[str, Any]:
    return {_camel(name): value for name, value in record.items()}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
