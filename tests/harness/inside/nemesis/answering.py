"""Requests on stdin, a JSON line each, and answers on stdout; several can be under way."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any


async def serve(act: Callable[[str, dict[str, Any]], Awaitable[Any]], own: object = None) -> None:
    """Answer requests until stdin ends.

    Args:
        act: Does what is asked.
        own: An error whose very identity the answer is to tell.
    """
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def answer(number: int, do: str, request: dict[str, Any]) -> None:
        try:
            reply = {"answer": await act(do, request)}
        except Exception as error:  # noqa: BLE001 - an error is an answer
            told = {"name": type(error).__name__, "message": str(error), "own": error is own}
            reply = {"error": {**vars(error), **told}}
        sys.stdout.write(json.dumps({"id": number, **reply}, default=str) + "\n")
        sys.stdout.flush()

    tasks = set()
    while line := await reader.readline():
        request = json.loads(line)
        tasks.add(asyncio.create_task(answer(request.pop("id"), request.pop("do"), request)))
