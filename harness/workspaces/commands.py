"""Commands that must end well: their output goes to a log, and the log's end into the error."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.errors import HarnessError

#: How many lines of a log an error quotes.
QUOTED_LINES = 15


def quote_log(log: Path) -> str:
    """Return the last lines of a log, indented, and where the whole of it is."""
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            tail = deque((line.rstrip() for line in lines if line.strip()), maxlen=QUOTED_LINES)
    except OSError:
        tail = deque()
    quoted = "".join(f"\n    | {line}" for line in tail)
    return f"its last lines were{quoted}\n    (the whole log: {log})"


def run_logged(
    command: Sequence[str | Path],
    *,
    folder: Path,
    env: Mapping[str, str],
    log: Path,
    failure: type[HarnessError],
    what: str,
    remedy: str,
) -> None:
    """Run a command to its end, in a process group of its own that never outlives this call.

    Args:
        command: The program and its arguments.
        folder: Where it runs.
        env: Its whole environment.
        log: Takes its standard output and error; overwritten.
        failure: The error to raise.
        what: What to say happened when it does not end with 0.
        remedy: What to do then.

    Raises:
        HarnessError: of the given type, quoting the end of the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise failure(what, cause=str(error), remedy=remedy) from error
    try:
        code = process.wait()
    finally:
        kill_group(process.pid)
        process.wait()
    if code != 0:
        cause = f"`{Path(command[0]).name}` ended with code {code}; {quote_log(log)}"
        raise failure(what, cause=cause, remedy=remedy)


def kill_group(group: int, how: signal.Signals = signal.SIGKILL) -> None:
    """Signal every process of a group; a group that is gone is fine."""
    try:
        os.killpg(group, how)
    except ProcessLookupError:
        return
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
