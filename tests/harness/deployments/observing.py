"""What can be seen from outside: processes that are left, ports, and conditions to wait for."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator

import psutil


def await_that(
    condition: Callable[[], object], *, within_s: float = 60, but: Callable[[], str] = str
) -> None:
    """Wait until something is so; `but` says what is the case when it never becomes so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain; {but()}"
        time.sleep(0.02)


def family_of(pid: int) -> list[psutil.Process]:
    """A process and everything below it."""
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; one that is dead and not yet buried by its parent does not."""
    return [process for process in processes if _runs(process)]


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def members_of(group: int) -> list[psutil.Process]:
    """Every process of a group."""
    return alive(process for process in psutil.process_iter() if _group_of(process) == group)


def _group_of(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def assert_gone(processes: Iterable[psutil.Process]) -> None:
    """See that all of them end; SIGKILL takes a moment."""
    seen = list(processes)
    await_that(lambda: not alive(seen), but=lambda: f"these still run: {alive(seen)}")


def listens(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def listening() -> Iterator[int]:
    """Somebody who has a port, accepts connections, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
