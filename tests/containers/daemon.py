"""A Docker daemon of our own, for a machine where none runs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.errors import ServiceError
from harness.programs.commands import quote_log
from harness.services.containers import find_docker
from harness.services.embedded import run_server
from harness.services.readiness import await_answer

_READY_WITHIN_S = 60.0
#: The better one first: the second copies every file of every layer, but needs nothing of a kernel.
_STORAGE = ("overlay2", "vfs")
_BRIDGE = "docker0"

#: Nothing of the machine's network but a bridge is changed: its ports are forwarded by a process.
_NETWORK = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")


@contextlib.contextmanager
def private_daemon() -> Iterator[str]:
    """Run a daemon whose files are all in a temporary folder; the block gets its address.

    Skips the test, and says what to do, where none can run.
    """
    program = shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        pytest.skip("no Docker daemon answers; install one (on Debian: apt-get install docker.io)")
    if os.geteuid() != 0:
        pytest.skip("no Docker daemon answers; start it, or run this as root, who can start one")
    reasons = []
    for storage in _STORAGE:
        # Short, because the path of a socket may have 107 characters.
        folder = Path(tempfile.mkdtemp(prefix="whd-"))
        try:
            with _run(program, storage, folder) as address:
                if address:
                    yield address
                    return
            reasons.append(f"with {storage}: {quote_log(folder / 'log')}")
        finally:
            _remove(folder)
    pytest.skip(f"dockerd does not start here; start a Docker daemon yourself. {' '.join(reasons)}")


@contextlib.contextmanager
def _run(program: str, storage: str, folder: Path) -> Iterator[str | None]:
    address = f"unix://{folder}/socket"
    command = [
        program,
        f"--host={address}",
        f"--data-root={folder}/data",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/pid",
        f"--storage-driver={storage}",
        *_NETWORK,
    ]
    had_bridge = _has_bridge()
    with contextlib.ExitStack() as stack:
        if not had_bridge:
            stack.callback(_remove_bridge)
        process = stack.enter_context(_serve(command, folder))
        ready = await_answer(
            lambda: _answers(address),
            within_s=_READY_WITHIN_S,
            dead=lambda: process.poll() is not None,
        )
        yield address if ready else None


@contextlib.contextmanager
def _serve(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    # It looks for its companions in PATH, which a server of the harness does not get.
    with run_server(
        ["/usr/bin/env", f"PATH={os.environ['PATH']}:/usr/sbin:/sbin", *command],
        folder=folder,
        account=None,
        log=folder / "log",
        stop=signal.SIGTERM,
        grace_s=30.0,
    ) as process:
        yield process


def _answers(address: str) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", address)
        try:
            find_docker()
        except ServiceError:
            return False
    return True


def _has_bridge() -> bool:
    return Path("/sys/class/net", _BRIDGE).exists()


def _remove_bridge() -> None:
    if _has_bridge():
        subprocess.run(["ip", "link", "delete", _BRIDGE], check=True)


def _remove(folder: Path) -> None:
    """Remove the daemon's files, once the kernel has let go of what was mounted there."""
    for _ in range(50):
        if str(folder) not in Path("/proc/self/mounts").read_text():
            break
        time.sleep(0.1)
    shutil.rmtree(folder)
