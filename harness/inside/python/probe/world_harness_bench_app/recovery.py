"""Runs that outlive their process: started and left, or followed by another process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from vercel.workflow import get_run, start

from .probe import probe

_ENTRY_PAUSE_S = 0.005
_FOLLOW_PAUSE_S = 0.1
_ENDED = {"completed", "failed", "cancelled"}


async def start_runs(request: Mapping[str, Any], workflow: Any) -> dict[str, Any]:
    """Start runs and leave them, when each has entered a step."""
    async with asyncio.timeout(request["timeoutMs"] / 1000):
        runs = [await start(workflow, *arguments) for arguments in request["started"]]
        run_ids = [run.run_id for run in runs]
        while not all(map(probe.has_entered, run_ids)):
            await asyncio.sleep(_ENTRY_PAUSE_S)
    return {"runIds": run_ids}


async def follow_runs(request: Mapping[str, Any], world: Any) -> dict[str, Any]:
    """Wait until runs have ended, or the time is over; return how each stands."""
    deadline_ms = probe.now() + request["timeoutMs"]
    following = (_follow(run_id, deadline_ms, world) for run_id in request["followed"])
    return {"runs": list(await asyncio.gather(*following))}


async def _follow(run_id: str, deadline_ms: float, world: Any) -> dict[str, Any]:
    """Follow one run. Its record says when it ended, so that asking rarely costs no accuracy."""
    run = get_run(run_id)
    status = str(await run.status())
    while status not in _ENDED and probe.now() < deadline_ms:
        await asyncio.sleep(_FOLLOW_PAUSE_S)
        status = str(await run.status())
    if status != "completed":
        return {"runId": run_id, "status": status}
    record = await world.runs_get(run_id)
    return {
        "runId": run_id,
        "status": status,
        "answer": await run.return_value(),
        "completedAtMs": record.completed_at and record.completed_at.timestamp() * 1000,
    }
