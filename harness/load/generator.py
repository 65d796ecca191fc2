"""Start runs at their planned times, without waiting for earlier runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import httpx
import msgspec

from harness.deployments.client import SampleReply, SampleRequest
from harness.load.arrivals import Arrival
from harness.results.records import SampleOutcome

#: How long after the time limit of a run the app may still answer.
_GRACE_S = 10.0


class Answered(msgspec.Struct, frozen=True):
    """One start and its result; times in ms since the planned start."""

    arrival: Arrival
    late_ms: float
    #: Time until its answer, until a reply that is not an answer, or until its time limit.
    ended_ms: float
    reply: SampleReply | None
    #: Why there is no answer.
    error: str = ""

    @property
    def latency_ms(self) -> float | None:
        """Time until its answer came; `None` if none came."""
        return self.ended_ms if self.reply else None

    @property
    def failed_ms(self) -> float | None:
        """Time until it was known that no answer would come; `None` if one came."""
        return None if self.reply else self.ended_ms


Judge = Callable[[SampleRequest, SampleReply], tuple[SampleOutcome, str | None]]


async def generate(
    base_url: str,
    headers: dict[str, str],
    arrivals: Sequence[Arrival],
    make: Callable[[Arrival], SampleRequest],
    ended: Callable[[Answered], None],
    *,
    describe: Callable[[httpx.HTTPError], str] = str,
    begin: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Start every run at its planned time, and report each when its answer comes.

    A run that is sent late, because this process or the app was busy, is still measured from its
    planned start. So the measured latency includes all waiting (no coordinated
    omission).

    Args:
        base_url: Where the app answers.
        headers: Sent with every request.
        arrivals: The planned starts.
        make: Makes the request of a start, before it is due.
        ended: Called once for every start.
        describe: Describes an error without secrets.
        begin: Waits until the plan begins; by default it begins at once.
    """
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    requests = [
        (arrival, request.timeout_ms, msgspec.json.encode(request))
        for arrival in arrivals
        for request in (make(arrival),)
    ]
    async with httpx.AsyncClient(
        base_url=base_url, headers=headers, limits=limits, trust_env=False
    ) as client:
        if begin:
            await begin()
        zero = time.monotonic()
        async with asyncio.TaskGroup() as running:
            for arrival, timeout_ms, content in requests:
                due = zero + arrival.due_ms / 1000
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                running.create_task(
                    _start(client, arrival, due, timeout_ms, content, ended, describe)
                )


async def _start(
    client: httpx.AsyncClient,
    arrival: Arrival,
    due: float,
    timeout_ms: float,
    content: bytes,
    ended: Callable[[Answered], None],
    describe: Callable[[httpx.HTTPError], str],
) -> None:
    late_ms = _measure_since(due)
    try:
        answer = await client.post(
            "/world-harness/requests",
            content=content,
            headers={"content-type": "application/json"},
            timeout=timeout_ms / 1000 + _GRACE_S,
        )
        ended_ms = _measure_since(due)
        answer.raise_for_status()
        reply = msgspec.json.decode(answer.content, type=SampleReply)
    except httpx.HTTPError as error:
        ended(Answered(arrival, late_ms, _measure_since(due), None, describe(error)))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        ended(Answered(arrival, late_ms, ended_ms, None, f"not an answer of an app: {error}"))
    else:
        ended(Answered(arrival, late_ms, ended_ms, reply))


def _measure_since(moment: float) -> float:
    return (time.monotonic() - moment) * 1000
