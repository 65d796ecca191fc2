"""Makes a folder as another process of the harness would: a script, with a command to run.

`making.py FOLDER MARKS COMMAND…` obtains the folder by running the command in it; each time it is
made, a file in MARKS says so.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from harness.errors import BuildError
from harness.programs.commands import run_logged
from harness.workspaces.cache import obtain


def main(folder: Path, marks: Path, *command: str) -> None:
    def make(folder: Path) -> None:
        (marks / f"made-by-{os.getpid()}").touch()
        (folder / "content").write_text("whole")
        run_logged(
            command,
            folder=folder,
            env=os.environ,
            log=marks / f"log-{os.getpid()}",
            failure=BuildError,
            what="it could not be made",
            remedy="try again",
        )

    (marks / f"wants-{os.getpid()}").touch()
    obtain(folder, make)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
