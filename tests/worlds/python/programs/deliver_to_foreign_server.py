"""Sends messages to a server that gives the same response to every request.

Arguments: the status and the body of the response. Prints how many messages are left after each was
delivered once, what the store notes about them, and what was logged.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys

from opening import answer, interface, open_world  # type: ignore[import-not-found]

MESSAGES = 3
status, body = sys.argv[1], sys.argv[2].encode()
logged: list[str] = []


class Note(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        logged.append(record.getMessage())


class Stranger:
    def __init__(self) -> None:
        self.asked = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        (length,) = (
            int(line.partition(b":")[2])
            for line in request.lower().splitlines()
            if line.startswith(b"content-length:")
        )
        await reader.readexactly(length)
        answered = (
            f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(answered.encode())
        writer.write(body)
        self.asked += 1
        writer.close()


async def main() -> None:
    logging.getLogger("world_harness_worlds").addHandler(Note())
    stranger = Stranger()
    server = await asyncio.start_server(stranger.answer, "127.0.0.1", 0)
    os.environ["WORKFLOW_BASE_URL"] = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    world = open_world()
    await world.start()
    for number in range(MESSAGES):
        await world.queue("__wkf_workflow_w", interface.WorkflowInvokePayload(run_id=f"r{number}"))
    while stranger.asked < MESSAGES:
        await asyncio.sleep(0.01)
    await world.aclose()
    server.close()
    later = open_world()
    rows = later._store.read(lambda s: s.all("SELECT trouble FROM messages")).result()
    answer({"left": len(rows), "noted": sorted({str(row[0]) for row in rows}), "logged": logged})
    await later.aclose()


asyncio.run(main())
