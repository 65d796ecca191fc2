"""How a line is installed and its programs run: npm and Node, or pip in a virtual environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Protocol

from harness.descriptions import Language
from harness.workspaces.cache import cache_folder, digest, obtain, python_environment
from harness.workspaces.environments import make_environment
from harness.workspaces.install import Install, install_line, locate_install
from harness.workspaces.node import find_node

_NOTHING: Mapping[str, str] = {}


class Toolchain(Protocol):
    """How one language installs pinned packages and runs programs with them."""

    #: The kind of packages: `npm`, `Python`.
    packages: str
    #: Approximate disk space of an install with its builds.
    install_bytes: int

    def locate(
        self,
        line: str,
        pins: dict[str, str],
        first: Mapping[str, str],
        overrides: Mapping[str, str] = _NOTHING,
    ) -> Install:
        """Return the install, which may not exist yet; arguments as :meth:`install`."""

    def install(
        self,
        line: str,
        pins: dict[str, str],
        first: Mapping[str, str],
        overrides: Mapping[str, str] = _NOTHING,
    ) -> Install:
        """Install the packages of a line, unless they are installed already.

        Args:
            line: The line's id.
            pins: Package -> exact version.
            first: The pins whose dependencies have priority if two packages need different
                versions of a third.
            overrides: The pins that apply no matter what other packages depend on. pip has no
                overrides, and refuses versions that conflict.

        Raises:
            InstallError: quotes the end of the log.
        """

    def environment(self, install: Install) -> dict[str, str]:
        """Return the environment of every program of the install."""


class NodeToolchain:
    """npm and Node."""

    packages = "npm"
    install_bytes = 700 * 1024**2

    def locate(
        self,
        line: str,
        pins: dict[str, str],
        first: Mapping[str, str],
        overrides: Mapping[str, str] = _NOTHING,
    ) -> Install:
        """Return the install, which may not exist yet."""
        return locate_install(line, pins, find_node(), first=first, overrides=overrides)

    def install(
        self,
        line: str,
        pins: dict[str, str],
        first: Mapping[str, str],
        overrides: Mapping[str, str] = _NOTHING,
    ) -> Install:
        """Install with npm."""
        return install_line(line, pins, find_node(), first=first, overrides=overrides)

    def environment(self, install: Install) -> dict[str, str]:
        """Return an environment with the install's commands, then Node, first in PATH."""
        return find_node().environment(install.binaries)


class PythonToolchain:
    """pip, with one virtual environment per line."""

    packages = "Python"
    install_bytes = 150 * 1024**2

    def locate(
        self,
        line: str,
        pins: dict[str, str],
        first: Mapping[str, str],
        overrides: Mapping[str, str] = _NOTHING,
    ) -> Install:
        """Return the environment, which may not exist yet; pip resolves all pins together."""
        key = digest({"pins": pins, "python": sys.version, "at": sys.base_prefix})
        folder = cache_folder() / "installs" / f"{line}-{key}"
        return Install(line, folder, pins, folder / "bin")

    def install(
        self,
        line: str,
        pins: dict[str, str],
        first: Mapping[str, str],
        overrides: Mapping[str, str] = _NOTHING,
    ) -> Install:
        """Install with pip."""
        install = self.locate(line, pins, first)
        obtain(install.folder, lambda folder: make_environment(folder, f"line {line}", pins))
        return install

    def environment(self, install: Install) -> dict[str, str]:
        """Return an environment with the commands of the virtual environment first in PATH."""
        env = python_environment()
        path = os.pathsep.join([str(install.binaries), env.get("PATH", "")])
        return {**env, "PATH": path, "VIRTUAL_ENV": str(install.folder), "PYTHONUNBUFFERED": "1"}


_TOOLCHAINS: Mapping[Language, Toolchain] = {
    "typescript": NodeToolchain(),
    "python": PythonToolchain(),
}


def find_toolchain(language: Language) -> Toolchain:
    """Return the toolchain of a language."""
    return _TOOLCHAINS[language]
