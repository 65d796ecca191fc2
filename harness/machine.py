"""The machine, and the commit of the harness that runs on it."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import msgspec
import psutil


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine that the numbers were measured on."""

    system: str
    processor: str
    cores: int
    memory_bytes: int
    python: str
    node: str


def describe_machine(node_version: str) -> Machine:
    """Describe this machine."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=_find_processor(),
        cores=len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        python=platform.python_version(),
        node=node_version,
    )


def _find_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def find_commit() -> str:
    """Return the commit of the checkout, with `-dirty` if it has changes; empty without one."""
    folder = Path(__file__).parent.parent
    # An installed package may be in an environment inside another project's repository.
    if not (folder / ".git").exists():
        return ""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()
