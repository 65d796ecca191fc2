"""What this machine has, what would be downloaded, and what is missing."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec
import psutil

from harness.descriptions import Catalog, Line
from harness.errors import HarnessError
from harness.extras import suggest_extra
from harness.services.resolution import find_missing_extra, find_service_choices
from harness.workspaces.cache import cache_folder
from harness.workspaces.install import Install, is_installed, pin_line
from harness.workspaces.node import find_node
from harness.workspaces.toolchains import LinePackages, find_toolchain

#: Disk space that a session needs besides its installs.
_SESSION_BYTES = 1024**3
_OLDEST_PYTHON = (3, 11)


class Diagnosis(msgspec.Struct, frozen=True):
    """One checked item."""

    subject: str
    #: "optional" means missing, but no profile needs it.
    state: Literal["ready", "download", "optional", "missing"]
    detail: str


def examine(catalog: Catalog) -> list[Diagnosis]:
    """Check everything that a benchmark needs; download nothing."""
    findings = [_examine_python(), _examine_system()]
    try:
        node = find_node()
    except HarnessError as error:
        return [*findings, Diagnosis("Node", "missing", error.remedy)]
    findings.append(Diagnosis("Node", "ready", f"{node.version}, from a Python package"))
    missing = _list_missing_installs(catalog)
    installs = _examine_installs(catalog, missing)
    needed = sum(size for size in missing.values())
    return [*findings, *installs, *_examine_services(catalog), _examine_disk(needed)]


def _examine_python() -> Diagnosis:
    version = platform.python_version()
    if sys.version_info < _OLDEST_PYTHON:
        return Diagnosis("Python", "missing", f"{version}; the harness needs 3.11 or newer")
    return Diagnosis("Python", "ready", version)


def _examine_system() -> Diagnosis:
    memory = psutil.virtual_memory().total / 1024**3
    what = f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores, {memory:.0f} GiB"
    if importlib.util.find_spec("resource") is None:
        return Diagnosis("System", "missing", f"{what}; needs a POSIX system (WSL on Windows)")
    return Diagnosis("System", "ready", what)


def _list_missing_installs(catalog: Catalog) -> dict[str, int]:
    """Return line -> bytes, for the lines that are not installed yet."""
    missing = {}
    for line in filter(catalog.is_served, catalog.lines.values()):
        if not is_installed(_locate(catalog, line)):
            missing[line.id] = find_toolchain(line.language).install_bytes
    return missing


def _locate(catalog: Catalog, line: Line) -> Install:
    pins = pin_line(catalog.keep_worlds(()), line.id)
    return find_toolchain(line.language).locate(LinePackages(line=line.id, pins=pins, first=pins))


def _examine_installs(catalog: Catalog, missing: Mapping[str, int]) -> Iterator[Diagnosis]:
    for line in filter(catalog.is_served, catalog.lines.values()):
        if line.id not in missing:
            folder = _locate(catalog, line).folder
            yield Diagnosis(f"Line {line.id}", "ready", f"installed in {folder}")
            continue
        packages = find_toolchain(line.language).packages
        size = missing[line.id] // 1024**2
        yield Diagnosis(
            f"Line {line.id}", "download", f"about {size} MB of {packages} packages, on first use"
        )


def _examine_services(catalog: Catalog) -> Iterator[Diagnosis]:
    wanted = dict.fromkeys(name for world in catalog.worlds.values() for name in world.services)
    bundled = catalog.keep_worlds(()).worlds.values()
    needed = {name for world in bundled for name in world.services}
    for name in wanted:
        lacking: Literal["missing", "optional"] = "missing" if name in needed else "optional"
        if extra := find_missing_extra(name):
            detail = f"its driver is not installed: {suggest_extra(extra)}"
            yield Diagnosis(f"Service {name}", lacking, detail)
            continue
        choices = find_service_choices(name)
        ready = [choice for choice in choices if choice.available]
        detail = "; ".join(f"{choice.choice}: {choice.detail}" for choice in choices)
        yield Diagnosis(f"Service {name}", "ready" if ready else lacking, detail)


def _examine_disk(downloads: int) -> Diagnosis:
    folder = cache_folder()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    needed = downloads + _SESSION_BYTES
    detail = f"{free / 1024**3:.1f} GiB free for the cache in {folder}"
    if free < needed:
        return Diagnosis("Disk", "missing", f"{detail}; {needed / 1024**3:.1f} GiB are needed")
    return Diagnosis("Disk", "ready", detail)
