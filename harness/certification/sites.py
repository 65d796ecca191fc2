"""Sites: storage for one examination of a World, and the processes that open it."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from harness.adapters.process import AdapterProcess, run_adapter
from harness.adapters.world import Reply, WorldClient, open_world
from harness.certification.subjects import Subject
from harness.errors import ServiceError
from harness.inside import NODE_ADAPTER, PYTHON_ADAPTER, PYTHON_SDK
from harness.programs.commands import quote_log, run_logged
from harness.programs.interruption import hold_signals
from harness.programs.ports import free_port
from harness.services.resolution import Service, ServicePreference, open_service
from harness.workspaces.cache import cache_folder, python_environment
from harness.workspaces.node import find_node

_PYTHON_MODULE = "world_harness_adapter"
#: How long a process may take to exit after its last reply.
_END_S = 1.0


class Site:
    """One storage of a World. The processes of a site share it; sites are independent.

    Args:
        subject: The World.
        folder: An empty folder for this site alone.
        databases: Service -> URL of a database for this site alone.
        cut: Closes every connection to the databases, and returns their number.
    """

    def __init__(
        self,
        subject: Subject,
        folder: Path,
        databases: Mapping[str, str],
        cut: Callable[[], int],
    ) -> None:
        self.subject = subject
        self.folder = folder
        self.storage = folder / "storage"
        self.storage.mkdir()
        self.port = free_port()
        self._databases = databases
        self._cut = cut
        self._stack = contextlib.ExitStack()
        self._numbers = itertools.count()
        self._last: AdapterProcess | None = None
        #: Called with each call and its outcome.
        self.note: Callable[[Reply], None] = lambda reply: None

    def open(self, *, port: int | None = None, env: Mapping[str, str] | None = None) -> WorldClient:
        """Open the storage in another process.

        Args:
            port: The port on which this process receives deliveries; by default, the site's port.
            env: Environment variables in addition to those of the World's description.

        Raises:
            OpenError: the World cannot be loaded, or the entry does not hold a World.
            AdapterError: the adapter cannot be started.
        """
        number = next(self._numbers)
        process = self._stack.enter_context(
            run_adapter(
                _command_of(self.subject),
                folder=self.storage,
                env={**self.environment(port or self.port), **(env or {})},
                log=self.folder / f"process-{number}.log",
            )
        )
        self._last = process
        return open_world(
            process,
            entry=self.subject.entry,
            folder=str(self.subject.folder),
            number=number,
            note=lambda reply: self.note(reply),
        )

    def cut_connections(self) -> int:
        """Close every connection to the site's databases, and return their number.

        Raises:
            ServiceError: the server does not support it, or the World has no server.
        """
        if not self._databases:
            raise ServiceError(
                f"{self.subject.title} has no server whose connections could be cut",
                remedy="skip checks that need a server",
            )
        return self._cut()

    def quote_log(self) -> str:
        """Return the end of the output of the site's last process."""
        logs = sorted(self.folder.glob("process-*.log"), key=lambda log: log.stat().st_mtime_ns)
        return quote_log(logs[-1], kept=False) if logs and logs[-1].stat().st_size else ""

    def describe_end(self) -> str:
        """Describe how the site's last process ended; empty while it runs."""
        code = self._last.await_end(_END_S) if self._last else None
        if code is None:
            return ""
        return f"it ended with code {code}" if code >= 0 else f"it was ended by signal {-code}"

    def close(self) -> None:
        """End every process of the site."""
        with hold_signals():
            self._stack.close()

    def environment(self, port: int) -> dict[str, str]:
        """Return the environment of a process that opens the storage and listens on a port."""
        subject = self.subject
        filled = subject.fill_env(
            storage=str(self.storage),
            base_url=f"http://127.0.0.1:{port}",
            port=str(port),
            databases=self._databases,
        )
        base = (
            {
                **find_node().environment(Path(subject.folder) / "node_modules" / ".bin"),
                "NODE_COMPILE_CACHE": str(cache_folder() / "bytecode"),
            }
            if subject.language == "typescript"
            else {**python_environment(), "PYTHONPATH": _python_path(subject)}
        )
        return {**base, "PORT": str(port), "HOST": "127.0.0.1", **filled}


class Ground:
    """Makes sites for one World, on services that are opened once. Use :func:`open_ground`."""

    def __init__(self, subject: Subject, folder: Path, services: Mapping[str, Service]) -> None:
        self.subject = subject
        #: Holds all files.
        self.folder = folder
        self._services = services
        self._numbers = itertools.count()

    def describe_services(self) -> dict[str, str]:
        """Return service -> its version and where it comes from."""
        return {name: service.describe() for name, service in self._services.items()}

    def service_urls(self) -> dict[str, str]:
        """Return service -> URL with its password, so that other processes can use the server."""
        return {name: service.url for name, service in self._services.items()}

    @contextlib.contextmanager
    def site(self) -> Iterator[Site]:
        """Make a site; the end of the block removes its processes, databases and files.

        Raises:
            ServiceError: a database cannot be created, or the World's setup fails.
        """
        with contextlib.ExitStack() as stack:
            folder = self.folder / f"site-{next(self._numbers)}"
            folder.mkdir()
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            databases = {}
            for name, service in self._services.items():
                service.template(self._template, partial(self._set_up, name))
                databases[name] = stack.enter_context(
                    service.create_database(template=self._template)
                )

            def cut() -> int:
                return sum(
                    self._services[name].cut_connections(url) for name, url in databases.items()
                )

            site = Site(self.subject, folder, databases, cut)
            stack.callback(site.close)
            yield site

    @property
    def _template(self) -> str:
        return f"certify-{self.subject.id}-{self.subject.line}-{self.subject.version}"

    def _set_up(self, name: str, url: str) -> None:
        subject = self.subject
        if not subject.setup:
            return
        node = find_node()
        run_logged(
            subject.setup,
            folder=Path(subject.folder),
            env={
                **node.environment(Path(subject.folder) / "node_modules" / ".bin"),
                **subject.fill_env(
                    storage="",
                    base_url="",
                    port="",
                    databases={**self.service_urls(), name: url},
                ),
            },
            # Keep it after the session: the error tells the user to read it.
            log=cache_folder() / "logs" / f"setup-{subject.id.replace('/', '-')}.log",
            failure=ServiceError,
            what=f"the storage of {subject.title} could not be set up",
            remedy="read the log; --setup, or `setup` in the World's description, sets the command",
        )


@contextlib.contextmanager
def open_ground(
    subject: Subject, *, services: ServicePreference = "auto", urls: Mapping[str, str] | None = None
) -> Iterator[Ground]:
    """Open the services that a World needs; they end with the block.

    Args:
        subject: The World.
        services: Where the servers come from.
        urls: Service -> URL of a server that is already running.

    Raises:
        ServiceError: no server is available.
        UsageError: no service has such a name.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="world-harness-"))
        # A server may run as a different user, who needs access to its folder.
        folder.chmod(0o755)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        running = urls or {}
        opened = {
            name: stack.enter_context(
                open_service(
                    name,
                    choice="external" if name in running else services,
                    url=running.get(name),
                    workdir=folder / "services",
                )
            )
            for name in subject.services
        }
        yield Ground(subject, folder, opened)


def _command_of(subject: Subject) -> list[str | Path]:
    if subject.language == "python":
        return [subject.python or sys.executable, "-m", _PYTHON_MODULE]
    return [
        find_node().folder / "node",
        "--experimental-import-meta-resolve",
        "--no-warnings",
        NODE_ADAPTER,
    ]


def _python_path(subject: Subject) -> str:
    inherited = os.environ.get("PYTHONPATH")
    roots = [PYTHON_ADAPTER, PYTHON_SDK, *([subject.source] if subject.source else [])]
    return os.pathsep.join([*map(str, roots), *([inherited] if inherited else [])])
