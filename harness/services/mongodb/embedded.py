"""There is no MongoDB server in a Python package; every function here says so."""

from __future__ import annotations

from typing import NoReturn

from harness.errors import ServiceError


def refuse_embedded(*_: object) -> NoReturn:
    """Raise an error: there is no embedded server.

    Raises:
        ServiceError: always.
    """
    raise ServiceError(
        "there is no embedded MongoDB server",
        cause="it is not published as a Python package",
        remedy="use a container, or give the URL of a server",
    )
