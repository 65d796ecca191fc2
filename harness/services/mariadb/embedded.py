"""The MariaDB server that is installed on the machine, run on new data."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec

from harness.errors import ServiceError
from harness.programs.commands import quote_log
from harness.services.embedded import Account, find_account, give_to, private_folder, run_to_end
from harness.services.mariadb.databases import MariadbDatabases, probe
from harness.services.prepared import PreparedService
from harness.services.starting import EmbeddedServer, run_on_free_port

#: Changes to MariaDB's defaults. Everything that makes a commit durable stays on.
#: Several apps with their pools share the server.
SETTINGS = {"max-connections": "300"}

#: Old names come second. A `mysqld` alone may belong to MySQL, which has another setup.
_SERVERS = ("mariadbd", "mysqld")
_INSTALLERS = ("mariadb-install-db", "mysql_install_db")
#: Folders of servers that are not in the PATH of an ordinary user.
_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/opt/homebrew/bin", "/usr/local/bin")

_USER = "world_harness"


class _Programs(msgspec.Struct, frozen=True):
    server: Path
    installer: Path


def find_embedded() -> str:
    """Return the path of the machine's server.

    Raises:
        ServiceError: the machine has none.
    """
    return f"{_find_programs().server}, of this machine"


@contextlib.contextmanager
def open_embedded(workdir: Path) -> Iterator[PreparedService]:
    """Run our own server on new data; remove both at the end of the block.

    The data is in a temporary folder. If the harness runs as root, the server runs as `nobody`. The
    server ignores the machine's own configuration files.

    Raises:
        ServiceError: the machine has no server, or it does not start.
    """
    programs = _find_programs()
    account = find_account()
    log = workdir / "mariadb.log"
    log.unlink(missing_ok=True)
    password = secrets.token_hex(16)
    with private_folder("world-harness-mariadb-", account) as folder:
        data = _initialize(programs, folder, account, log)
        login = _write_login(folder, account, password)
        server = EmbeddedServer(
            title="MariaDB",
            command=lambda port: _server_command(programs, data, login, port),
            url=lambda port: f"mysql://{_USER}:{password}@127.0.0.1:{port}",
            probe=probe,
            stop=signal.SIGTERM,
        )
        with run_on_free_port(server, folder=folder, account=account, log=log) as running:
            login.unlink()
            yield PreparedService(MariadbDatabases(running.url, "embedded"))


def _find_programs() -> _Programs:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_FOLDERS])
    found = [_find(names, path) for names in (_SERVERS, _INSTALLERS)]
    server, installer = found
    if server is None or installer is None:
        raise ServiceError(
            "the machine has no MariaDB server",
            cause=f"{_SERVERS[0]} and {_INSTALLERS[0]} are not in PATH or the usual folders",
            remedy="install the package mariadb-server of your system, or use a container or a URL",
        )
    return _Programs(server, installer)


def _find(names: tuple[str, ...], path: str) -> Path | None:
    places = (shutil.which(name, path=path) for name in names)
    return next((Path(place) for place in places if place), None)


def _initialize(programs: _Programs, folder: Path, account: Account | None, log: Path) -> Path:
    """Make the data folder of a new server that accepts no login from elsewhere."""
    data = folder / "data"
    command: list[str | Path] = [
        programs.installer,
        "--no-defaults",
        f"--datadir={data}",
        f"--tmpdir={folder}",
        "--auth-root-authentication-method=socket",
        "--skip-test-db",
        "--skip-name-resolve",
    ]
    if not run_to_end(command, folder=folder, account=account, log=log):
        raise ServiceError(
            "cannot set up the MariaDB server of this machine",
            cause=f"{programs.installer.name} failed; {quote_log(log)}",
            remedy="check the free space of the temporary folder, or give the URL of a server",
        )
    return data


def _write_login(folder: Path, account: Account | None, password: str) -> Path:
    """Write the statements that the server runs before it accepts connections."""
    login = folder / "login.sql"
    login.touch(mode=0o600)
    login.write_text(
        f"CREATE USER IF NOT EXISTS '{_USER}'@'127.0.0.1' IDENTIFIED BY '{password}';\n"
        f"GRANT ALL ON *.* TO '{_USER}'@'127.0.0.1' WITH GRANT OPTION;\n",
        encoding="ascii",
    )
    give_to(login, account)
    return login


def _server_command(programs: _Programs, data: Path, login: Path, port: int) -> list[str | Path]:
    folder = data.parent
    settings = {
        "datadir": data,
        "tmpdir": folder,
        "socket": folder / "socket",
        "pid-file": folder / "pid",
        "init-file": login,
        "bind-address": "127.0.0.1",
        "port": port,
        **SETTINGS,
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    return [programs.server, "--no-defaults", "--skip-name-resolve", *options]
