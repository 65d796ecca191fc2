"""Gives a worker a message that it does not know, on a store that runs each transaction twice.

A World repeats a transaction that the server ended. Prints who owned the message after each of the
next two heartbeats.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

from opening import answer, open_world  # type: ignore[import-not-found]

os.environ["WORKFLOW_QUEUE_LEASE_SECONDS"] = "1"
world = open_world()
write = world._store.write
seen: list[str] = []
enough = threading.Event()


def write_twice(act: Any, *, lasting: bool = True) -> Any:
    def do(session: Any) -> Any:
        act(session)
        value = act(session)
        owners = session.all("SELECT owner FROM messages")
        if owners:
            seen.append("worker" if owners[0][0] == world._worker._owner else "none")
        if len(seen) >= 2:
            enough.set()
        return value

    return write(do, lasting=lasting)


def put(session: Any) -> None:
    session.run(
        "INSERT INTO messages (message_id, queue_name, due_ms, attempt, owner, dead, data) "
        "VALUES ('msg', 'queue', 0, 1, ?, 0, ?)",
        (world._worker._owner, b"x"),
    )


async def main() -> None:
    await world.start()
    while world._worker.reserve() is None:
        await asyncio.sleep(0)
    world._worker.forgo()
    world._store.write = write_twice
    await asyncio.wrap_future(write(put))
    await asyncio.to_thread(enough.wait)
    answer(seen[:2])
    os._exit(0)


asyncio.run(main())
