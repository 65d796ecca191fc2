"""The requests that every framework's app answers: its identity, one sample, and deliveries.

Importing it opens the World and then the workflows: the SDK requires this order. All
times are from the app's own clock, in milliseconds since the epoch.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

from vercel.workflow import Run, start
from world_harness_serving.service import Service

from .hooks import resume_hooks
from .probe import PARTIAL, probe
from .recovery import follow_runs, start_runs
from .streams import read_stream
from .world import RECORDING, TappedWorld

_SERVICE = Service(TappedWorld, recording=RECORDING)
deliver, describe_app = _SERVICE.deliver, _SERVICE.describe

_POLL_S = 1.0
_SETTLE_LIMIT_MS = 10_000.0
_TERMINAL = {"completed", "failed", "cancelled"}

__all__ = ["answer", "deliver", "describe_app"]


async def answer(request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a request of the harness: a sample, or runs to start or to follow."""
    await describe_app()
    if "started" in request:
        return await start_runs(request, _find_workflow(request))
    if "followed" in request:
        return await follow_runs(request, _SERVICE.world)
    return await _take_sample(request)


async def _take_sample(request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a workflow once and report its answer and all recorded times."""
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
    awaited = request["settleMs"] > 0 and reply["outcome"] != "timeout"
    settled = awaited and await probe.settle(request["settleMs"], _SETTLE_LIMIT_MS)
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


def _find_workflow(request: Mapping[str, Any]) -> Any:
    workflow = _SERVICE.workflows.get(request["workflow"])
    if workflow is None:
        raise LookupError(f"this app has no workflow named {request['workflow']}")
    return workflow


async def _run(request: Mapping[str, Any], reply: dict[str, Any]) -> None:
    run = await start(_find_workflow(request), *request["arguments"])
    reply.update(runId=run.run_id, startReturnedAtMs=probe.now())
    async with asyncio.TaskGroup() as reading:
        streams = [reading.create_task(read_stream(run, wanted)) for wanted in request["streams"]]
        resuming = reading.create_task(resume_hooks(request["hooks"]))
        reply["wokenBy"] = await _await_end(run)
        value = await run.return_value()
    reply["resumedAtMs"] = resuming.result()
    reply["answeredAtMs"] = probe.now()
    with probe.asking():
        record = await _SERVICE.world.runs_get(run.run_id)
    reply.update(
        outcome="completed",
        createdAtMs=_to_ms(record.created_at),
        startedAtMs=_to_ms(record.started_at),
        completedAtMs=_to_ms(record.completed_at),
        answer=_summarize(request["answer"], value),
        streams=[stream.result().summarize() for stream in streams],
    )


async def _await_end(run: Run[Any]) -> str:
    """Wait until the run ends: by a signal if this process writes the end, otherwise by polling."""
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
