"""A workflow whose structure is its argument."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from vercel.workflow import sleep
from world_harness_nemesis.payloads import Payload

from .bodies import Work, labor
from .registry import registry

#: `program.ts` describes it.
Program: TypeAlias = dict[str, Any]


@registry.step(max_retries=0)
async def once(key: str, work: Work) -> str:
    """Run a step that is tried once."""
    return await labor("once", key, work)


@registry.step(max_retries=1)
async def twice(key: str, work: Work) -> str:
    """Run a step that is tried up to twice."""
    return await labor("twice", key, work)


@registry.step(max_retries=3)
async def often(key: str, work: Work) -> str:
    """Run a step that is tried up to four times."""
    return await labor("often", key, work)


_BY_RETRIES = {0: once, 1: twice, 3: often}


async def race(parts: Sequence[Awaitable[Any]]) -> Any:
    """Return the result, or raise the error, of the first part to end; the others continue.

    If two parts end in one replay, the one whose outcome comes first in the log is the first.
    """
    first: asyncio.Future[asyncio.Future[Any]] = asyncio.get_running_loop().create_future()

    def note(done: asyncio.Future[Any]) -> None:
        if not first.done():
            first.set_result(done)

    # The errors of the losers are not awaited.
    running = [asyncio.ensure_future(part) for part in parts]
    for part in running:
        part.add_done_callback(note)
    return (await first).result()


async def _collect(token: str, count: int) -> list[Any]:
    payloads: list[Any] = []
    async for payload in Payload.wait(token=token):
        payloads.append(payload.value)
        if len(payloads) >= count:
            break
    return payloads


async def _in_turn(parts: Sequence[Program]) -> list[Any]:
    return [await _perform(part) for part in parts]


async def _catch(part: Program) -> Any:
    try:
        return await _perform(part)
    except Exception as error:  # noqa: BLE001 - whatever a step ends with is caught
        return {"caught": str(error)}


async def _sleep(ms: int) -> str:
    await sleep(ms / 1000)
    return f"slept {ms}"


async def _step(shape: Program) -> str:
    work = {name: value for name, value in shape.items() if name not in {"step", "retries"}}
    return await _BY_RETRIES[shape.get("retries", 3)](shape["step"], work)


async def _together(parts: Sequence[Program]) -> list[Any]:
    return list(await asyncio.gather(*map(_perform, parts)))


#: Key that identifies the kind of a shape -> function; the first matching key counts.
_PERFORMERS: dict[str, Callable[[Program], Awaitable[Any]]] = {
    "step": _step,
    "all": lambda shape: _together(shape["all"]),
    "race": lambda shape: race([_perform(part) for part in shape["race"]]),
    "sleep": lambda shape: _sleep(shape["sleep"]),
    "hook": lambda shape: _collect(shape["hook"], shape.get("count", 1)),
    "caught": lambda shape: _catch(shape["caught"]),
    "seq": lambda shape: _in_turn(shape["seq"]),
}


async def _perform(shape: Program) -> Any:
    perform = next(found for name, found in _PERFORMERS.items() if name in shape)
    return await perform(shape)


@registry.workflow
async def program(shape: Program) -> Any:
    """Run a program, and return the results of its parts in the same structure."""
    return await _perform(shape)
