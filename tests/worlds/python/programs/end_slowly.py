"""Closes a lane whose threads end in Python long before they end in the system.

A C library frees the data that it keeps for a thread when the system ends the thread; here that
takes a while. Prints how many threads of the lane the system had before closing, and after.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from opening import answer  # type: ignore[import-not-found]
from world_harness_worlds import lanes  # type: ignore[import-not-found]

ENDING_US = 300_000
libc = ctypes.CDLL(None)
key = ctypes.c_uint()
libc.pthread_key_create(ctypes.byref(key), libc.usleep)


def work(take: lanes.Take) -> None:
    libc.pthread_setspecific(key, ctypes.c_void_p(ENDING_US))
    while (job := take(True)) is not None:
        job.answer(job.act(None))


def list_threads() -> set[int]:
    return {int(task.name) for task in Path("/proc/self/task").iterdir()} - {os.getpid()}


lane = lanes.Lane("lane", 3, work)
job = lanes.Job(lambda _: None, lasting=True)
lane.begin(job)
job.future.result()
before = list_threads()
ended = lane.close()
answer({"before": len(before), "ended": ended, "after": len(list_threads() & before)})
