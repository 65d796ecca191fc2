"""A real browser for pages: a headless Chromium that comes as a package of the npm registry."""

from __future__ import annotations

import os
import platform
import subprocess
import tarfile
from pathlib import Path

import msgspec

from harness.workspaces.cache import cache_folder, digest, obtain
from harness.workspaces.install import install_line
from harness.workspaces.node import find_node

PINS = {"@sparticuz/chromium": "153.0.0"}
#: Names a Chromium to be used instead.
OWN = "WORLD_HARNESS_CHROMIUM"

_UNPACK = Path(__file__).with_name("unpack.mjs")
_ARCHIVES = ("al2023.tar", "fonts.tar", "swiftshader.tar")


class Chromium(msgspec.Struct, frozen=True):
    """A browser: its program, and what its environment has to hold beyond this process's own."""

    program: Path
    environment: dict[str, str]


def find_chromium() -> Chromium | str:
    """Return a browser, installing it once; or why there is none, and what to do."""
    if own := os.environ.get(OWN):
        return Chromium(Path(own), {})
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return f"the packaged Chromium is for Linux on x86-64; name your own one in {OWN}"
    folder = obtain(cache_folder() / "browsers" / f"chromium-{digest(PINS)}", _unpack)
    libraries = folder / "al2023" / "lib"
    others = os.environ.get("LD_LIBRARY_PATH")
    path = os.pathsep.join([str(libraries), *([others] if others else [])])
    return Chromium(folder / "chromium", {"LD_LIBRARY_PATH": path})


def _unpack(folder: Path) -> None:
    node = find_node()
    package = install_line("browser", PINS, node).folder / "node_modules" / "@sparticuz/chromium"
    for name in ("chromium", *_ARCHIVES):
        subprocess.run(
            [node.folder / "node", _UNPACK, package / "bin" / f"{name}.br", folder / name],
            check=True,
        )
    for name in _ARCHIVES:
        archive = folder / name
        with tarfile.open(archive) as file:
            into = folder if name == "swiftshader.tar" else folder / archive.stem
            file.extractall(into, filter="data")
        archive.unlink()
    (folder / "chromium").chmod(0o755)
