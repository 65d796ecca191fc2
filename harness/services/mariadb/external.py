"""A MariaDB or MySQL server that the user provides."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from harness.services.mariadb.databases import MariadbDatabases
from harness.services.prepared import PreparedService
from harness.services.urls import check_url

URL_EXAMPLE = "mysql://user:password@host:3306"


@contextlib.contextmanager
def open_external(url: str, workdir: Path) -> Iterator[PreparedService]:
    """Use a running server; at the end of the block, drop every database made on it.

    Args:
        url: Has a user who may create databases.
        workdir: Not used: the server keeps its own log.

    Raises:
        UsageError: it is not the URL of a MariaDB or MySQL server.
        ServiceError: the server refuses the login.
    """
    check_url(url, title="MariaDB", schemes=("mysql", "mariadb"), example=URL_EXAMPLE)
    service = PreparedService(MariadbDatabases(url, "external"))
    with service.leaving_nothing():
        yield service
