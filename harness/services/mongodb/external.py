"""A MongoDB server that the user provides."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from harness.services.mongodb.databases import MongodbDatabases
from harness.services.prepared import PreparedService
from harness.services.urls import check_url

URL_EXAMPLE = "mongodb://user:password@host:27017"


@contextlib.contextmanager
def open_external(url: str, workdir: Path) -> Iterator[PreparedService]:
    """Use a running server; at the end of the block, drop every database made on it.

    Args:
        url: Has a user who may read, write and drop databases.
        workdir: Not used: the server keeps its own log.

    Raises:
        UsageError: it is not the URL of a MongoDB server.
        ServiceError: the server refuses the login.
    """
    check_url(url, title="MongoDB", schemes=("mongodb", "mongodb+srv"), example=URL_EXAMPLE)
    service = PreparedService(MongodbDatabases(url, "external"))
    with service.leaving_nothing():
        yield service
