"""What this machine has, what would be downloaded, and what is missing."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from collections.abc import Iterator
from typing import Literal

import msgspec
import psutil

from harness.descriptions import Catalog
from harness.errors import HarnessError
from harness.services.resolution import find_service_choices
from harness.workspaces.cache import cache_folder
from harness.workspaces.install import is_installed, locate_install, pin_line
from harness.workspaces.node import Node, find_node

#: What one install takes, with its builds, and what a session needs beside it.
_INSTALL_BYTES = 700 * 1024**2
_SESSION_BYTES = 1024**3
_OLDEST_PYTHON = (3, 11)


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at."""

    subject: str
    #: "optional" is missing too, but no profile needs it.
    state: Literal["ready", "download", "optional", "missing"]
    detail: str


def examine(catalog: Catalog) -> list[Finding]:
    """Look at everything that a benchmark needs; never downloads anything."""
    findings = [_examine_python(), _examine_system()]
    try:
        node = find_node()
    except HarnessError as error:
        return [*findings, Finding("Node", "missing", error.remedy)]
    findings.append(Finding("Node", "ready", f"{node.version}, from a Python package"))
    installs = list(_examine_installs(catalog, node))
    downloads = sum(finding.state == "download" for finding in installs)
    return [*findings, *installs, *_examine_services(catalog), _examine_disk(downloads)]


def _examine_python() -> Finding:
    version = platform.python_version()
    if sys.version_info < _OLDEST_PYTHON:
        return Finding("Python", "missing", f"{version}; 3.11 or newer is needed")
    return Finding("Python", "ready", version)


def _examine_system() -> Finding:
    memory = psutil.virtual_memory().total / 1024**3
    what = f"{platform.system()} {platform.machine()}, {psutil.cpu_count()} cores, {memory:.0f} GiB"
    if importlib.util.find_spec("resource") is None:
        return Finding("System", "missing", f"{what}; a POSIX system is needed (WSL on Windows)")
    return Finding("System", "ready", what)


def _examine_installs(catalog: Catalog, node: Node) -> Iterator[Finding]:
    bundled = catalog.keep_worlds(())
    for line in filter(catalog.is_served, catalog.lines.values()):
        install = locate_install(line.id, pin_line(bundled, line.id), node)
        if is_installed(install):
            yield Finding(f"Line {line.id}", "ready", f"installed in {install.folder}")
        else:
            size = _INSTALL_BYTES // 1024**2
            yield Finding(
                f"Line {line.id}", "download", f"about {size} MB of npm packages, on first use"
            )


def _examine_services(catalog: Catalog) -> Iterator[Finding]:
    wanted = dict.fromkeys(name for world in catalog.worlds.values() for name in world.services)
    bundled = catalog.keep_worlds(()).worlds.values()
    needed = {name for world in bundled for name in world.services}
    for name in wanted:
        choices = find_service_choices(name)
        ready = [choice for choice in choices if choice.available]
        detail = "; ".join(f"{choice.choice}: {choice.detail}" for choice in choices)
        lacking: Literal["missing", "optional"] = "missing" if name in needed else "optional"
        yield Finding(f"Service {name}", "ready" if ready else lacking, detail)


def _examine_disk(downloads: int) -> Finding:
    folder = cache_folder()
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    needed = downloads * _INSTALL_BYTES + _SESSION_BYTES
    detail = f"{free / 1024**3:.1f} GiB free for the cache in {folder}"
    if free < needed:
        return Finding("Disk", "missing", f"{detail}; {needed / 1024**3:.1f} GiB are needed")
    return Finding("Disk", "ready", detail)
