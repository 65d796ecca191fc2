"""A server's process is asked to end, and killed with its children when it does not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from harness.errors import ServiceError
from harness.services.embedded import describe_end, run_server, run_to_end
from harness.services.readiness import await_answer

pytestmark = pytest.mark.slow

#: Starts a child, says so, and waits; with an argument it ends only when it is killed.
SERVER = """
import signal, subprocess, sys, time
child = [sys.executable, "-c", "import time; print('child', flush=True); time.sleep(600)"]
if len(sys.argv) > 1:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
subprocess.Popen(child, start_new_session=True)
time.sleep(600)
"""


def family_of(pid: int, log: Path) -> list[psutil.Process]:
    """The server and its child, once both run."""
    assert await_answer(lambda: "child" in log.read_text(), within_s=60)
    server = psutil.Process(pid)
    family = [server, *server.children(recursive=True)]
    assert len(family) == 2
    return family


@pytest.mark.parametrize("stubborn", [[], ["stubborn"]])
def test_nothing_of_a_server_outlives_the_block(stubborn: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    with run_server(
        [sys.executable, "-c", SERVER, *stubborn],
        folder=tmp_path,
        account=None,
        log=log,
        stop=signal.SIGINT,
        grace_s=0.5,
    ) as process:
        family = family_of(process.pid, log)
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    assert process.returncode == -(signal.SIGKILL if stubborn else signal.SIGINT)


#: Asked to end, it interrupts the harness as an impatient user would, and takes its time.
IMPATIENCE = """
import os, signal, time
def end(*_):
    os.kill(os.getppid(), signal.SIGINT)
    time.sleep(0.3)
    raise SystemExit(0)
signal.signal(signal.SIGINT, end)
print("ready", flush=True)
time.sleep(600)
"""


def test_a_second_interrupt_waits_for_the_end_of_the_server(tmp_path: Path) -> None:
    log = tmp_path / "log"
    started: list[subprocess.Popen[bytes]] = []

    def interrupt() -> None:
        with run_server(
            [sys.executable, "-c", IMPATIENCE],
            folder=tmp_path,
            account=None,
            log=log,
            stop=signal.SIGINT,
            grace_s=60,
        ) as process:
            started.append(process)
            assert await_answer(lambda: "ready" in log.read_text(), within_s=60)
            raise ZeroDivisionError

    with pytest.raises(KeyboardInterrupt) as caught:
        interrupt()
    assert isinstance(caught.value.__context__, ZeroDivisionError)
    assert started[0].returncode == 0


def test_a_server_has_a_session_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"]
    assert run_to_end(command, folder=tmp_path, account=None, log=log)
    assert log.read_text().strip() == "True"


def test_a_command_that_fails_is_told_from_one_that_ends_well(tmp_path: Path) -> None:
    failing = [sys.executable, "-c", "raise SystemExit(1)"]
    assert not run_to_end(failing, folder=tmp_path, account=None, log=tmp_path / "log")


def test_a_server_sees_nothing_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c fsync=off")
    log = tmp_path / "log"
    command = ["/usr/bin/env"]
    assert run_to_end(command, folder=tmp_path, account=None, log=log)
    assert sorted(log.read_text().split()) == ["LC_ALL=C", "TZ=UTC"]


def test_a_program_that_cannot_be_started_is_an_error_of_the_service(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="cannot start missing"):
        run_to_end([tmp_path / "missing"], folder=tmp_path, account=None, log=tmp_path / "log")


def test_how_a_server_ended_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = "print('last words', flush=True); raise SystemExit(7)"
    with run_server(
        [sys.executable, "-c", program],
        folder=tmp_path,
        account=None,
        log=log,
        stop=signal.SIGINT,
    ) as process:
        process.wait()
        told = describe_end(process, log)
    assert "ended with code 7" in told
    assert "last words" in told
    assert str(log) in told
