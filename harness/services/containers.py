"""A server in a container, run with testcontainers. Imported only when a container is used."""

from __future__ import annotations

import contextlib
import gc
import os
import secrets
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import ServiceError
from harness.programs.commands import quote_log
from harness.programs.interruption import hold_signals
from harness.services.readiness import Probe, answers, await_answer, describe_silence
from harness.services.tidying import afterwards

#: How long the Docker daemon may take to answer.
_DAEMON_ANSWERS_S = 3
#: How long a server may take to answer once its container runs.
_READY_WITHIN_S = 120.0


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """The container of a kind of server."""

    #: The default image.
    default: str
    #: The server's port inside the container.
    port: int
    #: Its URL, with `{password}`, `{host}` and `{port}`.
    url: str
    command: Sequence[str]
    #: Its environment, with `{password}`.
    env: Mapping[str, str]


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A running container."""

    name: str
    image: str
    #: Where its server listens, from the harness's side.
    host: str
    port: int
    #: The file that its log is written to when something goes wrong.
    log: Path


def find_docker() -> str:
    """Return the version of the Docker daemon.

    Raises:
        ServiceError: no daemon answers.
    """
    from docker.errors import DockerException  # type: ignore[import-untyped]
    from testcontainers.core.docker_client import DockerClient

    # When no daemon answers, the library leaks an open socket in a reference cycle. Collect it
    # here; otherwise Python reports a ResourceWarning at an unrelated place.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with contextlib.closing(DockerClient(timeout=_DAEMON_ANSWERS_S).client) as client:
                return f"Docker {client.version()['Version']}"
        except (DockerException, OSError) as error:
            reason = str(error)
        gc.collect()
    raise ServiceError(
        "the Docker daemon does not answer",
        cause=reason,
        remedy="start Docker, use the embedded server, or give the URL of a running server",
    )


def choose_image(name: str, default: str) -> str:
    """Return the image of a service: from the user's environment, or the default."""
    return os.environ.get(image_variable(name)) or default


def image_variable(name: str) -> str:
    """Return the environment variable that overrides the image of a service."""
    return f"WORLD_HARNESS_{name.upper().replace('-', '_')}_IMAGE"


@contextlib.contextmanager
def run_image(name: str, image: Image, *, title: str, probe: Probe, workdir: Path) -> Iterator[str]:
    """Run a server in a container for the block, which gets its URL; remove both at the end.

    Args:
        name: The service.
        image: The image to run.
        title: The product name of the service.
        probe: Checks that the server answers.
        workdir: Receives the container's log when something goes wrong.

    Raises:
        ServiceError: no Docker daemon answers, or the server does not start.
    """
    password = secrets.token_hex(16)
    with run_container(
        choose_image(name, image.default),
        port=image.port,
        env={name: value.format(password=password) for name, value in image.env.items()},
        command=image.command,
        log=workdir / f"{name}-container.log",
    ) as at:
        url = image.url.format(password=password, host=at.host, port=at.port)
        _await_container(title, at, url, probe)
        yield url


@contextlib.contextmanager
def run_container(
    image: str, *, port: int, env: Mapping[str, str], command: Sequence[str], log: Path
) -> Iterator[Container]:
    """Run a container; remove it and its data at the end. Its server may not answer yet.

    Args:
        image: The image to run; pulled if it is missing.
        port: The port of its server inside the container.
        env: Its environment.
        command: The command to run in it.
        log: Receives its log when something goes wrong.

    Raises:
        ServiceError: the Docker daemon does not answer, or it cannot run the image.
    """
    find_docker()

    from docker.errors import DockerException
    from testcontainers.core.container import DockerContainer

    # A name that we choose lets us remove the container even before the library knows about it.
    name = f"world-harness-{secrets.token_hex(8)}"
    with contextlib.ExitStack() as stack:
        try:
            container = DockerContainer(image, env=dict(env), ports=[port], name=name)
            stack.callback(container.get_docker_client().client.close)
            stack.enter_context(afterwards(lambda: _remove(name)))
            container.with_command(list(command))
            _pull_if_missing(container.get_docker_client().client, container.image)
            # Docker carries out the request even if no client waits for its answer.
            with hold_signals():
                container.start()
            running = Container(
                name=name,
                image=image,
                host=container.get_container_host_ip(),
                port=container.get_exposed_port(port),
                log=log,
            )
        except (DockerException, OSError, RuntimeError) as error:
            raise ServiceError(
                f"Docker cannot run {image}",
                cause=f"{error}; {_quote_log(name, log)}",
                remedy=f"run `docker run {image}` to see more, or use the embedded server or a URL",
            ) from error
        yield running


def _await_container(title: str, container: Container, url: str, probe: Probe) -> None:
    if not await_answer(partial(answers, probe, url), within_s=_READY_WITHIN_S):
        quoted = _quote_log(container.name, container.log)
        raise ServiceError(
            f"the {title} server in the container did not start",
            cause=f"{container.image} runs, but: {describe_silence(probe, url)}; {quoted}",
            remedy="use the embedded server, or give the URL of a running server",
        )


def _pull_if_missing(client: Any, image: str) -> None:
    """Pull an image if it is missing. This can take minutes and may be interrupted."""
    from docker.errors import ImageNotFound

    try:
        client.images.get(image)
    except ImageNotFound:
        client.images.pull(image)


def _quote_log(name: str, log: Path) -> str:
    """Save a container's log, which Docker removes with the container, and return its end."""
    try:
        with _reach(name) as container:
            log.write_bytes(container.logs() if container else b"")
    except (ServiceError, OSError) as error:
        return f"its log is not available: {error}"
    return quote_log(log)


def _remove(name: str) -> None:
    """Remove the container of that name if it exists."""
    try:
        with hold_signals(), _reach(name) as container:
            if container:
                container.remove(force=True, v=True)
    except ServiceError as error:
        raise ServiceError(
            f"the container {name} may still exist",
            cause=error.cause,
            remedy=f"run `docker rm --force --volumes {name}`",
        ) from error


@contextlib.contextmanager
def _reach(name: str) -> Iterator[Any]:
    """Find a container by its name; `None` if there is none.

    Raises:
        ServiceError: the daemon does not answer, or rejects a request of the block.
    """
    # Comes first: it collects the socket that the library leaks when no daemon answers.
    find_docker()

    from docker.errors import DockerException, NotFound
    from testcontainers.core.docker_client import DockerClient

    try:
        with contextlib.closing(DockerClient().client) as client:
            try:
                container = client.containers.get(name)
            except NotFound:
                container = None
            yield container
    except (DockerException, OSError) as error:
        raise ServiceError(
            f"Docker rejected a request for the container {name}",
            cause=str(error),
            remedy=f"run `docker inspect {name}` to see more",
        ) from error
