"""A deployed app: started here and checked until it is healthy, or reached by its URL."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import httpx

from harness.deployments.client import (
    AppClient,
    AppIdentity,
    SampleReply,
    SampleRequest,
)
from harness.errors import DeploymentError
from harness.programs.commands import quote_log
from harness.programs.ports import free_port
from harness.programs.servers import ServerProcess, Usage, run_server

T = TypeVar("T")

#: How long a server may take until its first healthy answer.
HEALTHY_WITHIN_S = 60.0
_HEALTH_PAUSE_S = 0.05
#: Limit of one health check. Short, to notice that the server died even if another program
#: holds its port and does not answer.
_HEALTH_QUESTION_S = 2.0
#: How many ports to try when another program takes the free port first.
_PORT_TRIES = 3
_PORT_TAKEN = "EADDRINUSE"


class Deployment:
    """A running app. It takes one sample at a time."""

    def __init__(
        self,
        client: AppClient,
        identity: AppIdentity,
        startup_ms: float | None = None,
        server: ServerProcess | None = None,
    ) -> None:
        self.identity = identity
        self.startup_ms = startup_ms
        #: The URL where it answers.
        self.base_url = client.base_url
        self._client = client
        self._server = server

    def take_sample(self, request: SampleRequest) -> SampleReply:
        """Let the app run a workflow once.

        Raises:
            DeploymentError: the app died, hung beyond its time limit, or answered with an error.
        """
        try:
            return self._client.take_sample(request)
        except httpx.HTTPError as error:
            raise DeploymentError(
                f"the app did not answer while it ran {request.workflow}",
                cause=f"{self._client.describe(error)}; {self._explain()}",
                remedy="read the server's log; `--scenario` runs one scenario alone",
            ) from error

    def ask(self, request: object, shape: type[T], timeout_s: float) -> T:
        """Send the app a request.

        Raises:
            DeploymentError: the app died, hung beyond its time limit, or answered with an error.
        """
        try:
            return self._client.ask(request, shape, timeout_s)
        except httpx.HTTPError as error:
            raise DeploymentError(
                "the app did not answer a request",
                cause=f"{self._client.describe(error)}; {self._explain()}",
                remedy="read the server's log",
            ) from error

    def describe(self, error: httpx.HTTPError) -> str:
        """Describe an error of a request to the app, without secrets."""
        return self._client.describe(error)

    @property
    def server(self) -> ServerProcess:
        """Its process.

        Raises:
            DeploymentError: it runs elsewhere.
        """
        if self._server is None:
            raise DeploymentError(
                "the app's process is not accessible", cause="the app runs elsewhere"
            )
        return self._server

    def kill(self) -> None:
        """End the app and everything it started, with SIGKILL.

        Raises:
            DeploymentError: it runs elsewhere.
        """
        self.server.kill()

    def usage(self) -> Usage | None:
        """Return what the app has used so far; `None` for one that runs elsewhere."""
        return self._server.usage() if self._server else None

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """Suspend its process during the block; one that runs elsewhere goes on."""
        return self._server.paused() if self._server else contextlib.nullcontext()

    def _explain(self) -> str:
        return self._server.describe_death() if self._server else "the app runs elsewhere"


@contextlib.contextmanager
def launch_app(
    command: Callable[[int], Sequence[str | Path]],
    *,
    folder: Path,
    env: Callable[[int], Mapping[str, str]],
    log: Path,
    healthy_within_s: float = HEALTHY_WITHIN_S,
) -> Iterator[Deployment]:
    """Start an app's server on a free port and wait until it is healthy.

    Args:
        command: The server's command, from its port.
        folder: Its working directory.
        env: Its whole environment, from its port.
        log: Receives its output.
        healthy_within_s: How long it may take to become healthy.

    Raises:
        DeploymentError: it died, never became healthy, or got no free port.
    """
    with contextlib.ExitStack() as stack:
        for tries_left in reversed(range(_PORT_TRIES)):
            try:
                yield stack.enter_context(
                    _launch_on_port(free_port(), command, folder, env, log, healthy_within_s)
                )
                return
            except _PortTakenError:
                if not tries_left:
                    raise


class _PortTakenError(DeploymentError):
    """Another program listens on the port."""


@contextlib.contextmanager
def _launch_on_port(
    port: int,
    command: Callable[[int], Sequence[str | Path]],
    folder: Path,
    env: Callable[[int], Mapping[str, str]],
    log: Path,
    healthy_within_s: float,
) -> Iterator[Deployment]:
    started = time.monotonic()
    client = AppClient(f"http://127.0.0.1:{port}")
    with (
        contextlib.closing(client),
        run_server(command(port), folder=folder, env=env(port), log=log) as server,
    ):
        identity = _await_health(client, server, started + healthy_within_s)
        yield Deployment(client, identity, (time.monotonic() - started) * 1000, server)


def _await_health(client: AppClient, server: ServerProcess, deadline: float) -> AppIdentity:
    answer = "it never answered"
    while time.monotonic() < deadline:
        if server.exit_code is not None:
            raise _explain_early_death(server)
        left = max(0.1, deadline - time.monotonic())
        try:
            identity = client.identify(timeout_s=min(left, _HEALTH_QUESTION_S))
        except httpx.HTTPError as error:
            answer = f"its last answer was {client.describe(error)}"
        except DeploymentError as error:
            # It may be another program's; then our app soon dies, because its port is taken.
            answer = f"its last answer was not from an app of this harness: {error.cause}"
        else:
            _check_owner(identity, client, server)
            return identity
        time.sleep(_HEALTH_PAUSE_S)
    raise DeploymentError(
        "the app did not become healthy",
        cause=f"{answer}; {quote_log(server.log)}",
        remedy="read the server's log; a database that hangs appears there",
    )


def _check_owner(identity: AppIdentity, client: AppClient, server: ServerProcess) -> None:
    if not server.owns(identity.pid):
        raise _PortTakenError(
            f"another app answers at {client.place}",
            cause=f"its process is {identity.pid}, ours is {server.pid}",
            remedy="end the other app, or run again: the harness chooses another port each time",
        )


def _explain_early_death(server: ServerProcess) -> DeploymentError:
    death = server.describe_death()
    if _PORT_TAKEN in death:
        return _PortTakenError(
            "another program has taken the app's port",
            cause=death,
            remedy="run again: the harness chooses another port each time",
        )
    return DeploymentError(
        "the app died before it was healthy",
        cause=death,
        remedy="read the server's log; run `world-harness doctor` to see what is missing",
    )


@contextlib.contextmanager
def reach_app(
    url: str, headers: Mapping[str, str], *, within_s: float = 30.0
) -> Iterator[Deployment]:
    """Reach an app that is deployed elsewhere.

    Raises:
        UsageError: the URL is not valid.
        DeploymentError: no healthy app of this harness answers there.
    """
    with contextlib.closing(AppClient(url, headers, proxies=True)) as client:
        try:
            identity = client.identify(timeout_s=within_s)
        except httpx.HTTPError as error:
            raise DeploymentError(
                f"the remote app at {client.place} does not answer",
                cause=client.describe(error),
                remedy="check --url and --header; `world-harness export` writes the app to deploy",
            ) from None
        yield Deployment(client, identity)
