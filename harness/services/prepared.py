"""Databases of a server that cannot copy a template: each new database is set up separately."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from harness.errors import ServiceError
from harness.programs.interruption import hold_signals
from harness.services.starting import refuse_crash
from harness.services.tidying import afterwards, note_failure
from harness.services.urls import redact


class Databases(Protocol):
    """What a kind of server can do with its databases. A URL identifies a database."""

    @property
    def server_url(self) -> str:
        """The URL of the server itself, in the form that `open_external` accepts."""

    def describe(self) -> str:
        """Return the server's name, version and kind."""

    def make(self) -> str:
        """Make a new, empty database, and return its URL."""

    def remove(self, url: str) -> None:
        """Close all connections to a database, and remove it with its data."""

    def cut(self, url: str) -> int:
        """Close all connections to a database; return their number."""


class PreparedService:
    """A server without copies: a template is the function that prepares an empty database.

    Its methods can be called from several threads.
    """

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._lock = threading.Lock()
        self._existing: set[str] = set()
        self._templates: dict[str, Callable[[str], None]] = {}
        #: The database on which a template was tried; the first request for the template gets it.
        self._ready: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<{self.describe()}>"

    @property
    def url(self) -> str:
        """The server's own URL, with its password."""
        return self._databases.server_url

    def describe(self) -> str:
        """Return its name, version and kind."""
        return self._databases.describe()

    @contextlib.contextmanager
    def create_database(self, *, template: str | None = None) -> Iterator[str]:
        """Make a new database, empty or prepared; the block gets its URL."""
        url = self._take(template)
        with afterwards(lambda: self._remove(url)):
            yield url

    def template(self, key: str, prepare: Callable[[str], None]) -> None:
        """Remember how to prepare the databases of a template, and prepare the first."""
        with self._lock:
            if key in self._templates:
                return
            self._ready[key] = self._prepare(prepare)
            self._templates[key] = prepare

    def cut_connections(self, url: str) -> int:
        """Close every client's connection to a database; return their number."""
        if url not in self._existing:
            raise ServiceError(
                f"cannot cut the connections to {redact(url)}",
                cause="the harness did not make that database, or has already removed it",
                remedy="pass a URL exactly as `create_database` gave it",
            )
        return self._databases.cut(url)

    #: Whether these servers keep their data across a crash depends on their configuration.
    can_crash = False

    def crash(self) -> None:
        """Reject the request: these servers cannot crash on demand.

        Raises:
            ServiceError: always.
        """
        raise refuse_crash(self.describe())

    @contextlib.contextmanager
    def leaving_nothing(self) -> Iterator[None]:
        """At the end of the block, remove every remaining database made here."""

        def remove_all() -> None:
            with hold_signals():
                self._remove_all()

        with afterwards(remove_all):
            yield

    def _take(self, template: str | None) -> str:
        if template is None:
            return self._make()
        with self._lock:
            prepare = self._templates[template]
            ready = self._ready.pop(template, None)
        return ready or self._prepare(prepare)

    def _prepare(self, prepare: Callable[[str], None]) -> str:
        url = self._make()
        try:
            prepare(url)
        except BaseException as error:
            note_failure(error, lambda: self._remove(url))
            raise
        return url

    def _make(self) -> str:
        # An interrupt between the two would leave a database that nothing removes.
        with hold_signals():
            url = self._databases.make()
            self._existing.add(url)
        return url

    def _remove(self, url: str) -> None:
        self._databases.remove(url)
        self._existing.discard(url)

    def _remove_all(self) -> None:
        failures = []
        for url in sorted(self._existing):
            try:
                self._remove(url)
            except ServiceError as failure:
                failures.append(failure.cause)
        if failures:
            raise ServiceError(
                "some databases could not be removed from the server",
                cause=failures[-1],
                remedy="\n    ".join(
                    ["remove them by hand:", *(redact(url) for url in sorted(self._existing))]
                ),
            )
