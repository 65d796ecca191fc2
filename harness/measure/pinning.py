"""Pins: other versions to measure, as a user writes them: `local@5.0.0-beta.29`, `./checkout`."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from harness.deployments.shapes import read_files
from harness.descriptions import Catalog, Cell, Framework, World
from harness.errors import UsageError
from harness.workspaces.build import write_files
from harness.workspaces.cache import cache_folder, digest, obtain
from harness.workspaces.node import find_node
from harness.workspaces.packing import (
    PACKED,
    export_commit,
    find_kept,
    keep_packed,
    pack_folder,
)

#: Descriptions that pin packages per line.
Pinned = TypeVar("Pinned", Framework, World)

_VERSION = re.compile(r"\d+\.\d+\.\d+\S*")
#: The version of a World's source in the cache: `sqlite@source.0123456789ab`.
_SOURCE = re.compile(r"source\.([0-9a-f]{12})")
#: Prefixes of a path, as in npm.
_PLACES = ("./", "../", "/", "~")


class Pins(msgspec.Struct, frozen=True):
    """Other versions of packages, and other sources of Worlds that are not packages."""

    #: Package -> exact version. The version of a locally packed package contains its digest.
    packages: dict[str, str] = {}
    #: World -> folder of its modules.
    sources: dict[str, str] = {}

    def write(self) -> tuple[str, ...]:
        """Return each pin as a text that can be read again, without paths of this machine."""
        return (
            *(f"{name}@{version}" for name, version in self.packages.items()),
            *(f"{name}@source.{Path(folder).name}" for name, folder in self.sources.items()),
        )


class Versions(msgspec.Struct, frozen=True):
    """The versions that a session measures, and those that it compares them with."""

    pinned: Pins = Pins()
    against: Pins = Pins()


class _Pin(NamedTuple):
    name: str
    value: str
    is_source: bool = False


def read_versions(pinned: Sequence[str], against: Sequence[str], catalog: Catalog) -> Versions:
    """Read what a user pins, and what a user compares with; each as :func:`read_pins`."""
    return Versions(read_pins(pinned, catalog), read_pins(against, catalog))


def read_pins(texts: Sequence[str], catalog: Catalog) -> Pins:
    """Read the pins of a user. Folders are packed and stored in the cache by their content.

    Args:
        texts: Each is `NAME@VERSION`, `PACKED.tgz`, `FOLDER` or `FOLDER@COMMIT`, the last three
            with an optional prefix `NAME=`. The name is a World's or a package's.
        catalog: Knows each World's package, or its source.

    Raises:
        UsageError: a text is not a valid pin, does not exist, or is another package.
        InstallError: a folder cannot be packed.
    """
    found = [_read_pin(text, catalog) for text in texts]
    return Pins(
        packages={pin.name: pin.value for pin in found if not pin.is_source},
        sources={pin.name: pin.value for pin in found if pin.is_source},
    )


def _read_pin(text: str, catalog: Catalog) -> _Pin:
    if text.startswith(_PLACES) or (text.endswith(PACKED) and "=" not in text):
        return _read_place(text, "", catalog)
    name, sign, place = text.partition("=")
    if name and sign:
        return _read_place(place, name, catalog)
    name, sign, version = text.rpartition("@")
    if name and sign and _VERSION.fullmatch(version):
        return _read_version(name, version, catalog)
    if name and (kept := _SOURCE.fullmatch(version)):
        return _Pin(name, str(_find_source(kept[1], text)), is_source=True)
    if "/" in text and Path(text).is_dir():
        return _read_place(text, "", catalog)
    raise UsageError(
        f"{text!r} is not a valid pin",
        cause="a pin needs an exact version, so that the result can be reproduced",
        remedy="write NAME@1.2.3, NAME=./packed-1.2.3.tgz, ./checkout or ./checkout@COMMIT, where "
        "NAME is a World or a package",
    )


def _read_version(name: str, version: str, catalog: Catalog) -> _Pin:
    kept = find_kept(version)
    if kept and not kept.exists():
        raise _explain_lost(f"{name}@{version}")
    return _Pin(_find_package(name, catalog), version)


def _find_package(name: str, catalog: Catalog) -> str:
    return catalog.worlds[name].package or name if name in catalog.worlds else name


def _read_place(place: str, name: str, catalog: Catalog) -> _Pin:
    """Read the pin of a path: a packed package, a package's folder, or a World's source."""
    path = Path(place).expanduser()
    if place.endswith(PACKED):
        package = keep_packed(path, place)
    elif path.is_dir():
        return _read_folder(path.absolute(), name, catalog)
    else:
        return _read_commit(place, name, catalog)
    return _check_name(_Pin(package.name, package.version), name, catalog)


def _read_commit(place: str, name: str, catalog: Catalog) -> _Pin:
    folder, sign, reference = place.rpartition("@")
    checkout = Path(folder).expanduser().absolute()
    if not (folder and sign and reference and checkout.is_dir()):
        raise UsageError(
            f"{place!r} does not exist",
            cause="it is neither a folder nor a packed package",
            remedy="give the folder of a checkout, or the file that `npm pack` made from it",
        )
    with tempfile.TemporaryDirectory() as exported:
        # The same name as in the checkout, because errors quote it.
        into = Path(exported) / checkout.name
        into.mkdir()
        export_commit(checkout, reference, into)
        return _read_folder(into, name, catalog, fresh=True)


def _read_folder(folder: Path, name: str, catalog: Catalog, *, fresh: bool = False) -> _Pin:
    if (folder / "package.json").is_file():
        package = pack_folder(folder, find_node(), fresh=fresh)
        return _check_name(_Pin(package.name, package.version), name, catalog)
    world = catalog.worlds.get(name)
    if world and list(_list_sources(world)):
        return _Pin(name, str(_keep_source(folder, world)), is_source=True)
    raise UsageError(
        f"{folder.name} is not a package",
        cause="it has no package.json",
        remedy="give the folder with the package.json, or WORLD=FOLDER for a World with a source",
    )


def _check_name(pin: _Pin, name: str, catalog: Catalog) -> _Pin:
    """Refuse a package under another package's name, because the report would use that name."""
    expected = _find_package(name, catalog)
    if name and pin.name != expected:
        raise UsageError(
            f"the package given for {name} is {pin.name}",
            cause=f"{name} is the package {expected}" if name != expected else "",
            remedy=f"remove `{name}=`, or give the package {expected}",
        )
    return pin


def _list_sources(world: World) -> Iterator[tuple[str, str]]:
    """Yield each entry and source of a World that has its own source."""
    forms = [(world.entry, world.source), *((it.entry, it.source) for it in world.lines.values())]
    yield from ((entry, source) for entry, source in forms if source)


def _keep_source(folder: Path, world: World) -> Path:
    """Copy a World's source to a folder that is named after its content; return the folder."""
    modules = {entry.partition(":")[0].partition(".")[0] for entry, _ in _list_sources(world)}
    missing = [name for name in sorted(modules) if not list(folder.glob(f"{name}*"))]
    if missing:
        raise UsageError(
            f"{folder.name} is not a source of the World {world.id}",
            cause=f"it has no {' and no '.join(missing)}",
            remedy="give another checkout's folder that the World's description calls `source`",
        )
    files = dict(read_files(folder))
    kept = _locate_source(digest({"files": files}))
    obtain(kept.parent, lambda place: write_files(place / kept.name, files))
    return kept


def _locate_source(key: str) -> Path:
    # A subfolder: its parent has the completion mark, and apps copy the whole subfolder.
    return cache_folder() / "sources" / key / key


def _find_source(key: str, text: str) -> Path:
    kept = _locate_source(key)
    if not kept.is_dir():
        raise _explain_lost(text)
    return kept


def _explain_lost(text: str) -> UsageError:
    return UsageError(
        f"{text} is not on this machine",
        cause="it was packed from local files, which are only in the cache of that machine",
        remedy="pin those files again: NAME=./packed.tgz or ./checkout@COMMIT",
    )


def pin(catalog: Catalog, pins: Pins) -> Catalog:
    """Return the catalog with other versions of some packages, everywhere they are pinned.

    A package that no description names is pinned on the lines whose SDK contains it.
    """

    def repin(packages: Mapping[str, str]) -> dict[str, str]:
        return {name: pins.packages.get(name, version) for name, version in packages.items()}

    def repin_all(subjects: Mapping[str, Pinned]) -> dict[str, Pinned]:
        return {
            name: msgspec.structs.replace(
                item, packages={line: repin(own) for line, own in item.packages.items()}
            )
            for name, item in subjects.items()
        }

    return msgspec.structs.replace(
        catalog,
        lines={
            name: msgspec.structs.replace(
                line,
                packages=repin(line.packages),
                instead={
                    **line.instead,
                    **{key: pins.packages[key] for key in pins.packages if key in line.parts},
                },
            )
            for name, line in catalog.lines.items()
        },
        frameworks=repin_all(catalog.frameworks),
        worlds={name: adapt(world, pins) for name, world in repin_all(catalog.worlds).items()},
    )


def adapt(world: World, pins: Pins) -> World:
    """Return the other version of a World: with the packages that it needs, or another source."""
    version = pins.packages.get(world.package)
    if version is not None:
        release = world.release_of(version)
        setup = world.setup if release.setup is None else release.setup
        world = msgspec.structs.replace(world, setup=setup, env={**world.env, **release.env})
    source = pins.sources.get(world.id)
    if source is None:
        return world
    lines = {
        line: msgspec.structs.replace(form, source=source if form.source else "")
        for line, form in world.lines.items()
    }
    own = source if world.source else ""
    return msgspec.structs.replace(world, source=own, lines=lines)


def refuse_unused(catalog: Catalog, cells: Sequence[Cell], pins: Pins) -> None:
    """Refuse pins that no cell uses.

    Raises:
        UsageError: there is such a pin; the error lists what can be pinned.
    """
    ours = [cell for cell in cells if not catalog.world_of(cell).remote]
    unused = [
        *(name for name in pins.packages if not any(catalog.is_used(name, cell) for cell in ours)),
        *(
            name
            for name in pins.sources
            if not any(cell.world == name and catalog.world_of(cell).source for cell in ours)
        ),
    ]
    if unused:
        lines = dict.fromkeys(cell.line for cell in ours)
        parts = sorted({part for line in lines for part in catalog.lines[line].parts})
        hint = f"; the SDK also contains {', '.join(parts)}" if parts else ""
        raise UsageError(
            f"no cell uses {' or '.join(unused)}",
            cause=f"the cells are {', '.join(cell.id for cell in cells)}",
            remedy="run `world-harness list` to see the packages of lines, frameworks and Worlds"
            + hint,
        )
