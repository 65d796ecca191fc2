"""One npm install per line, for all its frameworks and the Worlds that belong to the line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from harness.descriptions import Catalog, Framework, Line, World
from harness.errors import InstallError
from harness.programs.commands import run_logged
from harness.workspaces.cache import cache_folder, digest, is_complete, obtain
from harness.workspaces.node import Node
from harness.workspaces.packing import spell_for_npm

#: npm's messages when the registry does not answer.
_UNREACHABLE = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ECONNRESET", "ENETUNREACH")


class Install(msgspec.Struct, frozen=True):
    """The installed packages of a line."""

    line: str
    folder: Path
    #: Package -> exact version, as pinned.
    pins: dict[str, str]
    #: The folder of the packages' commands.
    binaries: Path


def pin_packages(
    line: Line, frameworks: Iterable[Framework], worlds: Iterable[World]
) -> dict[str, str]:
    """Return package -> exact version of everything that is installed for a line.

    The `instead` versions of the line and the Worlds override all other versions, including those
    that the SDK's packages require of each other.

    Raises:
        InstallError: two descriptions require different versions of one package.
    """
    worlds = tuple(worlds)
    pins = _pin_named(line, frameworks, worlds)
    for instead in (line.instead, *(world.instead for world in worlds)):
        known = {*pins, *line.parts}
        pins.update({name: version for name, version in instead.items() if name in known})
    return pins


def _pin_named(
    line: Line, frameworks: Iterable[Framework], worlds: Iterable[World]
) -> dict[str, str]:
    """Return the pins of a line, its frameworks and Worlds, as they state them."""
    pins: dict[str, str] = {}
    wanted_by: dict[str, str] = {}
    wishes = [
        (line.id, line.packages),
        *((framework.id, framework.pins_for(line.id)) for framework in frameworks),
        *((world.id, world.packages.get(line.id, {})) for world in worlds),
    ]
    for owner, packages in wishes:
        for package, version in packages.items():
            if pins.setdefault(package, version) != version:
                raise InstallError(
                    f"{owner} requires {package} {version} on line {line.id}",
                    cause=f"{wanted_by[package]} requires {pins[package]}; a line has one install",
                    remedy="pin the same version in both",
                )
            wanted_by.setdefault(package, owner)
    return pins


def pin_line(catalog: Catalog, line: str) -> dict[str, str]:
    """Return package -> exact version of everything in the catalog for a line."""
    return pin_packages(catalog.lines[line], *_list_subjects(catalog, line))


def list_overrides(catalog: Catalog, line: str) -> dict[str, str]:
    """Return the pins that must override what other packages of a line depend on.

    They are a subset of :func:`pin_line`.
    """
    named = _pin_named(catalog.lines[line], *_list_subjects(catalog, line))
    pins = pin_line(catalog, line)
    return {name: version for name, version in pins.items() if name not in named}


def _list_subjects(catalog: Catalog, line: str) -> tuple[list[Framework], list[World]]:
    """Return the frameworks and Worlds that can be on a line."""
    language = catalog.lines[line].language
    frameworks = [
        item
        for item in catalog.frameworks.values()
        if item.language == language and line not in item.impossible
    ]
    worlds = [
        item.on(line)
        for item in catalog.worlds.values()
        if item.on(line).language == language and line not in item.impossible
    ]
    return frameworks, worlds


def locate_install(
    line: str,
    pins: dict[str, str],
    node: Node,
    *,
    first: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Install:
    """Return the install, which may not exist yet; arguments as :func:`install_line`."""
    staged = {"first": first} if first and first != pins else {}
    overriding = {"overrides": overrides} if overrides else {}
    key = digest({"pins": pins, "node": node.version, **staged, **overriding})
    folder = cache_folder() / "installs" / f"{line}-{key}"
    return Install(line, folder, pins, folder / "node_modules" / ".bin")


def is_installed(install: Install) -> bool:
    """Return whether the packages are installed."""
    return is_complete(install.folder)


def install_line(
    line: str,
    pins: dict[str, str],
    node: Node,
    *,
    first: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Install:
    """Install the packages of a line, unless they are installed already.

    Args:
        line: The line's id.
        pins: Package -> exact version.
        node: The Node whose npm is used.
        first: The pins to install before the rest, so that they get the top-level folders in which
            apps look: a World that depends on an older release of an SDK package must not put that
            release there.
        overrides: The pins that apply no matter what other packages depend on.

    Raises:
        InstallError: npm failed; quotes the end of its log.
    """
    install = locate_install(line, pins, node, first=first, overrides=overrides)
    overrides = overrides or {}

    def make(folder: Path) -> None:
        # From the first install on: npm does not apply a later override to installed packages.
        stage = {**(first or pins), **overrides}
        if stage != pins:
            run_npm(folder, stage, overrides, node)
        run_npm(folder, pins, overrides, node)

    obtain(install.folder, make)
    return install


def locate_log(folder: Path) -> Path:
    """Return the path of an install's log."""
    return cache_folder() / "logs" / f"{folder.name}.install.log"


def run_npm(
    folder: Path, pins: Mapping[str, str], overrides: Mapping[str, str], node: Node
) -> None:
    """Install packages into a folder; packages from an earlier call keep their place.

    Args:
        folder: Its name is used in errors and in the log's name.
        pins: Package -> exact version, or `file:` and the path of a packed one.
        overrides: Package -> version, no matter what other packages depend on. A package that is
            also in the pins must have the same version there, or npm refuses.
        node: The Node whose npm is used.

    Raises:
        InstallError: npm failed; quotes the end of its log.
    """
    manifest = {"name": "world-harness-line", "private": True, "type": "module"}
    asked = {"dependencies": pins, "overrides": overrides}
    wanted = {
        key: {name: spell_for_npm(version) for name, version in packages.items()}
        for key, packages in asked.items()
        if packages or key == "dependencies"
    }
    (folder / "package.json").write_bytes(msgspec.json.encode({**manifest, **wanted}))
    log = locate_log(folder)
    try:
        run_logged(
            [
                node.folder / "npm",
                "install",
                "--no-audit",
                "--no-fund",
                "--loglevel=http",
                "--fetch-retries=2",
                "--fetch-retry-mintimeout=1000",
                "--fetch-retry-maxtimeout=5000",
            ],
            folder=folder,
            env=node.environment(),
            log=log,
            failure=InstallError,
            what=f"npm could not install the packages of {folder.name}",
            remedy="read npm's log; if a version does not exist, correct its pin",
        )
    except InstallError as error:
        if any(sign in error.cause for sign in _UNREACHABLE):
            raise InstallError(
                "npm cannot reach its registry",
                cause=error.cause,
                remedy="check the network, the proxy and `npm config get registry`, then run again",
            ) from error
        raise
