"""Starting an embedded server on a free port."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from harness.errors import ServiceError
from harness.programs.ports import free_port
from harness.services.embedded import Account, describe_end, has_ended, kill_at_once, run_server
from harness.services.readiness import Probe, answers, await_answer, describe_silence

#: How many ports to try when another program takes the free port first.
_PORT_TRIES = 3
#: The system's error message, which every server prints.
_PORT_TAKEN = "Address already in use"


class EmbeddedServer(msgspec.Struct, frozen=True, kw_only=True):
    """How to start a server, and how to check that it answers."""

    #: The product name, such as PostgreSQL.
    title: str
    #: From the port: the program and its arguments; the URL.
    command: Callable[[int], Sequence[str | Path]]
    url: Callable[[int], str]
    probe: Probe
    #: The signal that asks it to end.
    stop: signal.Signals
    ready_within_s: float = 30.0


class RunningServer:
    """An embedded server on its port. It can crash on request and restart on its data.

    Args:
        server: How to start it.
        port: Where it listens.
        folder: Its working directory.
        account: The account that it runs as.
        log: Its output is appended here.
    """

    def __init__(
        self, server: EmbeddedServer, port: int, folder: Path, account: Account | None, log: Path
    ) -> None:
        self.url = server.url(port)
        self._server = server
        self._log = log
        self._run = partial(
            run_server,
            server.command(port),
            folder=folder,
            account=account,
            log=log,
            stop=server.stop,
        )
        self._stack = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start it and wait until it answers; return why it does not, or an empty string."""
        process = self._stack.enter_context(self._run())
        self._process = process
        if await_answer(
            partial(answers, self._server.probe, self.url),
            within_s=self._server.ready_within_s,
            dead=partial(has_ended, process),
        ):
            return ""
        silence = describe_silence(self._server.probe, self.url)
        return f"{silence}; {describe_end(process, self._log)}"

    def end(self) -> None:
        """Stop its process, gracefully if it still runs."""
        self._stack.close()

    def crash(self) -> None:
        """Kill all its processes at once, and start it again on the data it has written.

        Raises:
            ServiceError: it does not come back.
        """
        if self._process is not None:
            kill_at_once(self._process)
        self.end()
        cause = self.start()
        if cause:
            raise ServiceError(
                f"the embedded {self._server.title} server did not come back from a crash",
                cause=cause,
                remedy="read the server's log",
            )


@contextlib.contextmanager
def run_on_free_port(
    server: EmbeddedServer, *, folder: Path, account: Account | None, log: Path
) -> Iterator[RunningServer]:
    """Start a server and wait until it answers; stop it at the end of the block.

    Args:
        server: How to start it.
        folder: Its working directory.
        account: The account that it runs as.
        log: Its output is appended here.

    Raises:
        ServiceError: it does not answer in time, or ends; the error quotes its log.
    """
    for tries_left in reversed(range(_PORT_TRIES)):
        running = RunningServer(server, free_port(), folder, account, log)
        with contextlib.ExitStack() as stack:
            stack.callback(running.end)
            cause = running.start()
            if not cause:
                yield running
                return
        if _PORT_TAKEN not in cause or not tries_left:
            raise ServiceError(
                f"the embedded {server.title} server did not start",
                cause=cause,
                remedy="read the server's log, or give the URL of a running server",
            )


def refuse_crash(server: str) -> ServiceError:
    """Return the error for a server that may not be crashed."""
    return ServiceError(
        f"the harness cannot crash {server}",
        cause="the harness did not start it, or it may lose its data in a crash",
        remedy="use an embedded server that keeps its data across a crash",
    )
