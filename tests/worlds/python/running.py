"""Programs that use a World in the environment of the SDK, as an app does."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.certification.sites import Site

PROGRAMS = Path(__file__).parent / "programs"
#: A program that takes longer hangs, in seconds.
HANGS_S = 120.0


class Place:
    """A World's storage, and who uses it.

    Args:
        site: Of the harness.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self._stack = contextlib.ExitStack()

    def start(
        self, program: str, *arguments: object, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program; it ends with the test at the latest."""
        process = subprocess.Popen(
            self._command(program, arguments),
            env=self._environment(env or {}),
            cwd=self.site.folder,
            stdout=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def run(self, program: str, *arguments: object, env: Mapping[str, str] | None = None) -> Any:
        """Run a program to its end, and return the last line that it prints, which is JSON."""
        done = subprocess.run(
            self._command(program, arguments),
            env=self._environment(env or {}),
            cwd=self.site.folder,
            capture_output=True,
            text=True,
            timeout=HANGS_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    def close(self) -> None:
        """End every program."""
        self._stack.close()

    def _command(self, program: str, arguments: Sequence[object]) -> list[str]:
        path = PROGRAMS / f"{program}.py"
        return [self.site.subject.python, str(path), *map(str, arguments)]

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        base = self.site.environment(self.site.port)
        entry = self.site.subject.entry
        return {**base, "WORKFLOW_BASE_URL": "", "WORLD_ENTRY": entry, **env}


@contextlib.contextmanager
def open_place(site: Site) -> Iterator[Place]:
    """Let programs use a site; they end with the block."""
    place = Place(site)
    try:
        yield place
    finally:
        place.close()
