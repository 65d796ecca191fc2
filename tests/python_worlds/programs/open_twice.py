"""Opens a file twice; another process comes and goes. Answers with what others see afterwards."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from opening import answer, new_run, open_world  # type: ignore[import-not-found]


def run_beside(program: str, *arguments: str) -> Any:
    """Run a program in a process of its own, to its end."""
    path = Path(__file__).with_name(program)
    done = subprocess.run(
        [sys.executable, path, *arguments], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


async def main() -> None:
    first = open_world()
    await new_run(first)
    open_world()
    run_beside("prepare_run.py")
    run_id = await new_run(first)
    answer(run_beside("read_all.py", run_id)["places"])
    await first.aclose()


asyncio.run(main())
