"""MongoDB has no server in a package: what is asked for is answered with that."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

from harness.errors import ServiceError
from harness.services.resolution import Service


def find_embedded() -> str:
    """Say that there is no embedded server.

    Raises:
        ServiceError: always.
    """
    _refuse()


def open_embedded(workdir: Path) -> AbstractContextManager[Service]:
    """Say that there is no embedded server.

    Args:
        workdir: Not used.

    Raises:
        ServiceError: always.
    """
    _refuse()


def _refuse() -> NoReturn:
    raise ServiceError(
        "there is no embedded MongoDB server",
        cause="it is not published as a Python package",
        remedy="use a container, or give the URL of a server",
    )
