"""Databases of a server that cannot copy one: each new one is prepared by itself."""

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
    """What a kind of server can do with its databases, each of which is known by its URL."""

    @property
    def server_url(self) -> str:
        """The URL of the server itself, as `open_external` would be given it."""

    def describe(self) -> str:
        """Return the server's name, version and kind."""

    def make(self) -> str:
        """Make a new, empty database, and return its URL."""

    def remove(self, url: str) -> None:
        """End what is connected to a database, and remove it with all it holds."""

    def cut(self, url: str) -> int:
        """End what is connected to a database; return how many connections that were."""


class PreparedService:
    """A server whose templates are remembered as what has to be done to an empty database.

    Its methods can be called from several threads.
    """

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._lock = threading.Lock()
        self._existing: set[str] = set()
        self._templates: dict[str, Callable[[str], None]] = {}
        #: The database on which a template was tried: the first that asks for the template gets it.
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
        """Remember how the databases of a template are prepared, and prepare the first."""
        with self._lock:
            if key in self._templates:
                return
            self._ready[key] = self._prepare(prepare)
            self._templates[key] = prepare

    def cut_connections(self, url: str) -> int:
        """End every client's connection to a database; return how many there were."""
        if url not in self._existing:
            raise ServiceError(
                f"the connections to {redact(url)} are not cut",
                cause="the harness did not make that database, or it is removed already",
                remedy="give the URL of a database that create_database made, as it made it",
            )
        return self._databases.cut(url)

    #: What these servers keep over their end depends on how they are set up.
    can_crash = False

    def crash(self) -> None:
        """Refuse.

        Raises:
            ServiceError: always.
        """
        raise refuse_crash(self.describe())

    @contextlib.contextmanager
    def leaving_nothing(self) -> Iterator[None]:
        """Remove every database made here that still exists after the block."""

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
        # An interrupt between the two would leave a database without an owner.
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
                "databases are left on the server",
                cause=failures[-1],
                remedy="\n    ".join(
                    ["remove them yourself:", *(redact(url) for url in sorted(self._existing))]
                ),
            )
