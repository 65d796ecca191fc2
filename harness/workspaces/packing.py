"""npm packages of files at hand: packed ones, and folders of checkouts, which npm packs.

A packed package is kept in the cache by its content and named by a version that says so,
`1.2.3+packed.0123456789abcdef`. That name stands wherever a version does, and holds no place of
this machine; only what npm reads gets the path.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
from pathlib import Path

import msgspec

from harness.atomic_files import replace_file
from harness.errors import InstallError, UsageError
from harness.programs.commands import run_logged
from harness.workspaces.cache import cache_folder
from harness.workspaces.node import Node

#: What the names of packed packages end with.
PACKED = (".tgz", ".tar.gz")

NPM_NAME = re.compile(r"(@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*")
_LARGEST_MANIFEST = 1 << 20
_DIGITS = 16
_KEPT = re.compile(rf"[+.]packed\.([0-9a-f]{{{_DIGITS}}})$")

#: What only means something inside the checkout, and npm would look for elsewhere.
_INNER = ("workspace:", "catalog:", "link:", "portal:", "file:")
#: What npm runs to make a package's files before it packs them.
_MAKING = {"prepare", "prepack"}


class Package(msgspec.Struct, frozen=True):
    """What a `package.json` says of itself."""

    name: str = ""
    version: str = ""


class _Manifest(Package, frozen=True, rename="camel"):
    dependencies: dict[str, str] = {}
    optional_dependencies: dict[str, str] = {}
    scripts: dict[str, str] = {}


class PackedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """A file that `npm pack` made."""

    name: str
    version: str
    #: SHA-256 of its bytes.
    digest: str


def read_packed(path: Path, named: str) -> PackedPackage:
    """Read which package a packed file holds.

    Args:
        path: The file.
        named: As the user names it, for errors.

    Raises:
        UsageError: it is not there, or none.
    """
    try:
        content = path.read_bytes()
        with tarfile.open(path, "r:gz") as archive:
            members = [item for item in archive if _is_manifest(item)]
            opened = archive.extractfile(members[0]) if members else None
            if opened is None:
                raise _refuse(named, "it holds no package.json")
            package = msgspec.json.decode(opened.read(), type=Package)
    except (OSError, EOFError, tarfile.TarError, msgspec.DecodeError) as error:
        raise _refuse(named, str(error)) from error
    if not NPM_NAME.fullmatch(package.name):
        raise UsageError(
            f"{named} is no npm package",
            cause=f"its package.json names it {package.name!r}",
            remedy="give it a name and a version, and `npm pack` it again",
        )
    digest = hashlib.sha256(content).hexdigest()
    return PackedPackage(name=package.name, version=package.version, digest=digest)


def keep_packed(path: Path, named: str) -> Package:
    """Copy a packed package into the cache; returns its name, and the version that it goes by.

    Arguments as :func:`read_packed`.

    Raises:
        UsageError: it is not there, or none, or has no version.
    """
    packed = read_packed(path, named)
    if not packed.version:
        raise _refuse(named, "its package.json says no version")
    digits = packed.digest[:_DIGITS]
    kept = _locate(digits)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(kept) as draft:
            shutil.copyfile(path, draft)
    mark = "." if "+" in packed.version else "+"
    return Package(packed.name, f"{packed.version}{mark}packed.{digits}")


def find_kept(version: str) -> Path | None:
    """Return where the packed package of a version is, or was; `None` for a published version."""
    found = _KEPT.search(version)
    return _locate(found[1]) if found else None


def _locate(digits: str) -> Path:
    return cache_folder() / "packed" / f"{digits}.tgz"


def spell_for_npm(version: str) -> str:
    """Return a version as npm takes it: of what is kept, its place."""
    kept = find_kept(version)
    return f"file:{kept}" if kept else version


def pack_folder(folder: Path, node: Node, *, fresh: bool = False) -> Package:
    """Pack the package of a checkout, and keep it; returns its name and the version it goes by.

    npm runs the package's own `prepack` and `prepare`, as it does before it publishes: what is
    measured is built from the sources that lie there.

    Args:
        folder: Holds the package's `package.json`.
        node: Whose npm packs.
        fresh: Whether nothing is installed there: then what those scripts need is, first.

    Raises:
        UsageError: it is no package, or depends on its neighbors in the checkout.
        InstallError: npm failed; quotes the end of its log.
    """
    manifest = _read_manifest(folder)
    _refuse_inner_dependencies(manifest)
    label = manifest.name.replace("/", "-").removeprefix("@")
    if fresh and _MAKING & manifest.scripts.keys():
        run_logged(
            [node.folder / "npm", "install", "--include=dev", "--no-audit", "--no-fund"],
            folder=folder,
            env=node.environment(),
            log=cache_folder() / "logs" / f"{label}.prepare.log",
            failure=InstallError,
            what=f"what {manifest.name} is built with could not be installed",
            remedy="build that commit yourself, `npm pack` it, and give NAME=PACKED.tgz",
        )
    with tempfile.TemporaryDirectory() as place:
        packed = run_pack(
            str(folder),
            Path(place),
            node,
            label=label,
            what=f"{manifest.name} could not be packed",
            remedy="its own prepare or prepack script may need `npm install` there; or build it, "
            "`npm pack --ignore-scripts`, and give NAME=PACKED.tgz",
        )
        return keep_packed(packed, manifest.name)


def run_pack(package: str, folder: Path, node: Node, *, label: str, what: str, remedy: str) -> Path:
    """Run `npm pack`; returns the packed file.

    Args:
        package: The path of a folder, or `NAME@VERSION`.
        folder: Takes the packed file.
        node: Whose npm packs.
        label: Names the log.
        what: What to say where it fails.
        remedy: What to do then.

    Raises:
        InstallError: npm failed; quotes the end of its log.
    """
    run_logged(
        [node.folder / "npm", "pack", package, "--pack-destination", folder],
        folder=folder,
        env=node.environment(),
        log=cache_folder() / "logs" / f"{label}.pack.log",
        failure=InstallError,
        what=what,
        remedy=remedy,
    )
    (packed,) = folder.glob("*.tgz")
    return packed


def export_commit(folder: Path, reference: str, into: Path) -> None:
    """Write a folder as a commit of its checkout has it; the checkout itself is left alone.

    Args:
        folder: In a git checkout; what lies above it is left out.
        reference: A branch, a tag or a commit.
        into: An empty folder.

    Raises:
        UsageError: git knows no such commit there; quotes what it said.
    """
    log = cache_folder() / "logs" / f"{folder.name}.git.log"
    with tempfile.TemporaryDirectory() as place:
        archive = Path(place) / "commit.tar"
        for command in (
            # It also keeps the next command from taking the reference for an option.
            ["git", "rev-parse", "--verify", "--end-of-options", f"{reference}^{{commit}}"],
            ["git", "archive", "--format=tar", f"--output={archive}", reference],
        ):
            run_logged(
                command,
                folder=folder,
                env=os.environ,
                log=log,
                failure=UsageError,
                what=f"{folder.name} is not available as of {reference!r}",
                remedy="name a branch, a tag or a commit of a git checkout that has this folder",
            )
        with tarfile.open(archive) as opened:
            opened.extractall(into, filter="data")


def _read_manifest(folder: Path) -> _Manifest:
    try:
        manifest = msgspec.json.decode((folder / "package.json").read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise _refuse(folder.name, str(error)) from error
    if not NPM_NAME.fullmatch(manifest.name):
        raise _refuse(folder.name, f"its package.json names it {manifest.name!r}")
    return manifest


def _refuse_inner_dependencies(manifest: _Manifest) -> None:
    inner = [
        f"{name} {wanted}"
        for name, wanted in {**manifest.dependencies, **manifest.optional_dependencies}.items()
        if wanted.startswith(_INNER)
    ]
    if inner:
        raise UsageError(
            f"npm cannot pack {manifest.name} from its folder",
            cause=f"it depends on what only its checkout knows: {', '.join(inner)}",
            remedy="pack it with the checkout's own tool (`pnpm pack`, `yarn pack`), and give "
            "NAME=PACKED.tgz",
        )


def _is_manifest(item: tarfile.TarInfo) -> bool:
    parts = Path(item.name).parts
    fits = len(parts) == 2 and parts[1] == "package.json"
    return fits and item.isfile() and item.size <= _LARGEST_MANIFEST


def _refuse(named: str, cause: str) -> UsageError:
    return UsageError(f"{named} is no npm package", cause=cause, remedy="make it with `npm pack`")
