"""Measures a whole command: wall time and peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec


class Spent(msgspec.Struct, frozen=True):
    """One run of a command: wall time in seconds, peak memory in bytes, and its exit code."""

    seconds: float
    memory_bytes: int
    code: int


#: The command of the harness, as installed for the current Python.
PROGRAM = Path(sys.executable).parent / "world-harness"


def time_command(*words: str | Path) -> Spent:
    """Run a command to its end, and discard its output.

    A small intermediate process starts the command, because the peak memory that the system reports
    for a process includes the memory of its parent at the start.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__, *words], check=True, capture_output=True, text=True
    )
    return msgspec.json.decode(done.stdout, type=Spent)


def run_command(words: Sequence[str]) -> Spent:
    """Run a command from this process."""
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return Spent(seconds, used.ru_maxrss * unit, process.returncode)


if __name__ == "__main__":
    sys.stdout.write(msgspec.json.encode(run_command(sys.argv[1:])).decode())
