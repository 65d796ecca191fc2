"""Commands that must succeed. Their output goes to a log; an error quotes the log's end."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from harness.errors import HarnessError
from harness.programs.interruption import hold_signals

#: How many lines of a log an error quotes.
QUOTED_LINES = 15

#: The password in a URL. Quoted text appears in results and reports, which are published.
_PASSWORD = re.compile(
    r"""(?<=://)(?P<user>[^\s:/@"']*):(?!\d*[/?#\s"'])[^\s"']+@"""
    r"""|(?P<key>[?&](?:password|passwd|pwd)=)[^\s&"']+""",
    re.IGNORECASE,
)


def quote_log(log: Path, *, kept: bool = True) -> str:
    """Return the last lines of a log, without passwords, and the log's path.

    Args:
        log: A text file.
        kept: Whether the log will still exist when the text is read.
    """
    try:
        with log.open(encoding="utf-8", errors="replace") as lines:
            tail = deque((line.rstrip() for line in lines if line.strip()), maxlen=QUOTED_LINES)
    except OSError:
        tail = deque()
    quoted = "".join(f"\n    | {_PASSWORD.sub(_hide_password, line)}" for line in tail)
    where = f"\n    (the whole log: {log})" if kept else ""
    return f"its last lines were{quoted}{where}"


def _hide_password(found: re.Match[str]) -> str:
    return f"{found['key']}***" if found["key"] else f"{found['user']}:***@"


@contextlib.contextmanager
def run_group(
    command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program in its own process group; end the whole group at the end of the block.

    SIGKILL ends the program and everything that it started.

    Args:
        command: The program and its arguments.
        folder: Its working directory.
        env: Its whole environment.
        log: Receives its standard output and error; overwritten.

    Raises:
        OSError: it cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        # An interrupt between the start and the callback would leave a process that nothing ends.
        with log.open("wb") as output, hold_signals():
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            stack.callback(_end, process)
        yield process


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
    """Run a command to its end; leave no process of it behind.

    Args:
        command: The program and its arguments.
        folder: Its working directory.
        env: Its whole environment.
        log: Receives its standard output and error; overwritten.
        failure: The type of error to raise if its exit code is not 0.
        what: The error's first sentence.
        remedy: The error's remedy.

    Raises:
        HarnessError: of the given type; it quotes the end of the log.
    """
    try:
        with run_group(command, folder=folder, env=env, log=log) as process:
            code = process.wait()
    except OSError as error:
        raise failure(what, cause=str(error), remedy=remedy) from error
    if code != 0:
        cause = f"`{Path(command[0]).name}` ended with code {code}; {quote_log(log)}"
        raise failure(what, cause=cause, remedy=remedy)


def list_tree(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants; an empty list if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _end(process: subprocess.Popen[bytes]) -> None:
    with hold_signals():
        # Its process tree too: a descendant may have left the group.
        tree = list_tree(process.pid)
        _kill_group(process.pid)
        for member in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()


def _kill_group(group: int) -> None:
    """Kill every process of a group, if the group still exists."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError as error:
        if error.errno != errno.EPERM:
            raise
