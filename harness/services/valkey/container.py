"""A Valkey server in a container."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path

from harness.services.containers import await_container, choose_image, run_container
from harness.services.prepared import PreparedService
from harness.services.valkey.databases import ValkeyDatabases, answers, describe_silence
from harness.services.valkey.embedded import SETTINGS

#: The same major version as the embedded server.
_IMAGE = "valkey/valkey:9-alpine"
_PORT = 6379

#: The images have no variable for a password, and every user can read a program's arguments.
#: With an image from the user, the program may be Redis.
_COMMAND = (
    "printf 'requirepass %s\\n{settings}' \"$VALKEY_PASSWORD\" |"
    ' exec "$(command -v valkey-server || command -v redis-server)" -'
)


@contextlib.contextmanager
def open_container(workdir: Path) -> Iterator[PreparedService]:
    """Run a server in a container; remove both at the end of the block.

    Args:
        workdir: Receives the container's log when something goes wrong.

    Raises:
        ServiceError: the Docker daemon does not answer, or the server does not start.
    """
    password = secrets.token_hex(16)
    image = choose_image("valkey", _IMAGE)
    log = workdir / "valkey-container.log"
    settings = "".join(f"{name} {value}\\n" for name, value in SETTINGS.items())
    with run_container(
        image,
        port=_PORT,
        env={"VALKEY_PASSWORD": password},
        command=["sh", "-c", _COMMAND.format(settings=settings)],
        log=log,
    ) as at:
        url = f"redis://:{password}@{at.host}:{at.port}"
        await_container("Valkey", at, url, answers=answers, describe_silence=describe_silence)
        yield PreparedService(ValkeyDatabases(url, "container"))
