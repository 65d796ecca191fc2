"""A MariaDB server in a container."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from harness.services.containers import await_container, choose_image, run_container
from harness.services.mariadb.databases import MariadbDatabases, answers, describe_silence
from harness.services.mariadb.embedded import SETTINGS
from harness.services.prepared import PreparedService

_IMAGE = "mariadb:11.8"
_PORT = 3306


@contextlib.contextmanager
def open_container(workdir: Path) -> Iterator[PreparedService]:
    """Run a server in a container; remove both at the end of the block.

    Args:
        workdir: Receives the container's log when something goes wrong.

    Raises:
        ServiceError: the Docker daemon does not answer, or the server does not start.
    """
    password = secrets.token_hex(16)
    image = choose_image("mariadb", _IMAGE)
    log = workdir / "mariadb-container.log"
    # MySQL images read these variables as well.
    env = {"MYSQL_ROOT_PASSWORD": password}
    command = [f"--{name}={value}" for name, value in SETTINGS.items()]
    with run_container(image, port=_PORT, env=env, command=command, log=log) as at:
        url = f"mysql://root:{password}@{at.host}:{at.port}"
        await_container("MariaDB", at, url, answers=answers, describe_silence=describe_silence)
        yield PreparedService(MariadbDatabases(url, "container"))
