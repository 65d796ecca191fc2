"""What installs a line and runs its programs: npm and Node, or pip in a virtual environment."""

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
    """One language's way from pins to programs that run."""

    #: Whose packages they are: `npm`, `Python`.
    packages: str
    #: What an install takes on the disk with its builds, roughly.
    install_bytes: int

    def locate(
        self,
        line: str,
        pins: dict[str, str],
        first: Mapping[str, str],
        overrides: Mapping[str, str] = _NOTHING,
    ) -> Install:
        """Return where the install is, or will be; arguments as :meth:`install`."""

    def install(
        self,
        line: str,
        pins: dict[str, str],
        first: Mapping[str, str],
        overrides: Mapping[str, str] = _NOTHING,
    ) -> Install:
        """Install the packages of a line, unless that was done already.

        Args:
            line: Its id.
            pins: Package -> exact version.
            first: The part of the pins that counts where two want other versions of a third.
            overrides: The part of the pins that holds whatever other packages ask for; pip has none
                of its own, and refuses what does not fit.

        Raises:
            InstallError: quotes the end of the log.
        """

    def environment(self, install: Install) -> dict[str, str]:
        """Return what every program of the install finds in its environment."""


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
        """Return where the install is, or will be."""
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
        """Return an environment with the install's commands, and Node, in front."""
        return find_node().environment(install.binaries)


class PythonToolchain:
    """pip, in a virtual environment a line."""

    packages = "Python"
    install_bytes = 150 * 1024**2

    def locate(
        self,
        line: str,
        pins: dict[str, str],
        first: Mapping[str, str],
        overrides: Mapping[str, str] = _NOTHING,
    ) -> Install:
        """Return where the environment is, or will be; pip finds versions for all at once."""
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
        """Return an environment with the commands of the virtual environment in front."""
        env = python_environment()
        path = os.pathsep.join([str(install.binaries), env.get("PATH", "")])
        return {**env, "PATH": path, "VIRTUAL_ENV": str(install.folder), "PYTHONUNBUFFERED": "1"}


_TOOLCHAINS: Mapping[Language, Toolchain] = {
    "typescript": NodeToolchain(),
    "python": PythonToolchain(),
}


def find_toolchain(language: Language) -> Toolchain:
    """Return what installs and runs a language."""
    return _TOOLCHAINS[language]
