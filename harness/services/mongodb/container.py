"""A MongoDB server in a container."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from harness.services.containers import await_container, choose_image, run_container
from harness.services.mongodb.databases import MongodbDatabases, answers, describe_silence
from harness.services.prepared import PreparedService

_IMAGE = "mongo:8"
_PORT = 27017


@contextlib.contextmanager
def open_container(workdir: Path) -> Iterator[PreparedService]:
    """Run a server in a container; remove both at the end of the block.

    It is a standalone server. For change streams and transactions, give the URL of a replica set.

    Args:
        workdir: Receives the container's log when something goes wrong.

    Raises:
        ServiceError: the Docker daemon does not answer, or the server does not start.
    """
    password = secrets.token_hex(16)
    image = choose_image("mongodb", _IMAGE)
    log = workdir / "mongodb-container.log"
    env = {"MONGO_INITDB_ROOT_USERNAME": "root", "MONGO_INITDB_ROOT_PASSWORD": password}
    with run_container(image, port=_PORT, env=env, command=["mongod"], log=log) as at:
        url = f"mongodb://root:{password}@{at.host}:{at.port}"
        await_container("MongoDB", at, url, answers=answers, describe_silence=describe_silence)
        yield PreparedService(MongodbDatabases(url, "container"))
