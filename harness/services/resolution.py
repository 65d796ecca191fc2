"""Which server a World gets: an external one, an embedded one, or a container."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import msgspec

import harness.services
from harness.errors import HarnessError, ServiceError, UsageError, unknown
from harness.extras import Extra, is_extra_installed, suggest_extra
from harness.services.containers import Image, find_docker, run_image
from harness.services.readiness import Probe
from harness.services.urls import redact

ServicePreference = Literal["auto", "external", "embedded", "container"]


class Service(Protocol):
    """A running server that provides databases."""

    @property
    def url(self) -> str:
        """The server's URL with its password, for another process that uses the same server."""

    def describe(self) -> str:
        """Return its name, version and kind: `PostgreSQL 18.6 (embedded)`; never a password."""

    def create_database(self, *, template: str | None = None) -> AbstractContextManager[str]:
        """Make a new database, empty or a copy of a template; the block gets its URL.

        It is dropped, with everything connected to it, at the end of the block.

        Raises:
            ServiceError: the server refuses.
        """

    def template(self, key: str, prepare: Callable[[str], None]) -> None:
        """Prepare the database that `create_database(template=key)` copies, once per key.

        A server that cannot copy databases runs `prepare` on every new database of the key.

        Args:
            key: Names the template.
            prepare: Gets the URL of an empty database and fills it. If it raises, the error
                propagates, and the next call with the key tries again.

        Raises:
            ServiceError: the server refuses.
        """

    def cut_connections(self, url: str) -> int:
        """Close every client's connection to a database at once, as a server crash does.

        Clients may reconnect immediately.

        Args:
            url: A database that `create_database` made and that still exists.

        Returns:
            The number of connections that were cut.

        Raises:
            ServiceError: the server refuses or cannot do it, or the harness did not make the
                database.
        """

    @property
    def can_crash(self) -> bool:
        """Whether `crash` may be called: the harness started the server, and it keeps its data."""

    def crash(self) -> None:
        """Crash the server with all its connections, and start it again on its data.

        Raises:
            ServiceError: the server may not be crashed, or did not come back.
        """


class SharedService(Service, Protocol):
    """A service on a server that others use too."""

    def leaving_nothing(self) -> AbstractContextManager[None]:
        """At the end of the block, drop everything made on the server that still exists."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """What a service's module provides as `PROVIDER`: how to start and use its servers.

    A kind of server that is not available raises ServiceError.
    """

    #: The product name, such as PostgreSQL.
    title: str
    #: An example of its URL.
    url_example: str
    #: Checks that a URL from the user is valid, and that its user has the needed rights.
    check: Callable[[str], None]
    #: Given the URL of a server, and whether it is external or in a container.
    connect: Callable[[str, str], SharedService]
    probe: Probe
    image: Image
    #: Says which package holds the embedded server.
    find_embedded: Callable[[], str]
    #: Given an existing folder for logs.
    open_embedded: Callable[[Path], AbstractContextManager[Service]]
    #: The extra of the distribution that holds the driver; `None` if every installation has it.
    extra: Extra | None = None


class ServiceOffer(NamedTuple):
    """One kind of server: whether it is available here, and which one it is or why not."""

    choice: ServicePreference
    available: bool
    detail: str


@contextlib.contextmanager
def open_service(
    name: str, *, choice: ServicePreference = "auto", url: str | None = None, workdir: Path
) -> Iterator[Service]:
    """Open the service of that name; close it at the end, with all databases made on it.

    `auto` uses the server whose URL is given. If that URL does not work, it is an error. Without a
    URL, `auto` uses the embedded server, or a container if there is no embedded server.

    Args:
        name: The service's module: `postgres`.
        choice: The kind of server.
        url: A running server; by default `WORLD_HARNESS_<NAME>_URL` from the environment.
        workdir: Receives the server's log.

    Raises:
        UsageError: no service has the name; the URL is missing or not valid.
        ServiceError: no server is available; the error lists what was tried, or the missing extra.
    """
    provider = _load_provider(name)
    if missing := find_missing_extra(name):
        raise ServiceError(
            f"the driver for {provider.title} is not installed",
            cause=f"it is in the extra {missing!r}",
            remedy=suggest_extra(missing),
        )
    workdir.mkdir(parents=True, exist_ok=True)
    url = url or os.environ.get(url_variable(name))
    with contextlib.ExitStack() as stack:
        if choice == "external" or (choice == "auto" and url):
            opened = _open_external(provider, _require_url(name, provider, url))
            yield stack.enter_context(opened)
        elif choice == "embedded":
            yield stack.enter_context(provider.open_embedded(workdir))
        elif choice == "container":
            yield stack.enter_context(_open_container(name, provider, workdir))
        else:
            yield _open_any(name, provider, workdir, stack)


def find_service_choices(name: str) -> list[ServiceOffer]:
    """Return the kinds of server, with their availability here; start none.

    Raises:
        UsageError: no service has the name.
    """
    provider = _load_provider(name)
    url = os.environ.get(url_variable(name))
    detail = redact(url) if url else f"{url_variable(name)} is not set"
    return [
        ServiceOffer("external", bool(url), detail),
        _look_for("embedded", provider.find_embedded),
        _look_for("container", find_docker),
    ]


def find_missing_extra(name: str) -> Extra | None:
    """Return the extra that holds a service's driver, if it is not installed.

    Raises:
        UsageError: no service has the name.
    """
    extra = _load_provider(name).extra
    return None if extra is None or is_extra_installed(extra) else extra


def find_services() -> list[str]:
    """Return the names of all services."""
    return [name for name in _module_names() if _provider_of(name)]


def url_variable(name: str) -> str:
    """Return the environment variable that may hold the URL of an external server."""
    return f"WORLD_HARNESS_{name.upper().replace('-', '_')}_URL"


@contextlib.contextmanager
def _open_external(provider: Provider, url: str) -> Iterator[Service]:
    """Use the user's server; at the end of the block, remove everything made on it."""
    provider.check(url)
    service = provider.connect(url, "external")
    with service.leaving_nothing():
        yield service


@contextlib.contextmanager
def _open_container(name: str, provider: Provider, workdir: Path) -> Iterator[Service]:
    with run_image(
        name, provider.image, title=provider.title, probe=provider.probe, workdir=workdir
    ) as url:
        yield provider.connect(url, "container")


def _open_any(name: str, provider: Provider, workdir: Path, stack: contextlib.ExitStack) -> Service:
    reasons = [f"external: {url_variable(name)} is not set"]
    for kind, opened in (
        ("embedded", partial(provider.open_embedded, workdir)),
        ("container", partial(_open_container, name, provider, workdir)),
    ):
        try:
            return stack.enter_context(opened())
        except ServiceError as error:
            reasons.append(f"{kind}: {_shorten(error)}")
    raise ServiceError(
        f"no {provider.title} server is available",
        cause="".join(f"\n    {reason}" for reason in reasons),
        remedy=f"set {url_variable(name)}={provider.url_example}, or fix one of the causes above",
    )


def _require_url(name: str, provider: Provider, url: str | None) -> str:
    if url:
        return url
    raise UsageError(
        f"the URL of a {provider.title} server is missing",
        cause=f"{url_variable(name)} is not set",
        remedy=f"set {url_variable(name)}={provider.url_example}",
    )


def _look_for(choice: ServicePreference, find: Callable[[], str]) -> ServiceOffer:
    try:
        return ServiceOffer(choice, True, find())
    except ServiceError as error:
        return ServiceOffer(choice, False, _shorten(error))


def _shorten(error: HarnessError) -> str:
    return f"{error.what} ({error.cause})" if error.cause else error.what


def _load_provider(name: str) -> Provider:
    # The name comes from a user, so only import a module that exists.
    provider = _provider_of(name) if name in _module_names() else None
    if provider is None:
        raise unknown("service", name, find_services())
    return provider


def _provider_of(name: str) -> Provider | None:
    module = importlib.import_module(f"{harness.services.__name__}.{name}")
    provider: Provider | None = getattr(module, "PROVIDER", None)
    return provider


def _module_names() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(harness.services.__path__)]
