"""A server process: started, watched, and ended together with everything it started."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

from harness.errors import DeploymentError
from harness.programs.commands import list_tree, quote_log, run_group

#: The system closes a dying process's connections shortly before it reports the process as dead.
_DEATH_S = 1.0


class Usage(msgspec.Struct, frozen=True):
    """Usage of a process tree: CPU time since its start in ms, current resident memory in bytes."""

    cpu_ms: float
    memory_bytes: int


class ServerProcess:
    """A running server. Use :func:`run_server` to get one."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self.log = log

    @property
    def pid(self) -> int:
        """The server's process id, which is also the id of its group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Its exit code; `None` while it runs."""
        return self._process.poll()

    def owns(self, pid: int) -> bool:
        """Return whether a process is the server or one of its children."""
        return any(process.pid == pid for process in list_tree(self.pid))

    def kill(self) -> None:
        """End it and everything it started, at once, with SIGKILL."""
        tree = list_tree(self.pid)
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Pause it and everything it started during the block (SIGSTOP)."""
        tree = list_tree(self.pid)
        _send(tree, signal.SIGSTOP)
        try:
            yield
        finally:
            _send(tree, signal.SIGCONT)

    def await_death(self, within_s: float) -> bool:
        """Wait for it to end by itself; return whether it did."""
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def usage(self) -> Usage:
        """Return what the process tree has used so far."""
        cpu_s = 0.0
        memory = 0
        for process in list_tree(self.pid):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                times = process.cpu_times()
                cpu_s += times.user + times.system
                memory += process.memory_info().rss
        return Usage(cpu_s * 1000, memory)

    def describe_death(self) -> str:
        """Describe how the server ended, and quote its log."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_DEATH_S)
        code = self.exit_code
        if code is None:
            return f"its process still runs; {quote_log(self.log)}"
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
        return f"its process ended with {how}; {quote_log(self.log)}"


def _send(tree: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in tree:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


@contextlib.contextmanager
def run_server(
    command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str], log: Path
) -> Iterator[ServerProcess]:
    """Start a server in its own process group; end it at the end of the block.

    SIGKILL ends it: the storage of a fork is removed anyway, and a graceful shutdown can take as
    long as the server's longest keep-alive connection.

    Raises:
        DeploymentError: the program cannot be started.
    """
    with contextlib.ExitStack() as stack:
        try:
            process = stack.enter_context(run_group(command, folder=folder, env=env, log=log))
        except OSError as error:
            raise DeploymentError(
                f"cannot start the server {command[0]}",
                cause=str(error),
                remedy="run `world-harness doctor` to see what is missing",
            ) from error
        yield ServerProcess(process, log)
