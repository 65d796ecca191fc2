"""Concurrent and killed writers: no acknowledged write is lost or duplicated.

`WORLD_HARNESS_SOAK=60` (`nox -s soak`) has them write for a minute; otherwise it is seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.worlds.python.running import HANGS_S, Place

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("WORLD_HARNESS_SOAK", "1.5"))
PROCESSES, WRITERS = 4, 16
KILL_EVERY_S = 1.0
#: What a writer's number says of what it wrote.
KINDS = {"0": "events", "1": "events", "2": "chunks", "3": "messages"}


def start_writer(
    place: Place, run: list[str], noted: Path, seconds: float = SECONDS
) -> subprocess.Popen[bytes]:
    return place.start("write_until_time", *run, WRITERS, seconds, noted)


def await_writing(writer: subprocess.Popen[bytes], noted: Path) -> None:
    """Wait until something that a process wrote was acknowledged."""
    begins = f" {writer.pid}-"
    deadline = time.monotonic() + HANGS_S
    while not noted.exists() or begins not in noted.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def read_noted(noted: Path) -> dict[str, list[str]]:
    """Return what was acknowledged, by kind; a line without an end was not."""
    found: dict[str, list[str]] = {"events": [], "chunks": [], "messages": []}
    for line in noted.read_text().rpartition("\n")[0].splitlines():
        kind, _, text = line.partition(" ")
        found[KINDS[kind]].append(text)
    return found


def check(place: Place, run: list[str], noted: Path) -> dict[str, Any]:
    """See that the storage holds what was acknowledged, once and in order; return what it holds."""
    stored: dict[str, Any] = place.run("read_all", run[0])
    assert stored["places"] == list(range(1, len(stored["places"]) + 1))
    assert stored["ids-rise"]
    acknowledged = read_noted(noted)
    for kind, texts in acknowledged.items():
        assert len(set(stored[kind])) == len(stored[kind]), f"some {kind} are there twice"
        assert set(texts) <= set(stored[kind]), f"some {kind} are lost"
    check_order(stored)
    return stored


def check_order(stored: dict[str, Any]) -> None:
    """See that what one writer wrote one after another stands in that order."""
    for kind in ("events", "chunks"):
        last: dict[str, int] = {}
        for text in stored[kind]:
            writer, _, number = text.rpartition("-")
            assert int(number) > last.get(writer, -1)
            last[writer] = int(number)
        assert last


def test_concurrent_writers_lose_nothing_and_leave_no_gap(place: Place, tmp_path: Path) -> None:
    run, noted = place.run("prepare_run"), tmp_path / "noted"
    writers = [start_writer(place, run, noted) for _ in range(PROCESSES)]
    assert [writer.wait(SECONDS + 60) for writer in writers] == [0] * PROCESSES
    stored = check(place, run, noted)
    for kind, texts in read_noted(noted).items():
        assert len({text.rpartition("-")[0] for text in texts}) == PROCESSES * WRITERS
        assert sorted(texts) == sorted(stored[kind])


def test_killing_a_writer_loses_no_acknowledged_write(place: Place, tmp_path: Path) -> None:
    run, noted = place.run("prepare_run"), tmp_path / "noted"
    until = time.monotonic() + SECONDS
    writers = [start_writer(place, run, noted, HANGS_S + SECONDS) for _ in range(PROCESSES)]
    killed = []
    while writers:
        # One that has not begun to write has nothing to lose.
        await_writing(writers[0], noted)
        time.sleep(KILL_EVERY_S if SECONDS > KILL_EVERY_S * PROCESSES else 0.2)
        killed.append(writers.pop(0))
        killed[-1].kill()
        if time.monotonic() < until:
            writers.append(start_writer(place, run, noted, HANGS_S + SECONDS))
    assert [writer.wait() for writer in killed] == [-signal.SIGKILL] * len(killed)
    assert len(killed) >= PROCESSES
    check(place, run, noted)
