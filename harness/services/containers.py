"""A server in a container, by testcontainers. It is imported only when a container is asked for."""

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

#: How long a daemon may take to say that it is there.
_DAEMON_ANSWERS_S = 3
#: How long a server may take to answer once its container runs.
_READY_WITHIN_S = 120.0


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind of server runs in a container."""

    #: The image, unless the user names another.
    usual: str
    #: Where the server listens, inside.
    port: int
    #: Its URL, with `{password}`, `{host}` and `{port}`.
    url: str
    command: Sequence[str]
    #: Its environment, with `{password}`.
    env: Mapping[str, str]


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container that runs."""

    name: str
    image: str
    #: Where its server listens, as seen from here.
    host: str
    port: int
    #: The file that takes its log when something goes wrong.
    log: Path


def find_docker() -> str:
    """Return the version of the Docker daemon that answers.

    Raises:
        ServiceError: none does.
    """
    from docker.errors import DockerException  # type: ignore[import-untyped]
    from testcontainers.core.docker_client import DockerClient

    # Where no daemon answers, the library forgets an open socket in a cycle of references. It is
    # collected here, lest Python complain of it in the middle of something else.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            with contextlib.closing(DockerClient(timeout=_DAEMON_ANSWERS_S).client) as client:
                return f"Docker {client.version()['Version']}"
        except (DockerException, OSError) as error:
            reason = str(error)
        gc.collect()
    raise ServiceError(
        "no Docker daemon answers",
        cause=reason,
        remedy="start Docker, or use the embedded server or the URL of one that runs",
    )


def choose_image(name: str, usual: str) -> str:
    """Return the image that a service runs: what the user's environment says, or the usual one."""
    return os.environ.get(image_variable(name)) or usual


def image_variable(name: str) -> str:
    """Return the environment variable that may name another image for a service."""
    return f"WORLD_HARNESS_{name.upper().replace('-', '_')}_IMAGE"


@contextlib.contextmanager
def run_image(name: str, image: Image, *, title: str, probe: Probe, workdir: Path) -> Iterator[str]:
    """Run a server in a container; both are gone after the block, which gets the server's URL.

    Args:
        name: The service.
        image: What it runs.
        title: The service, as its makers write it.
        probe: Asks the server for a sign of life.
        workdir: Takes the container's log when something goes wrong.

    Raises:
        ServiceError: no Docker daemon answers, or the server does not start.
    """
    password = secrets.token_hex(16)
    with run_container(
        choose_image(name, image.usual),
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
    """Run a container and remove it, with its data, at the end. Its server may not answer yet.

    Args:
        image: What to run; pulled when it is not there.
        port: Where its server listens, inside.
        env: Its environment.
        command: What it runs.
        log: Takes its log when something goes wrong; otherwise Docker keeps it.

    Raises:
        ServiceError: no Docker daemon answers, or it cannot run the image.
    """
    find_docker()

    from docker.errors import DockerException
    from testcontainers.core.container import DockerContainer

    # A name of ours, so that it can be removed though the library does not know of it yet.
    name = f"world-harness-{secrets.token_hex(8)}"
    with contextlib.ExitStack() as stack:
        try:
            container = DockerContainer(image, env=dict(env), ports=[port], name=name)
            stack.callback(container.get_docker_client().client.close)
            stack.enter_context(afterwards(lambda: _remove(name)))
            container.with_command(list(command))
            _have_image(container.get_docker_client().client, container.image)
            # Docker continues with the request even if no client waits for its answer.
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
                remedy=f"`docker run {image}` shows more; or use the embedded server or a URL",
            ) from error
        yield running


def _await_container(title: str, container: Container, url: str, probe: Probe) -> None:
    if not await_answer(partial(answers, probe, url), within_s=_READY_WITHIN_S):
        quoted = _quote_log(container.name, container.log)
        raise ServiceError(
            f"the {title} server in the container did not start",
            cause=f"{container.image} runs, but: {describe_silence(probe, url)}; {quoted}",
            remedy="use the embedded server, or give the URL of one that runs",
        )


def _have_image(client: Any, image: str) -> None:
    """Pull an image that is not there, which can take minutes and may be interrupted."""
    from docker.errors import ImageNotFound

    try:
        client.images.get(image)
    except ImageNotFound:
        client.images.pull(image)


def _quote_log(name: str, log: Path) -> str:
    """Keep a container's log, which is removed with it, and return its end."""
    try:
        with _reach(name) as container:
            log.write_bytes(container.logs() if container else b"")
    except (ServiceError, OSError) as error:
        return f"its log is not available: {error}"
    return quote_log(log)


def _remove(name: str) -> None:
    """Remove a container, if there is one of the name."""
    try:
        with hold_signals(), _reach(name) as container:
            if container:
                container.remove(force=True, v=True)
    except ServiceError as error:
        raise ServiceError(
            f"the container {name} may be left behind",
            cause=error.cause,
            remedy=f"docker rm --force --volumes {name}",
        ) from error


@contextlib.contextmanager
def _reach(name: str) -> Iterator[Any]:
    """Find a container by its name; there may be none.

    Raises:
        ServiceError: no daemon answers, or it refuses what the block asks of it.
    """
    # First of all: it clears away what the library forgets where no daemon answers.
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
            f"Docker refuses what is asked of the container {name}",
            cause=str(error),
            remedy=f"`docker inspect {name}` shows more",
        ) from error
