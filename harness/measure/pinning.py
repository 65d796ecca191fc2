"""Other versions of what is measured, as a user names them: `local@5.0.0-beta.29`."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.descriptions import Catalog, Framework, World
from harness.errors import UsageError
from harness.workspaces.cache import cache_folder

#: What pins packages line by line.
Pinned = TypeVar("Pinned", Framework, World)

_VERSION = re.compile(r"\d+\.\d+\.\d+\S*")
_PACKED = (".tgz", ".tar.gz")


def read_pins(texts: Sequence[str], catalog: Catalog) -> dict[str, str]:
    """Read what a user pins: package -> exact version, or the place of a packed package.

    Args:
        texts: `NAME@VERSION` or `NAME=PACKED.tgz` each; the name is a World's or a package's.
        catalog: Tells a World's package.

    Raises:
        UsageError: it is neither, or the packed package is not there.
    """
    return dict(_read_pin(text, catalog) for text in texts)


def _read_pin(text: str, catalog: Catalog) -> tuple[str, str]:
    name, sign, path = text.partition("=")
    if sign and path.endswith(_PACKED):
        return _find_package(name, catalog), f"file:{_keep_packed(Path(path), text)}"
    name, sign, version = text.rpartition("@")
    if name and sign and _VERSION.fullmatch(version):
        return _find_package(name, catalog), version
    raise UsageError(
        f"{text!r} names no version",
        cause="a version is exact, so that the result can be measured again",
        remedy="write NAME@1.2.3 or NAME=./packed-1.2.3.tgz; NAME is a World or a package",
    )


def _find_package(name: str, catalog: Catalog) -> str:
    return catalog.worlds[name].package or name if name in catalog.worlds else name


def _keep_packed(path: Path, text: str) -> Path:
    """Copy a packed package to a place that is named after its content, and return it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{text!r} cannot be read",
            cause=error.strerror or "",
            remedy="make it with `npm pack`, and give its path",
        ) from error
    kept = cache_folder() / "packed" / f"{hashlib.sha256(content).hexdigest()[:16]}-{path.name}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    if not kept.exists():
        shutil.copyfile(path, kept)
    return kept


def pin(catalog: Catalog, pins: Mapping[str, str]) -> Catalog:
    """Return the catalog with other versions of some packages, wherever they are pinned."""

    def repin(packages: Mapping[str, str]) -> dict[str, str]:
        return {name: pins.get(name, version) for name, version in packages.items()}

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
            name: msgspec.structs.replace(line, packages=repin(line.packages))
            for name, line in catalog.lines.items()
        },
        frameworks=repin_all(catalog.frameworks),
        worlds=repin_all(catalog.worlds),
    )
