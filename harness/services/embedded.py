"""A server from a wheel that the harness runs: its account, folder, process and shutdown."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import psutil

from harness.errors import ServiceError
from harness.programs.commands import quote_log
from harness.programs.interruption import hold_signals

#: Where to make temporary folders that every account can reach, if the user's TMPDIR is not one.
_SHARED_FOLDERS = ("/tmp", "/var/tmp")  # noqa: S108 - only random names are made there

#: The whole environment of a server: nothing of the user's, so that it is the same everywhere.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}

_COMMAND_LIMIT_S = 120.0
_GRACE_S = 10.0
_REMOVE_TRIES = 20
_REMOVE_PAUSE_S = 0.1


class Account(msgspec.Struct, frozen=True):
    """The Unix account that a server runs as."""

    uid: int
    gid: int


def find_account() -> Account | None:
    """Return the account for a server that refuses to run as root; `None` for the current one.

    Raises:
        ServiceError: the harness runs as root, and the machine has no unprivileged account.
    """
    if os.geteuid() != 0:
        return None
    import pwd  # Unix only, as is every embedded server

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise ServiceError(
            "an embedded server cannot run as root",
            cause="this machine has no account `nobody` to run it as",
            remedy="run as an ordinary user, or give the URL of a server",
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


@contextlib.contextmanager
def private_folder(prefix: str, account: Account | None) -> Iterator[Path]:
    """Make a temporary folder that only the account (and root) can enter; remove it at the end.

    Raises:
        ServiceError: the folder cannot be made, or its owner cannot be changed.
    """
    with contextlib.ExitStack() as stack:
        try:
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_temporary_root(account)))
            stack.callback(_remove, folder)
            give_to(folder, account)
        except OSError as error:
            raise ServiceError(
                "cannot make a temporary folder for an embedded server",
                cause=str(error),
                remedy="set TMPDIR to a folder with free space that every account can reach",
            ) from error
        yield folder


def give_to(path: Path, account: Account | None) -> None:
    """Make the account the owner of a file or folder, and of everything in it."""
    if account is None:
        return
    for place in (path, *path.rglob("*")):
        os.chown(place, account.uid, account.gid, follow_symlinks=False)


def reachable_by_all(path: Path) -> bool:
    """Return whether every account of the machine can reach a program or a folder."""
    path = path.resolve()
    return all(place.stat().st_mode & stat.S_IXOTH for place in (path, *path.parents))


def make_reachable(
    folders: Sequence[Path], program: Path, account: Account | None, into: Path
) -> Path:
    """Return a path of the first folder that the account can reach: the folder, or a copy.

    A wheel in a home directory that others cannot enter has to be copied (0.2 s). The copy must
    not have a predictable path, where another user could have placed a program for us to run.

    Args:
        folders: The folders that belong together; siblings.
        program: A program in the first folder.
        account: The account that runs it.
        into: A folder that belongs to the account.

    Raises:
        ServiceError: the folders cannot be copied.
    """
    if account is None or reachable_by_all(program):
        return folders[0]
    try:
        for folder in folders:
            copy = into / folder.name
            shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("include", "*.a"))
            give_to(copy, account)
    except OSError as error:
        raise ServiceError(
            f"cannot copy the programs of an embedded server to {into}",
            cause=str(error),
            remedy="set TMPDIR to a folder with free space that every account can reach",
        ) from error
    return into / folders[0].name


def run_to_end(
    command: Sequence[str | Path], *, folder: Path, account: Account | None, log: Path
) -> bool:
    """Run a server's setup command as the account; return whether it succeeded."""
    with run_server(
        command, folder=folder, account=account, log=log, stop=signal.SIGINT
    ) as process:
        try:
            return process.wait(_COMMAND_LIMIT_S) == 0
        except subprocess.TimeoutExpired:
            return False


@contextlib.contextmanager
def run_server(
    command: Sequence[str | Path],
    *,
    folder: Path,
    account: Account | None,
    log: Path,
    stop: signal.Signals,
    grace_s: float = _GRACE_S,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server as the account; stop it at the end of the block.

    The server gets its own Unix session. Ctrl-C in the terminal reaches only the harness, which
    stops the server after everything that uses it.

    Args:
        command: The program and its arguments.
        folder: Its working directory.
        account: The account that it runs as.
        log: Its output is appended here.
        stop: The signal that asks it to stop.
        grace_s: How long it may take to stop before it is killed.
    """
    process = None
    try:
        # An interrupt during the start would leave a process that nothing stops.
        with hold_signals():
            process = _start(command, folder, account, log)
        yield process
    finally:
        if process is not None:
            _end(process, stop, grace_s)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Return whether the server's process has ended."""
    return process.poll() is not None


def kill_at_once(process: subprocess.Popen[bytes]) -> None:
    """Kill a server and all its children at once, so that none of them can clean up."""
    with hold_signals(), contextlib.suppress(psutil.NoSuchProcess):
        main = psutil.Process(process.pid)
        family = [main, *main.children(recursive=True)]
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()
        # A child that still holds the data would block the next server.
        psutil.wait_procs(family[1:], timeout=_GRACE_S)


def describe_end(process: subprocess.Popen[bytes], log: Path) -> str:
    """Describe the state of a server that did not answer; quote its log."""
    code = process.poll()
    if code is None:
        return f"it is running, but did not answer in time; {quote_log(log)}"
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
    return f"it ended with {how}; {quote_log(log)}"


def _remove(folder: Path) -> None:
    """Remove a folder. Children of a dead server may still write to it for a moment."""
    with hold_signals():
        for _ in range(_REMOVE_TRIES):
            shutil.rmtree(folder, ignore_errors=True)
            if not folder.exists():
                return
            time.sleep(_REMOVE_PAUSE_S)


def _temporary_root(account: Account | None) -> str:
    roots = (tempfile.gettempdir(), *_SHARED_FOLDERS)
    if account is None:
        return roots[0]
    usable = (root for root in roots if Path(root).is_dir() and reachable_by_all(Path(root)))
    return next(usable, roots[0])


def _start(
    command: Sequence[str | Path], folder: Path, account: Account | None, log: Path
) -> subprocess.Popen[bytes]:
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )
    except OSError as error:
        raise ServiceError(
            f"cannot start {Path(command[0]).name}",
            cause=str(error),
            remedy="run as an ordinary user, or give the URL of a server",
        ) from error


def _end(process: subprocess.Popen[bytes], stop: signal.Signals, grace_s: float) -> None:
    """Ask the process to stop, wait for its whole process tree, and kill the rest."""
    with hold_signals():
        deadline = time.monotonic() + grace_s
        children: list[psutil.Process] = []
        if not has_ended(process):
            with contextlib.suppress(psutil.NoSuchProcess):
                children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(stop)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace_s)
        _, stragglers = psutil.wait_procs(children, timeout=max(0.0, deadline - time.monotonic()))
        process.kill()
        for straggler in stragglers:
            with contextlib.suppress(psutil.NoSuchProcess):
                straggler.kill()
        process.wait()
        # A process that still runs would write files into the folder while it is being removed.
        psutil.wait_procs(stragglers, timeout=grace_s)
