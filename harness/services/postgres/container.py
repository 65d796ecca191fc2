"""A PostgreSQL server in a container."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from harness.errors import ServiceError
from harness.services.containers import run_container
from harness.services.postgres.databases import PostgresService, answers, describe_silence
from harness.services.postgres.embedded import SETTINGS
from harness.services.readiness import await_answer

#: The same major version as the embedded server.
IMAGE = "postgres:18-alpine"
_PORT = 5432
_READY_WITHIN_S = 120.0


@contextlib.contextmanager
def open_container(workdir: Path) -> Iterator[PostgresService]:
    """Run a server in a container; both are gone after the block.

    Args:
        workdir: Not used: Docker keeps the container's log.

    Raises:
        ServiceError: no Docker daemon answers, or the server does not start.
    """
    password = secrets.token_hex(16)
    command = " ".join(["postgres", *(f"-c {name}={value}" for name, value in SETTINGS.items())])
    env = {"POSTGRES_PASSWORD": password}
    with run_container(IMAGE, port=_PORT, env=env, command=command) as at:
        url = f"postgres://postgres:{password}@{at.host}:{at.port}/postgres"
        if not await_answer(lambda: answers(url), within_s=_READY_WITHIN_S):
            raise ServiceError(
                "the PostgreSQL server in the container did not start",
                cause=f"{IMAGE} runs, but: {describe_silence(url)}",
                remedy="use the embedded server, or give the URL of one that runs",
            )
        yield PostgresService(url, "container")
