"""One npm install a line: it serves every framework and the Worlds that come with the line."""

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

#: What npm writes when no registry answers.
_UNREACHABLE = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ECONNRESET", "ENETUNREACH")


class Install(msgspec.Struct, frozen=True):
    """The packages of a line, installed."""

    line: str
    folder: Path
    #: Package -> exact version, as asked for.
    pins: dict[str, str]
    #: Where the packages' commands are.
    binaries: Path


def pin_packages(
    line: Line, frameworks: Iterable[Framework], worlds: Iterable[World]
) -> dict[str, str]:
    """Return package -> exact version of everything that is installed for a line.

    What the line and the Worlds name in their `instead` stands in the place of all other wishes,
    and of what the SDK's packages want of each other.

    Raises:
        InstallError: two descriptions want different versions of one package.
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
    """Return what is named by a line, frameworks and Worlds, as they name it."""
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
                    f"{owner} wants {package} {version} on line {line.id}",
                    cause=f"{wanted_by[package]} wants {pins[package]}, and a line has one install",
                    remedy="give both the same version",
                )
            wanted_by.setdefault(package, owner)
    return pins


def pin_line(catalog: Catalog, line: str) -> dict[str, str]:
    """Return package -> exact version of everything that the catalog puts on a line."""
    return pin_packages(catalog.lines[line], *_list_subjects(catalog, line))


def list_overrides(catalog: Catalog, line: str) -> dict[str, str]:
    """Return the pins that other packages of a line would resolve to other versions.

    They are among those of :func:`pin_line`.
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
    """Return where the install is, or will be; arguments as :func:`install_line`."""
    staged = {"first": first} if first and first != pins else {}
    overriding = {"overrides": overrides} if overrides else {}
    key = digest({"pins": pins, "node": node.version, **staged, **overriding})
    folder = cache_folder() / "installs" / f"{line}-{key}"
    return Install(line, folder, pins, folder / "node_modules" / ".bin")


def is_installed(install: Install) -> bool:
    """Tell whether the packages are there."""
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
        line: Its id.
        pins: Package -> exact version.
        node: The Node whose npm does it.
        first: The part of the pins that is installed before the rest, and so has the first pick of
            the places that apps look in: a World of an older train must not put its own release of
            a package there that the SDK means in another one.
        overrides: The part of the pins that holds whatever other packages ask for.

    Raises:
        InstallError: npm failed; quotes the end of its log.
    """
    install = locate_install(line, pins, node, first=first, overrides=overrides)
    overrides = overrides or {}

    def make(folder: Path) -> None:
        # From the first on: npm leaves what is installed alone when an override comes later.
        stage = {**(first or pins), **overrides}
        if stage != pins:
            run_npm(folder, stage, overrides, node)
        run_npm(folder, pins, overrides, node)

    obtain(install.folder, make)
    return install


def locate_log(folder: Path) -> Path:
    """Return where the log of an install is."""
    return cache_folder() / "logs" / f"{folder.name}.install.log"


def run_npm(
    folder: Path, pins: Mapping[str, str], overrides: Mapping[str, str], node: Node
) -> None:
    """Install packages into a folder; what an earlier call installed keeps its place.

    Args:
        folder: Its name stands in errors and in the log's name.
        pins: Package -> exact version, or `file:` and the path of a packed one.
        overrides: Package -> version, whatever other packages ask for. What is in the pins as well
            has the same version there: npm refuses anything else.
        node: The Node whose npm does it.

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
            remedy="read the log; if a version is not available, correct its pin",
        )
    except InstallError as error:
        if any(sign in error.cause for sign in _UNREACHABLE):
            raise InstallError(
                "the npm registry cannot be reached",
                cause=error.cause,
                remedy="check the network, the proxy and `npm config get registry`, then run again",
            ) from error
        raise
