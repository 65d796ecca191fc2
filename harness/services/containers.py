"""A server in a container, by testcontainers. It is imported only when a container is asked for."""

from __future__ import annotations

import contextlib
import gc
import warnings
from collections.abc import Iterator, Mapping

import msgspec

from harness.errors import ServiceError

#: How long a daemon may take to say that it is there.
_DAEMON_ANSWERS_S = 3


class Address(msgspec.Struct, frozen=True):
    """Where a container's server listens, as seen from here."""

    host: str
    port: int


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


@contextlib.contextmanager
def run_container(
    image: str, *, port: int, env: Mapping[str, str], command: str
) -> Iterator[Address]:
    """Run a container and remove it, with its data, at the end. Its server may not answer yet.

    Args:
        image: What to run; pulled when it is not there.
        port: Where its server listens, inside.
        env: Its environment.
        command: What it runs.

    Raises:
        ServiceError: no Docker daemon answers, or it cannot run the image.
    """
    find_docker()

    from docker.errors import DockerException
    from testcontainers.core.container import DockerContainer

    with contextlib.ExitStack() as stack:
        try:
            container = stack.enter_context(
                DockerContainer(image, command=command, env=dict(env), ports=[port])
            )
            address = Address(container.get_container_host_ip(), container.get_exposed_port(port))
        except (DockerException, OSError, RuntimeError) as error:
            raise ServiceError(
                f"Docker cannot run {image}",
                cause=str(error),
                remedy=f"`docker run {image}` shows more; or use the embedded server or a URL",
            ) from error
        yield address
