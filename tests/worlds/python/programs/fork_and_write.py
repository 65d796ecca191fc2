"""Forks while a World is open; parent and child write, and the parent closes it.

Argument: `python` for a fork that Python notices, `system` for one that it does not notice. Prints
what another process sees of the run that the child made last, or the child's error.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys

from opening import answer, new_run, open_world, run_beside  # type: ignore[import-not-found]
from world_harness_worlds import StorageError  # type: ignore[import-not-found]

world = open_world()
asyncio.run(new_run(world))
told, tell = os.pipe()
heard, say = os.pipe()


def be_child() -> None:
    try:
        asyncio.run(new_run(world))
        os.write(tell, b"ready")
        os.read(heard, 1)
        os.write(tell, asyncio.run(new_run(world)).encode())
    except StorageError as error:
        os.write(tell, str(error).encode())
    os.kill(os.getpid(), signal.SIGKILL)


child = os.fork() if sys.argv[1] == "python" else ctypes.PyDLL(None).fork()
if not child:
    be_child()
os.close(tell)
first = os.read(told, 1000).decode()
asyncio.run(new_run(world))
asyncio.run(world.aclose())
os.write(say, b".")
last = os.read(told, 1000).decode()
os.waitpid(child, 0)
answer(run_beside("read_all", last)["places"] if first == "ready" else first)
