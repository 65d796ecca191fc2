"""A PostgreSQL server in a container."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from harness.services.containers import await_container, choose_image, run_container
from harness.services.postgres.databases import PostgresService, answers, describe_silence
from harness.services.postgres.embedded import SETTINGS

#: The same major version as the embedded server.
_IMAGE = "postgres:18-alpine"
_PORT = 5432


@contextlib.contextmanager
def open_container(workdir: Path) -> Iterator[PostgresService]:
    """Run a server in a container; remove both at the end of the block.

    Args:
        workdir: Receives the container's log when something goes wrong.

    Raises:
        ServiceError: the Docker daemon does not answer, or the server does not start.
    """
    password = secrets.token_hex(16)
    image = choose_image("postgres", _IMAGE)
    log = workdir / "postgres-container.log"
    command = ["postgres", *(f"-c{name}={value}" for name, value in SETTINGS.items())]
    env = {"POSTGRES_PASSWORD": password}
    with run_container(image, port=_PORT, env=env, command=command, log=log) as at:
        url = f"postgres://postgres:{password}@{at.host}:{at.port}/postgres"
        await_container("PostgreSQL", at, url, answers=answers, describe_silence=describe_silence)
        yield PostgresService(url, "container")
