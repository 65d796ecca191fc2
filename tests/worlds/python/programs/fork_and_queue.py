"""Forks while a World delivers; the child queues a message, and prints the message's owner."""

from __future__ import annotations

import asyncio
import os
import signal

from opening import answer, interface, open_world  # type: ignore[import-not-found]

world = open_world()
asyncio.run(world.start())
while world._worker.reserve() is None:
    continue
world._worker.forgo()

child = os.fork()
if not child:
    # A running parent would take the message at once.
    os.kill(os.getppid(), signal.SIGSTOP)
    try:
        message = interface.WorkflowInvokePayload(run_id="run")
        asyncio.run(world.queue("__wkf_workflow_w", message))
        owners = world._store.read(lambda s: s.all("SELECT owner FROM messages")).result()
    finally:
        # In any case: a parent that stays stopped would hide the child's error.
        os.kill(os.getppid(), signal.SIGCONT)
    answer([owner for (owner,) in owners])
    os._exit(0)
os.waitpid(child, 0)
