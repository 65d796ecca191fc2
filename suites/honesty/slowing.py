"""Makes each call of a published World slower by a known share."""

from __future__ import annotations

import json
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from harness.errors import InstallError
from harness.workspaces.node import find_node
from harness.workspaces.packing import run_pack

_TEMPLATE = Path(__file__).with_name("slowed.mjs")
_ENTRY = "slowed.mjs"


def pack_slowed(package: str, version: str, share: float, folder: Path) -> Path:
    """Pack a slower copy of a published World.

    Args:
        package: Name of the package, which exports `createWorld`.
        version: The exact version.
        share: How much longer each call takes; 0.1 means 10%.
        folder: The folder for the packed package.

    Returns:
        The path of the packed package.

    Raises:
        InstallError: the package is unavailable, or has no single entry.
    """
    packed = folder / f"{package.replace('/', '-').removeprefix('@')}-{version}-{share:g}.tgz"
    with tempfile.TemporaryDirectory() as name:
        workplace = Path(name)
        original = run_pack(
            f"{package}@{version}",
            workplace,
            find_node(),
            label=packed.stem,
            what=f"{package} {version} could not be downloaded",
            remedy="check the name, the version and the network",
        )
        with tarfile.open(original) as archive:
            archive.extractall(workplace / "files", filter="data")
        _slow_down(workplace / "files" / "package", share)
        with tarfile.open(packed, "w:gz") as archive:
            archive.add(workplace / "files" / "package", "package")
    return packed


def _slow_down(package: Path, share: float) -> None:
    """Replace the entry of a package by one that slows it down."""
    manifest_path = package / "package.json"
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    entry = _find_entry(manifest)
    slowed = Path(entry).parent / _ENTRY
    text = _TEMPLATE.read_text(encoding="utf-8")
    text = text.replace("__ENTRY__", Path(entry).name).replace("__SHARE__", f"{share:g}")
    (package / slowed).write_text(text, encoding="utf-8")
    manifest["main"] = str(slowed)
    manifest["exports"] = {**manifest.get("exports", {}), ".": f"./{slowed.as_posix()}"}
    manifest_path.write_text(json.dumps(manifest), encoding="utf-8")


def _find_entry(manifest: dict[str, Any]) -> str:
    exported = manifest.get("exports", {}).get(".", {})
    entry = exported.get("default") if isinstance(exported, dict) else exported
    found = entry or manifest.get("main")
    if not found:
        raise InstallError(
            "the package has no single entry",
            cause=f"exports: {json.dumps(manifest.get('exports'))}",
            remedy="choose a World whose package has `main`, or `exports` with a default",
        )
    return str(Path(found))
