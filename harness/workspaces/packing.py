"""npm packages from local files: packed files, and folders of checkouts, which npm packs.

The cache stores a packed package by its content. Its version includes the digest:
`1.2.3+packed.0123456789abcdef`. Records use this version, which contains no path of this machine;
only npm gets the path.
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

#: Suffix of the file names of packed packages.
PACKED = (".tgz", ".tar.gz")

NPM_NAME = re.compile(r"(@[a-z0-9~][a-z0-9._~-]*/)?[a-z0-9~][a-z0-9._~-]*")
_LARGEST_MANIFEST = 1 << 20
_DIGITS = 16
_KEPT = re.compile(rf"[+.]packed\.([0-9a-f]{{{_DIGITS}}})$")

#: Version prefixes that are valid only inside the checkout; npm would resolve them elsewhere.
_INNER = ("workspace:", "catalog:", "link:", "portal:", "file:")
#: Scripts that npm runs to build a package before it packs it.
_MAKING = {"prepare", "prepack"}


class PackageRelease(msgspec.Struct, frozen=True):
    """Name and version from a `package.json`."""

    name: str = ""
    version: str = ""


class _Manifest(PackageRelease, frozen=True, rename="camel"):
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
        named: The user's name for it, for errors.

    Raises:
        UsageError: the file does not exist, or is not an npm package.
    """
    try:
        content = path.read_bytes()
        with tarfile.open(path, "r:gz") as archive:
            members = [item for item in archive if _is_manifest(item)]
            opened = archive.extractfile(members[0]) if members else None
            if opened is None:
                raise _refuse(named, "it holds no package.json")
            package = msgspec.json.decode(opened.read(), type=PackageRelease)
    except (OSError, EOFError, tarfile.TarError, msgspec.DecodeError) as error:
        raise _refuse(named, str(error)) from error
    if not NPM_NAME.fullmatch(package.name):
        raise UsageError(
            f"{named} is not an npm package",
            cause=f"the name in its package.json is {package.name!r}",
            remedy="give it a name and a version, and run `npm pack` again",
        )
    digest = hashlib.sha256(content).hexdigest()
    return PackedPackage(name=package.name, version=package.version, digest=digest)


def keep_packed(path: Path, named: str) -> PackageRelease:
    """Copy a packed package into the cache; return its name and its version with the digest.

    Arguments as :func:`read_packed`.

    Raises:
        UsageError: the file does not exist, is not an npm package, or has no version.
    """
    packed = read_packed(path, named)
    if not packed.version:
        raise _refuse(named, "its package.json has no version")
    digits = packed.digest[:_DIGITS]
    kept = _locate(digits)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(kept) as draft:
            shutil.copyfile(path, draft)
    mark = "." if "+" in packed.version else "+"
    return PackageRelease(packed.name, f"{packed.version}{mark}packed.{digits}")


def find_kept(version: str) -> Path | None:
    """Return the cache path of a version's packed package; `None` for a published version."""
    found = _KEPT.search(version)
    return _locate(found[1]) if found else None


def _locate(digits: str) -> Path:
    return cache_folder() / "packed" / f"{digits}.tgz"


def spell_for_npm(version: str) -> str:
    """Return a version in npm's form: for a packed package, `file:` and its path."""
    kept = find_kept(version)
    return f"file:{kept}" if kept else version


def pack_folder(folder: Path, node: Node, *, fresh: bool = False) -> PackageRelease:
    """Pack the package of a checkout into the cache; return its name and version with digest.

    npm runs the package's own `prepack` and `prepare`, as it does before it publishes. So the
    measured package is built from the sources in the folder.

    Args:
        folder: The folder of the package's `package.json`.
        node: The Node whose npm is used.
        fresh: Whether dependencies are missing there; if so, install what those scripts need.

    Raises:
        UsageError: it is not a package, or depends on other packages of its checkout.
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
            what=f"npm could not install the build dependencies of {manifest.name}",
            remedy="build that commit yourself, run `npm pack`, and give NAME=PACKED.tgz",
        )
    with tempfile.TemporaryDirectory() as place:
        packed = run_pack(
            str(folder),
            Path(place),
            node,
            label=label,
            what=f"npm could not pack {manifest.name}",
            remedy="run `npm install` there if its prepare or prepack script needs it; "
            "or build it, run `npm pack --ignore-scripts`, and give NAME=PACKED.tgz",
        )
        return keep_packed(packed, manifest.name)


def run_pack(package: str, folder: Path, node: Node, *, label: str, what: str, remedy: str) -> Path:
    """Run `npm pack`; return the packed file.

    Args:
        package: The path of a folder, or `NAME@VERSION`.
        folder: Where the packed file goes.
        node: The Node whose npm is used.
        label: The name of the log.
        what: The error's first sentence if npm fails.
        remedy: The error's remedy.

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
    """Write a folder as it is in a commit of its checkout; leave the checkout unchanged.

    Args:
        folder: A folder of a git checkout; only this folder is written.
        reference: A branch, a tag or a commit.
        into: An empty folder.

    Raises:
        UsageError: git cannot find the commit or the folder in it; quotes git's message.
    """
    log = cache_folder() / "logs" / f"{folder.name}.git.log"
    with tempfile.TemporaryDirectory() as place:
        archive = Path(place) / "commit.tar"
        for command in (
            # This also prevents the next command from reading the reference as an option.
            ["git", "rev-parse", "--verify", "--end-of-options", f"{reference}^{{commit}}"],
            ["git", "archive", "--format=tar", f"--output={archive}", reference],
        ):
            run_logged(
                command,
                folder=folder,
                env=os.environ,
                log=log,
                failure=UsageError,
                what=f"git has no folder {folder.name} at {reference!r}",
                remedy="give a branch, tag or commit that contains this folder",
            )
        with tarfile.open(archive) as opened:
            opened.extractall(into, filter="data")


def _read_manifest(folder: Path) -> _Manifest:
    try:
        manifest = msgspec.json.decode((folder / "package.json").read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise _refuse(folder.name, str(error)) from error
    if not NPM_NAME.fullmatch(manifest.name):
        raise _refuse(folder.name, f"the name in its package.json is {manifest.name!r}")
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
            cause=f"it depends on packages that exist only in its checkout: {', '.join(inner)}",
            remedy="pack it with the checkout's own tool (`pnpm pack`, `yarn pack`), and give "
            "NAME=PACKED.tgz",
        )


def _is_manifest(item: tarfile.TarInfo) -> bool:
    parts = Path(item.name).parts
    fits = len(parts) == 2 and parts[1] == "package.json"
    return fits and item.isfile() and item.size <= _LARGEST_MANIFEST


def _refuse(named: str, cause: str) -> UsageError:
    return UsageError(
        f"{named} is not an npm package", cause=cause, remedy="make it with `npm pack`"
    )
