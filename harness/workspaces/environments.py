"""The packages of a Python World, in their own virtual environment."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from harness.errors import InstallError
from harness.programs.commands import run_logged
from harness.workspaces.cache import cache_folder, digest, obtain
from harness.workspaces.install import locate_log

_NO_VERSION = re.compile(
    r"Could not find a version that satisfies the requirement (?P<wanted>\S+) "
    r"\(from versions: (?P<known>[^)]*)\)"
)
_OTHER_PYTHON = re.compile(r"Requires-Python (?P<required>[^;\s]+)")
_UNREACHABLE = re.compile(r"NewConnectionError|Temporary failure in name resolution|ProxyError")
_SHOWN_VERSIONS = 8


def locate_environment(title: str, pins: Mapping[str, str]) -> Path:
    """Return the folder of the environment; it may not exist yet."""
    key = digest({"pins": pins, "python": sys.version, "at": sys.base_prefix})
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", title).strip("-.")
    return cache_folder() / "worlds" / f"{name}-{key}"


def install_environment(title: str, pins: Mapping[str, str]) -> Path:
    """Make a virtual environment with packages if it is missing; return its interpreter.

    Args:
        title: Used in the folder's name and in errors.
        pins: Distribution -> exact version.

    Raises:
        InstallError: the environment cannot be made, or pip failed; quotes the end of its log.
    """
    return _interpreter(
        obtain(
            locate_environment(title, pins), lambda folder: make_environment(folder, title, pins)
        )
    )


def _interpreter(folder: Path) -> Path:
    return folder / "bin" / "python"


def make_environment(folder: Path, title: str, pins: Mapping[str, str]) -> None:
    """Make a virtual environment with packages in an empty folder.

    Raises:
        InstallError: the environment cannot be made, or pip failed; quotes the end of its log.
    """
    log = locate_log(folder)
    run_logged(
        [sys.executable, "-m", "venv", folder],
        folder=folder,
        env=os.environ,
        log=log,
        failure=InstallError,
        what=f"cannot make a virtual environment for {title}",
        remedy="install Python's venv module (Debian: apt install python3-venv)",
    )
    wanted = [f"{package}=={version}" for package, version in pins.items()]
    options = ["--no-input", "--disable-pip-version-check"]
    try:
        run_logged(
            [_interpreter(folder), "-m", "pip", "install", *options, *wanted],
            folder=folder,
            env=os.environ,
            log=log,
            failure=InstallError,
            what=f"pip could not install {' '.join(wanted)} for {title}",
            remedy="read pip's log; if a version does not exist, choose another",
        )
    except InstallError as error:
        raise _explain(error, log) from error


def _explain(error: InstallError, log: Path) -> InstallError:
    text = log.read_text(encoding="utf-8", errors="replace")
    if _UNREACHABLE.search(text):
        return InstallError(
            "pip cannot reach the Python package index",
            cause=error.cause,
            remedy="check the network, the proxy and `pip config list`, then run again",
        )
    found = _NO_VERSION.search(text)
    if not found:
        return error
    package, _, version = found["wanted"].partition("==")
    known = [name.strip() for name in found["known"].split(",") if name.strip() != "none"]
    other = _OTHER_PYTHON.search(text)
    if not known:
        return InstallError(
            f"the index has no package {package} for this Python",
            cause=f"it needs Python {other['required']}" if other else error.cause,
            remedy="check the package's name, or use another Python",
        )
    shown = ", ".join(reversed(known[-_SHOWN_VERSIONS:]))
    more = " and older ones" if len(known) > _SHOWN_VERSIONS else ""
    return InstallError(f"{package} has no version {version}", remedy=f"choose from {shown}{more}")
