"""Starting an embedded server on a port that is free."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from harness.errors import ServiceError
from harness.programs.ports import free_port
from harness.services.embedded import Account, describe_end, has_ended, run_server
from harness.services.readiness import await_answer

#: How often another port is tried when somebody took the one that was free a moment ago.
_PORT_TRIES = 3
#: Every server says so in the words of the system.
_PORT_TAKEN = "Address already in use"


class EmbeddedServer(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is started, and how it is seen to answer."""

    #: As its makers write it: PostgreSQL.
    title: str
    #: Given the port: the program and its arguments; the URL.
    command: Callable[[int], Sequence[str | Path]]
    url: Callable[[int], str]
    #: Given the URL: whether it lets us in by now; why it does not.
    answers: Callable[[str], bool]
    describe_silence: Callable[[str], str]
    #: The signal that asks it to end.
    stop: signal.Signals
    ready_within_s: float = 30.0


@contextlib.contextmanager
def run_on_free_port(
    server: EmbeddedServer, *, folder: Path, account: Account | None, log: Path
) -> Iterator[str]:
    """Start a server, wait until it answers, and end it with the block, which gets its URL.

    Args:
        server: How it is started.
        folder: Where it runs.
        account: Whom it runs as.
        log: Its output is appended here.

    Raises:
        ServiceError: it does not answer in time, or ends; quoting its log.
    """
    for tries_left in reversed(range(_PORT_TRIES)):
        port = free_port()
        url = server.url(port)
        with run_server(
            server.command(port), folder=folder, account=account, log=log, stop=server.stop
        ) as process:
            if await_answer(
                partial(server.answers, url),
                within_s=server.ready_within_s,
                dead=partial(has_ended, process),
            ):
                yield url
                return
            cause = f"{server.describe_silence(url)}; {describe_end(process, log)}"
        if _PORT_TAKEN not in cause or not tries_left:
            raise ServiceError(
                f"the embedded {server.title} server did not start",
                cause=cause,
                remedy="read its log, or give the URL of a server",
            )
