"""There is no MongoDB server in a Python package; every function here says so."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn

from harness.errors import ServiceError
from harness.services.resolution import Service


def find_embedded() -> str:
    """Raise an error: there is no embedded server.

    Raises:
        ServiceError: always.
    """
    _refuse()


def open_embedded(workdir: Path) -> AbstractContextManager[Service]:
    """Raise an error: there is no embedded server.

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
