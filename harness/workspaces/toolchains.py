"""How a line is installed and its programs run: npm and Node, or pip in a virtual environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

import msgspec

from harness.descriptions import Language
from harness.workspaces.cache import cache_folder, digest, obtain, python_environment
from harness.workspaces.environments import make_environment
from harness.workspaces.install import Install, install_line, locate_install
from harness.workspaces.node import find_node


class LinePackages(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed for a line."""

    line: str
    #: Package -> exact version.
    pins: dict[str, str]
    #: The part of the pins that counts where two want other versions of a third.
    first: dict[str, str]
    #: The part of the pins that replaces what other packages require. pip has no overrides, and
    #: refuses requirements that conflict.
    overrides: dict[str, str] = {}


class Toolchain(msgspec.Struct, frozen=True, kw_only=True):
    """One language's way from pins to programs that run."""

    #: The kind of packages: `npm`, `Python`.
    packages: str
    #: Approximate disk space of an install with its builds.
    install_bytes: int
    #: Says where the install is, or will be.
    locate: Callable[[LinePackages], Install]
    #: Installs the packages, unless that was done already; raises InstallError.
    install: Callable[[LinePackages], Install]
    #: Returns what every program of the install finds in its environment.
    environment: Callable[[Install], dict[str, str]]


def _locate_with_npm(wanted: LinePackages) -> Install:
    return locate_install(
        wanted.line, wanted.pins, find_node(), first=wanted.first, overrides=wanted.overrides
    )


def _install_with_npm(wanted: LinePackages) -> Install:
    return install_line(
        wanted.line, wanted.pins, find_node(), first=wanted.first, overrides=wanted.overrides
    )


def _locate_with_pip(wanted: LinePackages) -> Install:
    """Return where a virtual environment is, or will be; pip finds versions for all at once."""
    key = digest({"pins": wanted.pins, "python": sys.version, "at": sys.base_prefix})
    folder = cache_folder() / "installs" / f"{wanted.line}-{key}"
    return Install(wanted.line, folder, wanted.pins, folder / "bin")


def _install_with_pip(wanted: LinePackages) -> Install:
    install = _locate_with_pip(wanted)
    title = f"line {wanted.line}"
    obtain(install.folder, lambda folder: make_environment(folder, title, wanted.pins))
    return install


def _enter_virtual_environment(install: Install) -> dict[str, str]:
    env = python_environment()
    path = os.pathsep.join([str(install.binaries), env.get("PATH", "")])
    return {**env, "PATH": path, "VIRTUAL_ENV": str(install.folder), "PYTHONUNBUFFERED": "1"}


_TOOLCHAINS: Mapping[Language, Toolchain] = {
    "typescript": Toolchain(
        packages="npm",
        install_bytes=700 * 1024**2,
        locate=_locate_with_npm,
        install=_install_with_npm,
        environment=lambda install: find_node().environment(install.binaries),
    ),
    "python": Toolchain(
        packages="Python",
        install_bytes=150 * 1024**2,
        locate=_locate_with_pip,
        install=_install_with_pip,
        environment=_enter_virtual_environment,
    ),
}


def find_toolchain(language: Language) -> Toolchain:
    """Return the toolchain of a language."""
    return _TOOLCHAINS[language]
