"""A Valkey server that the user provides."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from harness.services.prepared import PreparedService
from harness.services.urls import check_url
from harness.services.valkey.databases import ValkeyDatabases

URL_EXAMPLE = "redis://user:password@host:6379"


@contextlib.contextmanager
def open_external(url: str, workdir: Path) -> Iterator[PreparedService]:
    """Use the empty databases of a running server; empty them again at the end of the block.

    Args:
        url: The server; its database number, if any, does not matter.
        workdir: Not used: the server keeps its own log.

    Raises:
        UsageError: it is not the URL of a Valkey server.
        ServiceError: the server refuses the login.
    """
    check_url(url, title="Valkey", schemes=("redis", "rediss"), example=URL_EXAMPLE)
    service = PreparedService(ValkeyDatabases(url, "external"))
    with service.leaving_nothing():
        yield service
