"""What can be measured, as data: lines, frameworks, worlds and scenarios.

Each is one small TOML file (or table) that anyone can add without changing Python. This module
defines and reads these files; it contains no name of a line, framework or world.
"""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from harness.errors import DescriptionError
from harness.languages import Language as Language
from harness.scenarios import Scenario as Scenario

T = TypeVar("T")

#: Whether an app is built and served, or run by its framework's dev server.
Mode = Literal["production", "development"]

#: The category of a World's cells in a test report.
Category = Literal["hosted", "local", "postgres", "cross-language", "community", "other"]


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One release line of the SDK with its exact pins (`harness/workspaces/lines.toml`)."""

    id: str
    title: str
    language: Language
    #: Package name -> exact version.
    packages: dict[str, str]
    #: Packages of the same SDK that these depend on: each can be pinned by its name.
    parts: tuple[str, ...] = ()
    #: Part -> version to install, no matter what its dependents require.
    instead: dict[str, str] = {}

    @property
    def languages(self) -> set[Language]:
        """The languages that it is for."""
        return {self.language}


class Framework(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One web framework; its files are in the folder of this recipe (`deployments/frameworks/`)."""

    id: str
    title: str
    #: Line id -> package name -> exact version; the key `*` holds for every line.
    packages: dict[str, dict[str, str]]
    #: Commands run in the app's folder; the first word is found in the install's binaries.
    build: tuple[str, ...]
    start: tuple[str, ...]
    #: Command that runs its dev server; empty if it has none.
    dev: tuple[str, ...] = ()
    #: Environment of build and server beyond what every app gets.
    env: dict[str, str] = {}
    #: Line id -> why this framework cannot serve it.
    impossible: dict[str, str] = {}
    #: The language that it loads; it cannot load lines and Worlds in another one.
    language: Language = "typescript"
    #: Command that serves from `{workers}` processes behind one port; replaces `start`.
    workers: tuple[str, ...] = ()
    #: Why it can serve from only one process; empty if it can use several.
    one_process: str = ""
    #: Import names of the framework, its server and the web framework that it is built on.
    #: Workflows in Python must not import them.
    modules: tuple[str, ...] = ()

    def pins_for(self, line: str) -> dict[str, str]:
        """Return package -> version for one line."""
        return {**self.packages.get("*", {}), **self.packages.get(line, {})}


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Special needs of some versions of a World's package."""

    #: Package -> version to install instead of the one that the package requires.
    overrides: dict[str, str] = {}
    #: In place of the World's own command.
    setup: tuple[str, ...] | None = None
    #: In addition to the World's own.
    env: dict[str, str] = {}


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A World on a line of another language. Fields that are left out are as on other lines."""

    language: Language
    entry: str
    description: str | None = None
    source: str = ""
    services: tuple[str, ...] | None = None
    setup: tuple[str, ...] = ()
    env: dict[str, str] | None = None
    starts: bool | None = None
    processes: Literal["several", "one"] | None = None
    concurrency: str = ""
    incremental: bool | None = None
    category: Category | None = None


class World(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One backend (`worlds/*.toml`).

    Text in `env` may name `{storage}` (an empty directory of the fork's own), `{base_url}` (where
    the app listens), `{port}`, `{line}`, `{<service>}` (the URL of the fork's own, empty database)
    and `{<service>_database}` (that database's name alone).
    """

    id: str
    title: str
    #: The section of its rows, with its emoji: `📦 Local Production`.
    section: str
    #: The category of its cells in a test report.
    category: Category = "community"
    description: str
    #: Line id -> package name -> exact version; the key `*` holds for every line, and its
    #: packages are only certified. Empty for a World that is reached by URL only.
    packages: dict[str, dict[str, str]] = {}
    #: The npm package that the World is created from; in Python `module:attribute`.
    entry: str = ""
    #: In Python: the folder of the World's modules, relative to the description, if the World is
    #: not one of the packages. The packages are then only its dependencies.
    source: str = ""
    #: Services it needs, by the name of their module in `harness/services/`.
    services: tuple[str, ...] = ()
    #: Command run once for a fresh database, in the line's install; `env` holds for it too.
    setup: tuple[str, ...] = ()
    env: dict[str, str] = {}
    #: Whether its documentation asks the app to call `world.start()`.
    starts: bool = False
    #: Whether the app is a deployment elsewhere, given by `--url`.
    remote: bool = False
    #: Line id -> why the World cannot run on that line.
    impossible: dict[str, str] = {}
    language: Language = "typescript"
    #: Whether several processes may share its storage, according to its documentation.
    processes: Literal["several", "one"] = "several"
    #: Its environment variable that limits how many messages it delivers at a time.
    concurrency: str = ""
    #: Whether an event log can be read from the end of an earlier read.
    incremental: bool = True
    #: Whether every install of a line includes it; other Worlds are installed on request.
    bundled: bool = False
    #: Version, or pattern of versions -> their special needs; all matches apply, in this order.
    versions: dict[str, Release] = {}
    #: Line id -> the World on that line, if the line is for another language.
    lines: dict[str, Variant] = {}
    #: Package -> version that overrides all other pins and dependencies.
    instead: dict[str, str] = {}

    def on(self, line: str | None) -> World:
        """Return what the World is on one line."""
        variant = self.lines.get(line or "")
        if line is None or variant is None:
            return self
        given = {name: getattr(variant, name) for name in variant.__struct_fields__}
        changes = {name: value for name, value in given.items() if value is not None}
        packages = {key: pins for key, pins in self.packages.items() if key in {"*", line}}
        return msgspec.structs.replace(self, **changes, packages=packages, lines={})

    def list_storage(self) -> dict[str, str]:
        """Return the part of its environment that names its data folder."""
        return {name: text for name, text in self.env.items() if "{storage}" in text}

    @property
    def languages(self) -> set[Language]:
        """Its languages, on all lines."""
        return {self.language, *(variant.language for variant in self.lines.values())}

    def pins_for(self, line: str | None) -> dict[str, str]:
        """Return package -> version for one line, or for a World without a known line."""
        return {**self.packages.get("*", {}), **self.packages.get(line or "", {})}

    @property
    def package(self) -> str:
        """The package whose version is the World's; empty if the World is not a package."""
        if self.source:
            return ""
        names = {name for packages in self.packages.values() for name in packages}
        return self.entry if self.entry in names else min(names, default="")

    def release_of(self, version: str) -> Release:
        """Return the special needs of one version of the World's package."""
        found = [item for key, item in self.versions.items() if fnmatch.fnmatchcase(version, key)]
        setups = [item.setup for item in found if item.setup is not None]
        return Release(
            overrides={name: pin for item in found for name, pin in item.overrides.items()},
            setup=setups[-1] if setups else None,
            env={name: text for item in found for name, text in item.env.items()},
        )


class Cell(msgspec.Struct, frozen=True, order=True):
    """Line x framework x world: one app, started as a real process, in one mode."""

    line: str
    framework: str
    world: str
    mode: Mode = "production"

    @property
    def id(self) -> str:
        """`v5/express/local`; run by a dev server, `v5/express/local/development`."""
        place = f"{self.line}/{self.framework}/{self.world}"
        return place if self.mode == "production" else f"{place}/{self.mode}"


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is described, by id, in the order of the files."""

    lines: dict[str, Line]
    frameworks: dict[str, Framework]
    worlds: dict[str, World]
    scenarios: dict[str, Scenario]
    #: Processes that serve each app.
    workers: int = 1

    def is_served(self, subject: Line | World) -> bool:
        """Return whether any framework loads the language of a line or World."""
        return bool(subject.languages & {item.language for item in self.frameworks.values()})

    def list_modules(self, language: Language) -> tuple[str, ...]:
        """Return the import names of all frameworks of a language."""
        same = [item for item in self.frameworks.values() if item.language == language]
        return tuple(dict.fromkeys(name for item in same for name in item.modules))

    def keep_worlds(self, chosen: Iterable[str]) -> Catalog:
        """Return the catalog with only the bundled Worlds and the chosen ones."""
        chosen = set(chosen)
        kept = {name: item for name, item in self.worlds.items() if item.bundled or name in chosen}
        return msgspec.structs.replace(self, worlds=kept)

    def with_worlds(self, more: Mapping[str, World]) -> Catalog:
        """Return the catalog with more Worlds; an added World replaces one of the same name."""
        return msgspec.structs.replace(self, worlds={**self.worlds, **more})

    def world_of(self, cell: Cell) -> World:
        """Return a cell's World, as it is on the cell's line."""
        return self.worlds[cell.world].on(cell.line)

    def pins_of(self, cell: Cell) -> dict[str, str]:
        """Return package -> version of everything that a cell's line, framework and World pin."""
        framework, world = self.frameworks[cell.framework], self.world_of(cell)
        return {
            **self.lines[cell.line].packages,
            **framework.pins_for(cell.line),
            **world.pins_for(cell.line),
            **self.lines[cell.line].instead,
            **world.instead,
        }

    def is_used(self, package: str, cell: Cell) -> bool:
        """Return whether a package is pinned by a cell's parts, or part of its SDK."""
        return package in self.pins_of(cell) or package in self.lines[cell.line].parts

    def speaks_one_language(self, cell: Cell) -> bool:
        """Return whether a cell's parts are all in one language."""
        parts = (self.lines[cell.line], self.frameworks[cell.framework], self.world_of(cell))
        return len({part.language for part in parts}) == 1

    def explain_impossible(self, cell: Cell) -> str:
        """Explain why a cell of described parts cannot exist; empty if it can."""
        framework, world = self.frameworks[cell.framework], self.world_of(cell)
        for subject in (self.lines[cell.line], world):
            if subject.language != framework.language:
                return f"{framework.id} cannot load {subject.id}, which is in {subject.language}"
        if stated := framework.impossible.get(cell.line) or world.impossible.get(cell.line):
            return stated
        if cell.line not in world.packages:
            return f"world {world.id} has no package for line {cell.line}"
        if cell.mode == "development" and (self.workers > 1 or not framework.dev):
            several = " of several processes" if self.workers > 1 else ""
            return f"{framework.id} has no dev server{several}"
        if self.workers > 1 and (framework.one_process or world.processes == "one"):
            reason = framework.one_process or f"{world.id} is a World for one process"
            return f"no app can have several workers there: {reason}"
        return ""


def read_description(path: Path, shape: type[T], **given: Any) -> T:
    """Read one description.

    Args:
        path: A TOML file.
        shape: The record type.
        given: Fields that follow from the file's path, such as its id.

    Raises:
        DescriptionError: it is not readable or not TOML, or has an unknown key or a wrong type.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert({**table, **given}, shape)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DescriptionError(
            f"{path} does not describe a {shape.__name__.lower()}",
            cause=str(error),
            remedy=f"compare it with the other files in {path.parent}",
        ) from error


def describe_world(path: Path) -> World:
    """Read the description of a World, whose id is its file's name.

    Raises:
        DescriptionError: as :func:`read_description`, or its source folder does not exist.
    """
    world = read_description(path, World, id=path.stem)
    lines = {
        line: msgspec.structs.replace(variant, source=_find_source(path, world.id, variant.source))
        for line, variant in world.lines.items()
    }
    source = _find_source(path, world.id, world.source)
    return msgspec.structs.replace(world, source=source, lines=lines)


def _find_source(path: Path, world: str, named: str) -> str:
    """Return the folder that a description names as a World's source; empty if it names none."""
    source = (path.parent / named).resolve()
    if named and not source.is_dir():
        raise DescriptionError(
            f"the source of the World {world} does not exist",
            cause=f"{source} is not a folder",
            remedy=f"correct `source` in {path}",
        )
    return str(source) if named else ""


def read_table(path: Path, key: str, shape: type[T]) -> dict[str, T]:
    """Read a file of `[[key]]` tables into records by their `id`.

    Raises:
        DescriptionError: as :func:`read_description`, or two records have the same id.
    """

    class Table(msgspec.Struct, frozen=True):
        entries: list[Mapping[str, Any]] = msgspec.field(name=key)

    table = read_description(path, Table)
    records: dict[str, T] = {}
    for entry in table.entries:
        name = str(entry.get("id"))
        if name in records:
            raise DescriptionError(f"{path} describes {name!r} twice", remedy="rename one of them")
        try:
            records[name] = msgspec.convert(entry, shape)
        except msgspec.ValidationError as error:
            raise DescriptionError(
                f"{path} does not describe {name!r}",
                cause=str(error),
                remedy="compare it with the other entries of the file",
            ) from error
    return records
