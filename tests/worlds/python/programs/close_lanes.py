"""Closes an idle lane, and one whose work does not end; prints what the calls returned."""

from __future__ import annotations

import threading

from opening import answer  # type: ignore[import-not-found]
from world_harness_worlds import lanes  # type: ignore[import-not-found]


def work(take: lanes.Take) -> None:
    while (job := take(True)) is not None:
        job.answer(job.act(None))


lanes.CLOSE_S = 0.1
idle, busy = lanes.Lane("idle", 2, work), lanes.Lane("busy", 1, work)
goes_on = threading.Event()
waiting = lanes.Job(lambda _: goes_on.wait(), lasting=True)
begun = busy.begin(waiting)
ended = [idle.close(), busy.close()]
late = [lane.begin(lanes.Job(lambda _: None, lasting=True)) for lane in (idle, busy)]
goes_on.set()
answer({"begun": begun, "ended": ended, "late": late, "answered": waiting.future.result()})
