"""Turn a cell into a running app: packages, build, storage, services, process."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from harness.deployments.apps import Contents, assemble_app, shape_of
from harness.deployments.deployment import Deployment, launch_app, reach_app
from harness.descriptions import Catalog, Cell, World
from harness.errors import ServiceError, UsageError
from harness.placeholders import fill, fill_all, name_databases
from harness.programs.commands import run_logged
from harness.programs.interruption import hold_signals
from harness.services.resolution import Service, ServicePreference, open_service
from harness.workspaces.build import build_app, require_dev_server, write_temporary_app
from harness.workspaces.cache import cache_folder
from harness.workspaces.install import Install, list_overrides, pin_line
from harness.workspaces.toolchains import LinePackages, Toolchain, find_toolchain

_RECORDING = {"WORLD_HARNESS_RECORDING": "1"}


class Remote(msgspec.Struct, frozen=True):
    """A deployment elsewhere. Both fields can contain secrets and are never written to a file."""

    url: str
    headers: dict[str, str]


def identify_remote(remote: Remote, world: str) -> tuple[Cell, tuple[str, ...]]:
    """Ask a remote app what it is: its cell, and the workflows that it has.

    Raises:
        UsageError: the URL is none.
        DeploymentError: it does not answer.
    """
    with reach_app(remote.url, remote.headers) as deployment:
        identity = deployment.identity
        return Cell(identity.line, identity.framework, world), identity.workflows


class Storage(msgspec.Struct, frozen=True):
    """Where a cell's apps keep their data. It outlives each of their processes."""

    folder: str
    #: Service -> URL of the cell's own database; the URL can contain a secret.
    databases: dict[str, str]
    #: The folder of an app that a dev server runs: it also keeps there what it compiles.
    app: Path | None = None


class Launcher:
    """Prepares each cell once and starts it any number of times. Use it as a context manager.

    Args:
        catalog: The described lines, frameworks and Worlds.
        contents: The contents of every app.
        services: The kind of server for each service.
        remote: The deployment for cells of a remote World.
        report: Called with what is being prepared.
    """

    def __init__(
        self,
        catalog: Catalog,
        contents: Contents,
        *,
        services: ServicePreference = "auto",
        remote: Remote | None = None,
        report: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._catalog = catalog
        self._contents = contents
        self._service_choice = services
        self._remote = remote
        self._report = report
        self._stack = contextlib.ExitStack()
        #: By line and, for a World that is not in every install of the line, by World.
        self._installs: dict[tuple[str, str], Install] = {}
        #: Of cells in production.
        self._apps: dict[Cell, Path] = {}
        self._services: dict[str, Service] = {}

    def __enter__(self) -> Launcher:
        folder = Path(tempfile.mkdtemp(prefix="world-harness-"))
        # Servers may run as another user, who must be able to reach their folders.
        folder.chmod(0o755)
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self._folder = folder
        return self

    def __exit__(self, *_: object) -> None:
        with hold_signals():
            self._stack.close()

    def describe_services(self) -> dict[str, str]:
        """Return service -> name, version and kind, for the services that were started."""
        return {name: service.describe() for name, service in self._services.items()}

    def service_urls(self) -> dict[str, str]:
        """Return service -> URL with password, for the services that were started."""
        return {name: service.url for name, service in self._services.items()}

    def prepare(self, cell: Cell) -> None:
        """Install, build and start everything that the cell needs and that is not there yet.

        Raises:
            HarnessError: something cannot be installed, built or started.
        """
        world = self._catalog.world_of(cell)
        if world.remote:
            return
        install = self._install(cell)
        if cell.mode == "development":
            # It compiles by itself, when it has started.
            require_dev_server(self._catalog.frameworks[cell.framework])
        else:
            self._report(f"building {cell.id}")
            self._apps[cell] = self._build(cell, install)
        for name in world.services:
            self._prepare_database(name, cell, world, install)

    def _build(self, cell: Cell, install: Install) -> Path:
        framework = self._catalog.frameworks[cell.framework]
        shape = shape_of(self._catalog.lines[cell.line].language)
        return build_app(
            install,
            self._name_app(cell),
            self._assemble(cell),
            self._fill(framework.build, {"install": str(install.folder)}),
            {**shape.environment, **framework.env},
            self._toolchain(cell).environment(install),
        )

    def _name_app(self, cell: Cell) -> str:
        return f"{self._contents.id}-{cell.framework}-{cell.world}"

    def _assemble(self, cell: Cell) -> dict[str, bytes]:
        line = self._catalog.lines[cell.line]
        framework, world = self._catalog.frameworks[cell.framework], self._catalog.world_of(cell)
        modules = self._catalog.list_modules(line.language)
        return assemble_app(line, framework, world, self._contents, modules)

    @contextlib.contextmanager
    def open_storage(self, cell: Cell) -> Iterator[Storage]:
        """Make empty storage for a prepared cell; remove it at the end of the block.

        A dev server's app is a part of it: in every new storage, nothing is compiled yet.

        Raises:
            ServiceError: a server refuses.
        """
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(self._make_folder())
            databases = {
                name: stack.enter_context(
                    self._services[name].create_database(template=_template_of(cell))
                )
                for name in self._catalog.world_of(cell).services
            }
            yield Storage(folder, databases, stack.enter_context(self._open_app(cell)))

    @contextlib.contextmanager
    def _open_app(self, cell: Cell) -> Iterator[Path | None]:
        """Make the folder of an app for a dev server; a build has its own for all storages."""
        if cell.mode == "production":
            yield None
            return
        files, name = self._assemble(cell), self._name_app(cell)
        with write_temporary_app(self._install(cell), name, files) as folder:
            yield folder

    def cut_connections(self, storage: Storage) -> int:
        """Close every connection to a cell's databases, as a crash does; return their number.

        Raises:
            ServiceError: a server refuses, or cannot do it.
        """
        return sum(
            self._services[name].cut_connections(url) for name, url in storage.databases.items()
        )

    def can_crash_servers(self, cell: Cell) -> bool:
        """Return whether the servers of a prepared cell may be crashed."""
        names = self._catalog.worlds[cell.world].services
        return all(self._services[name].can_crash for name in names)

    def crash_servers(self, storage: Storage) -> None:
        """Crash the servers of a cell's databases, and start them again on their data.

        Raises:
            ServiceError: a server may not be crashed, or did not come back.
        """
        for name in storage.databases:
            self._services[name].crash()

    @contextlib.contextmanager
    def deploy(
        self,
        cell: Cell,
        *,
        recording: bool = False,
        storage: Storage | None = None,
        env: Mapping[str, str] | None = None,
        log: str = "server",
    ) -> Iterator[Deployment]:
        """Start a prepared cell; stop its process at the end of the block.

        Args:
            cell: A prepared cell.
            recording: Whether to count the calls of the World (never while times are measured).
            storage: Its storage; `None` for empty storage that is removed at the end of the block.
            env: Additional environment, beyond that of the recipe and the World.
            log: Distinguishes the log of this process from the cell's other logs.

        Raises:
            HarnessError: the cell cannot be started.
        """
        world = self._catalog.world_of(cell)
        if world.remote:
            if self._remote is None:
                raise UsageError("a remote World needs a URL", remedy="pass --url https://…")
            with reach_app(self._remote.url, self._remote.headers) as deployment:
                yield deployment
            return
        framework = self._catalog.frameworks[cell.framework]
        install = self._install(cell)
        shape = shape_of(self._catalog.lines[cell.line].language)
        with contextlib.ExitStack() as stack:
            kept = storage or stack.enter_context(self.open_storage(cell))
            # Temporary files of a killed process are removed with this folder.
            scratch = stack.enter_context(self._make_folder())
            app = kept.app or self._apps[cell]
            known = {"storage": kept.folder, "install": str(install.folder), "app": str(app)}

            def place(port: int) -> dict[str, str]:
                return {
                    **known,
                    **name_databases(kept.databases),
                    "line": cell.line,
                    "port": str(port),
                    "base_url": f"http://127.0.0.1:{port}",
                }

            def environment(port: int) -> dict[str, str]:
                return {
                    **self._toolchain(cell).environment(install),
                    "TMPDIR": scratch,
                    "PORT": str(port),
                    "HOST": "127.0.0.1",
                    **shape.environment,
                    **shape.modes.get(cell.mode, {}),
                    **fill_all(framework.env, place(port)),
                    **fill_all(world.env, place(port)),
                    **(_RECORDING if recording else {}),
                    **(env or {}),
                }

            yield stack.enter_context(
                launch_app(
                    lambda port: self._fill(
                        framework.dev if cell.mode == "development" else framework.start,
                        place(port),
                    ),
                    folder=app,
                    env=environment,
                    log=cache_folder() / "logs" / f"{cell.id.replace('/', '-')}.{log}.log",
                )
            )

    def restart(
        self, cell: Cell, storage: Storage
    ) -> contextlib.AbstractContextManager[Deployment]:
        """Start a prepared cell on storage that earlier processes of it have used.

        Raises:
            HarnessError: the cell cannot be started.
        """
        return self.deploy(cell, storage=storage, log="restarted")

    def _make_folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True)

    def _install(self, cell: Cell) -> Install:
        """Install a line with one World, so that its dependencies do not affect other Worlds."""
        bundled = self._catalog.keep_worlds(())
        added = "" if cell.world in bundled.worlds else cell.world
        if (cell.line, added) not in self._installs:
            self._report(f"installing line {cell.line}" + (f" with {added}" if added else ""))
            needed = self._catalog.keep_worlds([added])
            pins = pin_line(needed, cell.line)
            wanted = LinePackages(
                line=cell.line,
                pins=pins,
                first={name: pins[name] for name in pin_line(bundled, cell.line)},
                overrides=list_overrides(needed, cell.line),
            )
            self._installs[cell.line, added] = self._toolchain(cell).install(wanted)
        return self._installs[cell.line, added]

    def _toolchain(self, cell: Cell) -> Toolchain:
        return find_toolchain(self._catalog.lines[cell.line].language)

    def _prepare_database(self, name: str, cell: Cell, world: World, install: Install) -> None:
        if name not in self._services:
            self._report(f"starting {name}")
            self._services[name] = self._stack.enter_context(
                open_service(name, choice=self._service_choice, workdir=self._folder / "logs")
            )

        def set_up(url: str) -> None:
            if not world.setup:
                return
            # No app listens yet, and a setup command does not use a folder.
            nowhere = {"storage": "", "base_url": "", "port": "", "line": cell.line}
            run_logged(
                world.setup,
                folder=install.folder,
                env={
                    **self._toolchain(cell).environment(install),
                    **fill_all(world.env, {**nowhere, **name_databases({name: url})}),
                },
                log=cache_folder() / "logs" / f"{cell.line}-{world.id}.setup.log",
                failure=ServiceError,
                what=f"cannot set up the schema of world {world.id} on line {cell.line}",
                remedy="read the log; the command is `setup` in the World's description",
            )

        self._services[name].template(_template_of(cell), set_up)

    def _fill(self, words: Sequence[str], values: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(fill(word, values) for word in words)


def _template_of(cell: Cell) -> str:
    return f"{cell.line}-{cell.world}"
