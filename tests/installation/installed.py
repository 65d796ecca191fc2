"""An environment that holds the wheel, and what is run in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

#: What decides how Python and pytest start: it is the user's, not that of the tests.
_OURS = ("PYTHON", "PYTEST", "COV_", "COVERAGE")


class Installation(NamedTuple):
    """The wheel, and the environment that it was installed into."""

    wheel: Path
    programs: Path

    def run(
        self, *words: str | Path, folder: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in a folder."""
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(_OURS)}
        program, *arguments = map(str, words)
        return subprocess.run(
            [self.programs / program, *arguments],
            cwd=folder,
            env={**inherited, **(env or {})},
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
