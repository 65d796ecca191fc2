"""What can be measured, as data: lines, frameworks, worlds and scenarios.

Each is one small TOML file (or table) that a stranger can add without touching Python. This module
says what such a file may hold and reads it; it knows no name of any line, framework or world.
"""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec

from harness.errors import DescriptionError

T = TypeVar("T")

#: What a World is written in, an SDK line is for, and a framework loads.
Language = Literal["typescript", "python"]

#: msgspec leaves the names of properties out of a schema before 0.23.
_BY_LANGUAGE = msgspec.Meta(
    extra_json_schema={"propertyNames": {"enum": sorted(get_args(Language))}}
)

#: Where a report of tests counts a World's cells.
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
    #: Part -> version that is installed whatever its dependents ask for.
    instead: dict[str, str] = {}

    @property
    def languages(self) -> set[Language]:
        """What it is for."""
        return {self.language}


class Framework(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One web framework: its few files stand beside this recipe (`deployments/frameworks/`)."""

    id: str
    title: str
    #: Line id -> package name -> exact version; the key `*` holds for every line.
    packages: dict[str, dict[str, str]]
    #: Commands run in the app's folder; the first word is found in the install's binaries.
    build: tuple[str, ...]
    start: tuple[str, ...]
    #: Command that runs its dev server; empty where it has none.
    dev: tuple[str, ...] = ()
    #: Environment of build and server beyond what every app gets.
    env: dict[str, str] = {}
    #: Line id -> why this framework cannot serve it.
    impossible: dict[str, str] = {}
    #: What it loads: lines and Worlds in another language are not for it.
    language: Language = "typescript"
    #: Command that serves from `{workers}` processes behind one port, in the place of `start`.
    workers: tuple[str, ...] = ()
    #: Why it serves from one process only, where it does.
    one_process: str = ""
    #: Names under which it, its server and the web framework that it is built on are imported:
    #: workflows in Python must not bring them along.
    modules: tuple[str, ...] = ()

    def pins_for(self, line: str) -> dict[str, str]:
        """Return package -> version for one line."""
        return {**self.packages.get("*", {}), **self.packages.get(line, {})}


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What some versions of a World's package need that the others do not."""

    #: Package -> version to install in place of the one that the package asks for.
    overrides: dict[str, str] = {}
    #: In place of the World's own command.
    setup: tuple[str, ...] | None = None
    #: In addition to the World's own.
    env: dict[str, str] = {}


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a World is on a line of another language; what it leaves out is as everywhere."""

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
    #: The section its rows stand in, with its sign: `📦 Local Production`.
    section: str
    #: Where a report of tests counts its cells.
    category: Category = "community"
    description: str
    #: Line id -> package name -> exact version; the key `*` holds for every line, and its
    #: packages are only certified. Empty for a World that is reached by URL only.
    packages: dict[str, dict[str, str]] = {}
    #: The npm package that the World is created from; in Python `module:attribute`.
    entry: str = ""
    #: In Python: the folder, seen from the description's own, that holds the World's modules, when
    #: it is none of the packages. These are then only what it needs.
    source: str = ""
    #: Services it needs, by the name of their module in `harness/services/`.
    services: tuple[str, ...] = ()
    #: Command run once for a fresh database, in the line's install; `env` holds for it too.
    setup: tuple[str, ...] = ()
    env: dict[str, str] = {}
    #: Whether its documentation asks the app to call `world.start()`.
    starts: bool = False
    #: Whether the app is somebody else's deployment, given by `--url`.
    remote: bool = False
    #: Line id -> why the two cannot go together.
    impossible: dict[str, str] = {}
    language: Language = "typescript"
    #: Whether several processes may share its storage, by its documentation.
    processes: Literal["several", "one"] = "several"
    #: The variable of its environment that bounds how many messages it delivers at a time.
    concurrency: str = ""
    #: Whether an event log can be read from where an earlier reading of it ended.
    incremental: bool = True
    #: Whether every install of a line holds it; the others are added when they are asked for.
    bundled: bool = False
    #: Version, or pattern of versions -> what these need; all that match count, in this order.
    versions: dict[str, Release] = {}
    #: Line id -> what it is there, where that line is for another language.
    lines: dict[str, Variant] = {}
    #: Package -> version that stands in the place of whatever else pins it, or asks for it.
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
        """Return the part of its environment that says in which folder it keeps its data."""
        return {name: text for name, text in self.env.items() if "{storage}" in text}

    @property
    def languages(self) -> set[Language]:
        """What it is written in, on any line."""
        return {self.language, *(variant.language for variant in self.lines.values())}

    def pins_for(self, line: str | None) -> dict[str, str]:
        """Return package -> version for one line, or for a World whose line is not known."""
        return {**self.packages.get("*", {}), **self.packages.get(line or "", {})}

    @property
    def package(self) -> str:
        """The package whose version is the World's; empty when it is none."""
        if self.source:
            return ""
        names = {name for packages in self.packages.values() for name in packages}
        return self.entry if self.entry in names else min(names, default="")

    def release_of(self, version: str) -> Release:
        """Return what one version of the World's package needs."""
        found = [item for key, item in self.versions.items() if fnmatch.fnmatchcase(version, key)]
        setups = [item.setup for item in found if item.setup is not None]
        return Release(
            overrides={name: pin for item in found for name, pin in item.overrides.items()},
            setup=setups[-1] if setups else None,
            env={name: text for item in found for name, text in item.env.items()},
        )


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One workflow, its arguments and its answer (`suites/workflows/bench/scenarios.toml`).

    An argument `"{seed}"` becomes a number that differs from sample to sample, so that no World can
    answer from an earlier one.
    """

    id: str
    title: str
    workflow: str
    arguments: tuple[int | str, ...]
    #: Which expectation of the apps' contents knows the right answer.
    expects: str
    #: What the app sends back: the value, its SHA-256, or one SHA-256 an item.
    answer: Literal["value", "digest", "digests"] = "value"
    kind: Literal["steps", "streams"] = "steps"
    #: How many streams of the run are read; 0 for none, 1 for its default stream.
    streams: int = 0
    #: Whether the streams are `source-0`, `source-1`… or the default one.
    namespaced: bool = False
    #: Whether the one stream holds frames of several sources.
    framed: bool = False
    #: Samples a fork takes in the profiles that do not say otherwise.
    samples: int = 1
    timeout_s: float = 30
    #: Only in profiles that ask for it (hundreds of steps, many streams).
    extended: bool = False
    #: Language -> what is different there, for the readers of its numbers.
    notes: Annotated[dict[Language, str], _BY_LANGUAGE] = {}
    #: Scenarios that differ only in `size` share a family: how cost grows is fitted over them.
    family: str
    size: int


class Cell(msgspec.Struct, frozen=True, order=True):
    """Line x framework x world: one app, built and started as a real process."""

    line: str
    framework: str
    world: str

    @property
    def id(self) -> str:
        """`v5/express/local`."""
        return f"{self.line}/{self.framework}/{self.world}"


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is described, by id, in the order of the files."""

    lines: dict[str, Line]
    frameworks: dict[str, Framework]
    worlds: dict[str, World]
    scenarios: dict[str, Scenario]
    #: Processes that serve each app.
    workers: int = 1

    def is_served(self, subject: Line | World) -> bool:
        """Tell whether any framework loads what a line or World is written in."""
        return bool(subject.languages & {item.language for item in self.frameworks.values()})

    def list_modules(self, language: Language) -> tuple[str, ...]:
        """Return the names under which any framework of a language is imported."""
        same = [item for item in self.frameworks.values() if item.language == language]
        return tuple(dict.fromkeys(name for item in same for name in item.modules))

    def keep_worlds(self, chosen: Iterable[str]) -> Catalog:
        """Return the catalog with the Worlds that every install holds and the chosen ones."""
        chosen = set(chosen)
        kept = {name: item for name, item in self.worlds.items() if item.bundled or name in chosen}
        return msgspec.structs.replace(self, worlds=kept)

    def with_worlds(self, more: Mapping[str, World]) -> Catalog:
        """Return the catalog with more Worlds; of two of one name, the added one counts."""
        return msgspec.structs.replace(self, worlds={**self.worlds, **more})

    def world_of(self, cell: Cell) -> World:
        """Return a cell's World, as it is on the cell's line."""
        return self.worlds[cell.world].on(cell.line)

    def pins_of(self, cell: Cell) -> dict[str, str]:
        """Return package -> version of what a cell's line, framework and World ask for."""
        framework, world = self.frameworks[cell.framework], self.world_of(cell)
        return {
            **self.lines[cell.line].packages,
            **framework.pins_for(cell.line),
            **world.pins_for(cell.line),
            **self.lines[cell.line].instead,
            **world.instead,
        }

    def is_used(self, package: str, cell: Cell) -> bool:
        """Tell whether a cell's parts name a package, or bring it along with the SDK."""
        return package in self.pins_of(cell) or package in self.lines[cell.line].parts

    def speaks_one_language(self, cell: Cell) -> bool:
        """Tell whether a cell's parts are all in one language."""
        parts = (self.lines[cell.line], self.frameworks[cell.framework], self.world_of(cell))
        return len({part.language for part in parts}) == 1

    def explain_impossible(self, cell: Cell) -> str:
        """Say why a cell of described parts cannot exist; empty when it can."""
        framework = self.frameworks[cell.framework]
        world = self.world_of(cell)
        for subject in (self.lines[cell.line], world):
            if subject.language != framework.language:
                return f"{framework.id} cannot load {subject.id}, which is in {subject.language}"
        stated = framework.impossible.get(cell.line) or world.impossible.get(cell.line)
        if stated:
            return stated
        if cell.line not in world.packages:
            return f"world {world.id} names no package for line {cell.line}"
        if self.workers > 1 and (framework.one_process or world.processes == "one"):
            reason = framework.one_process or f"{world.id} is a World for one process"
            return f"no app can have several workers there: {reason}"
        return ""


def read_description(path: Path, shape: type[T], **given: Any) -> T:
    """Read one description.

    Args:
        path: A TOML file.
        shape: The record it must fit.
        given: Fields that the file's place determines (its id, for instance).

    Raises:
        DescriptionError: not readable, not TOML, an unknown key, a wrong type.
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
        DescriptionError: as :func:`read_description`; also a source folder that is not there.
    """
    world = read_description(path, World, id=path.stem)
    lines = {
        line: msgspec.structs.replace(variant, source=_find_source(path, world.id, variant.source))
        for line, variant in world.lines.items()
    }
    source = _find_source(path, world.id, world.source)
    return msgspec.structs.replace(world, source=source, lines=lines)


def _find_source(path: Path, world: str, named: str) -> str:
    """Return the folder that a description names as a World's source; empty when it names none."""
    if not named:
        return ""
    source = (path.parent / named).resolve()
    if not source.is_dir():
        raise DescriptionError(
            f"the source of the World {world} is not there",
            cause=f"{source} is no folder",
            remedy=f"correct `source` in {path}",
        )
    return str(source)


def read_table(path: Path, key: str, shape: type[T]) -> dict[str, T]:
    """Read a file of `[[key]]` tables into records by their `id`.

    Raises:
        DescriptionError: as :func:`read_description`; also two records with one id.
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
                remedy="compare it with its neighbors in the same file",
            ) from error
    return records
