"""Parses the name of a World and locates it: a package, a file or a Python module."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

import msgspec

from harness.descriptions import Language, World
from harness.errors import InstallError, UsageError, unknown
from harness.workspaces.packing import NPM_NAME, PACKED, PackageRelease, read_packed

_MODULES = (".mjs", ".js", ".cjs", ".ts", ".mts", ".cts")
_PYTHON = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
#: A version, a range or a tag; never a URL, which would install a different package.
_NPM_VERSION = re.compile(r"[A-Za-z0-9^~*<>=][A-Za-z0-9.+^~*<>= |-]*")
_FORMS = (
    "name a World from `world-harness list`, an npm package (`@acme/world@1.2.3`), a packed one "
    "(`./acme-world-1.2.3.tgz`), a module (`./my-world.mjs`) or, in Python, `module:attribute`"
)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a World comes from, according to its name and the local files."""

    spec: str
    id: str = ""
    #: The matching description; it replaces all fields below except `version`.
    world: World | None = None
    #: An exact version, a tag or a range; empty if the user named none.
    version: str = ""
    language: Language = "typescript"
    entry: str = ""
    folder: Path = Path()
    packages: dict[str, str] = {}
    package: str = ""
    #: SHA-256 of a packed package.
    content: str = ""


class PythonModule(NamedTuple):
    """A Python module, located without importing it."""

    name: str
    #: The folder that must be importable.
    folder: Path
    #: The file of a module, or the folder of a package.
    path: Path


def read_origin(spec: str, worlds: Mapping[str, World]) -> Origin:
    """Parse the name of a World.

    Raises:
        UsageError: the name is not valid, or its file or module does not exist.
    """
    spec = spec.strip()
    if spec.endswith(PACKED):
        return _read_packed(spec)
    if spec.endswith(_MODULES) and not spec.startswith("@"):
        return _read_module(spec)
    if _PYTHON.fullmatch(spec):
        return _read_python(spec)
    return _read_name(spec, worlds)


def find_package(manifest: Path) -> PackageRelease:
    """Read a `package.json`.

    Raises:
        InstallError: the file is missing or not valid.
    """
    try:
        return msgspec.json.decode(manifest.read_bytes(), type=PackageRelease)
    except (OSError, msgspec.DecodeError) as error:
        raise InstallError(
            f"{manifest} cannot be read",
            cause=str(error),
            remedy=f"remove {manifest.parent} and run again",
        ) from error


def find_python_module(name: str, first: Iterable[Path]) -> PythonModule:
    """Locate a module without importing it or its parent packages.

    Args:
        name: The dotted name.
        first: Folders to search before those of this interpreter.

    Raises:
        UsageError: there is no such module.
    """
    top = name.partition(".")[0]
    problem = ""
    for spec in _find_packages(top, [*map(str, first), *sys.path]):
        try:
            return _descend(name, spec)
        except _MissingPartError as error:
            # Report the first place that has the package: most likely the user means that one.
            problem = problem or str(error)
    raise _explain_python(
        name, problem or f"{top} is neither in this folder nor on Python's search path"
    )


def _find_packages(top: str, places: Iterable[str]) -> Iterator[ModuleSpec]:
    """Find every package with a name, in the order of the places."""
    for place in places:
        if spec := PathFinder.find_spec(top, [place]):
            yield spec
    # Finders of editable installations know packages outside the folders of `sys.path`.
    if spec := importlib.util.find_spec(top):
        yield spec


class _MissingPartError(Exception):
    """A package exists, but a later part of the dotted name does not."""


def _descend(name: str, spec: ModuleSpec) -> PythonModule:
    """Locate a dotted name, starting from the spec of its first part.

    Raises:
        _MissingPartError: a later part is missing.
    """
    folder = _locate(spec).parent
    top, *rest = name.split(".")
    for number, part in enumerate(rest, start=1):
        whole = ".".join([top, *rest[:number]])
        inside = spec.submodule_search_locations
        deeper = PathFinder.find_spec(whole, inside) if inside else None
        if deeper is None:
            raise _MissingPartError(f"the package has no module {part}")
        spec = deeper
    return PythonModule(name, folder, _locate(spec))


def digest_package(folder: Path, package: str, *, language: Language = "typescript") -> str:
    """Return the SHA-256 of an installed package's files, without its dependencies."""
    if language == "python":
        return _digest(_files_of_distribution(folder, package))
    root = folder / "node_modules" / package
    return _digest(
        (path.relative_to(root).as_posix(), path)
        for path in root.rglob("*")
        if path.is_file() and "node_modules" not in path.relative_to(root).parts
    )


def digest_source(path: Path) -> str:
    """Return the SHA-256 of a module's file, or of all files in a package's folder."""
    if path.is_file():
        return _digest([(path.name, path)])
    return _digest(
        (file.relative_to(path).as_posix(), file)
        for file in path.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    )


def _digest(files: Iterable[tuple[str, Path]]) -> str:
    whole = hashlib.sha256()
    for name, path in sorted(files):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{content} {name}\n".encode())
    return whole.hexdigest()


def _files_of_distribution(folder: Path, package: str) -> Iterable[tuple[str, Path]]:
    wanted = re.sub(r"[-_.]+", "-", package).lower()
    places = [str(place) for place in folder.glob("lib/python*/site-packages")]
    for found in distributions(path=places):
        if re.sub(r"[-_.]+", "-", found.name).lower() == wanted:
            for file in found.files or ():
                # Metadata that the installer wrote is not part of the package.
                own = ".dist-info" not in file.parts[0] and "__pycache__" not in file.parts
                if own and ".." not in file.parts:
                    yield file.as_posix(), Path(str(file.locate()))


def _read_name(spec: str, worlds: Mapping[str, World]) -> Origin:
    name, version = _split_version(spec)
    packages = {world.package: world for world in worlds.values() if world.package}
    world = worlds.get(name) or packages.get(name)
    if version and not _NPM_VERSION.fullmatch(version):
        raise UsageError(
            f"{version!r} is not a valid version",
            remedy=f"write it as {name}@1.2.3 or {name}@latest",
        )
    if world is not None:
        return Origin(spec=spec, id=world.id, world=world, version=version)
    if (version or "/" in name) and NPM_NAME.fullmatch(name):
        pins = {name: version or "latest"}
        return Origin(spec=spec, id=name, version=version, entry=name, packages=pins, package=name)
    raise _explain_name(spec, worlds)


def _explain_name(spec: str, worlds: Mapping[str, World]) -> UsageError:
    if spec and Path(spec).is_dir():
        return UsageError(
            f"{spec} is a folder",
            remedy="name its module (./folder/index.mjs), or the file that `npm pack` makes",
        )
    error = unknown("World", spec, worlds)
    return UsageError(error.what, cause=error.remedy, remedy=_FORMS)


def _split_version(spec: str) -> tuple[str, str]:
    at = spec.find("@", 1)
    return (spec, "") if at < 0 else (spec[:at], spec[at + 1 :])


def _require_file(spec: str) -> Path:
    path = Path(spec).expanduser().absolute()
    if not path.is_file():
        raise UsageError(
            f"the file {spec} does not exist",
            cause=f"{path} {'is a folder' if path.is_dir() else 'does not exist'}",
            remedy="check the path; a relative path starts at the current folder",
        )
    return path


def _read_packed(spec: str) -> Origin:
    path = _require_file(spec)
    package = read_packed(path, spec)
    return Origin(
        spec=spec,
        id=package.name,
        version=package.version,
        entry=package.name,
        packages={package.name: f"file:{path}"},
        package=package.name,
        content=package.digest,
    )


def _read_module(spec: str) -> Origin:
    path = _require_file(spec)
    manifest = next(
        (place / "package.json" for place in path.parents if (place / "package.json").is_file()),
        None,
    )
    package = find_package(manifest) if manifest else PackageRelease()
    return Origin(
        spec=spec,
        id=path.stem,
        version=package.version if package.name else "",
        entry=str(path),
        folder=path.parent,
        package=package.name or path.name,
    )


def _read_python(spec: str) -> Origin:
    name = spec.partition(":")[0]
    found = find_python_module(name, [Path.cwd()])
    return Origin(
        spec=spec, id=name, language="python", entry=spec, folder=found.folder, package=name
    )


def _locate(spec: ModuleSpec) -> Path:
    """Return the file of a module, or the folder of a package."""
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    if spec.origin is None:
        return Path()
    return Path(spec.origin)


def _explain_python(name: str, cause: str) -> UsageError:
    return UsageError(
        f"there is no Python module {name}",
        cause=cause,
        remedy="run the command in the folder that holds it, or install its package: "
        f"{sys.executable} -m pip install …",
    )
