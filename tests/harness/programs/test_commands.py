"""A command that fails is quoted; nothing that a command started outlives it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.errors import BuildError, HarnessError
from harness.programs import commands
from harness.programs.commands import quote_log, run_group, run_logged
from harness.programs.interruption import hold_signals
from tests.harness.deployments import tiny_app
from tests.harness.deployments.observing import alive, assert_gone


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "command.log"


def run(program: str, log: Path, env: Mapping[str, str] = os.environ) -> None:
    run_logged(
        [sys.executable, "-I", "-S", "-c", program],
        folder=log.parent.parent,
        env=env,
        log=log,
        failure=BuildError,
        what="the app could not be built",
        remedy="read the log",
    )


class TestACommand:
    def test_that_ends_well_leaves_its_output_in_the_log(self, log: Path) -> None:
        run("import sys; print('out'); print('err', file=sys.stderr)", log)
        assert sorted(log.read_text().split()) == ["err", "out"]

    def test_that_fails_is_quoted_by_its_last_lines(self, log: Path) -> None:
        program = "for n in range(99): print('line', n)\nraise SystemExit(3)"
        with pytest.raises(BuildError) as caught:
            run(program, log)
        error = caught.value
        assert error.what == "the app could not be built"
        assert error.remedy == "read the log"
        assert "ended with code 3" in error.cause
        quoted = [line.strip() for line in error.cause.splitlines() if line.strip().startswith("|")]
        assert quoted == [f"| line {number}" for number in range(84, 99)]
        assert f"the whole log: {log}" in error.cause
        assert log.read_text().startswith("line 0\n")

    def test_that_is_missing_fails_as_its_caller_wants(self, tmp_path: Path, log: Path) -> None:
        with pytest.raises(BuildError) as caught:
            run_logged(
                [tmp_path / "missing"],
                folder=tmp_path,
                env={},
                log=log,
                failure=BuildError,
                what="the app could not be built",
                remedy="read the log",
            )
        assert "No such file" in caught.value.cause

    def test_that_cannot_write_its_log_fails_as_its_caller_wants(self, tmp_path: Path) -> None:
        (tmp_path / "logs").write_text("a file, not a folder")
        with pytest.raises(BuildError, match="could not be built"):
            run("", tmp_path / "logs" / "command.log")

    def test_takes_what_it_started_with_it(self, log: Path, tmp_path: Path) -> None:
        program = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", {tiny_app.STUBBORN!r}],
    stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid)
"""
        run(program, log)
        left = [pid for pid in [int(log.read_text())] if psutil.pid_exists(pid)]
        assert_gone(psutil.Process(pid) for pid in left)


class TestALog:
    @pytest.mark.parametrize(
        ("line", "quoted"),
        [
            ("at postgres://app:hunter2@host/db", "at postgres://app:***@host/db"),
            ("at postgres://app:hunt@er/2@host/db", "at postgres://app:***@host/db"),
            ("'redis://:hunter2@host', 'http://host'", "'redis://:***@host', 'http://host'"),
            ("pg://host/db?ssl=1&password=hunter2&x=1", "pg://host/db?ssl=1&password=***&x=1"),
            ("mail to somebody@host:80", "mail to somebody@host:80"),
            (
                "GET http://127.0.0.1:4000/@scope/package",
                "GET http://127.0.0.1:4000/@scope/package",
            ),
        ],
    )
    def test_is_quoted_without_passwords(self, log: Path, line: str, quoted: str) -> None:
        log.parent.mkdir()
        log.write_text(line)
        assert f"| {quoted}\n" in quote_log(log)

    def test_that_is_no_text_is_quoted_all_the_same(self, log: Path) -> None:
        log.parent.mkdir()
        log.write_bytes(b"\xff\xfe broken\n")
        assert "broken" in quote_log(log)

    def test_that_is_missing_is_no_error(self, log: Path) -> None:
        assert str(log) in quote_log(log)


class TestAnInterruption:
    """It can come at any moment, also between a process's birth and its entry in our books."""

    def test_right_after_a_birth_ends_what_was_born(
        self, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        born: list[psutil.Process] = []

        class Interrupted(subprocess.Popen[bytes]):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **options)
                born.append(psutil.Process(self.pid))
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(subprocess, "Popen", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            run("import time; time.sleep(600)", log)
        assert len(born) == 1
        assert_gone(born)

    def test_in_the_middle_of_a_killing_does_not_stop_it(
        self, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = commands.list_tree

        def interrupted(pid: int) -> list[psutil.Process]:
            signal.raise_signal(signal.SIGINT)
            return real(pid)

        monkeypatch.setattr(commands, "list_tree", interrupted)
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        with contextlib.ExitStack() as stack:
            process = stack.enter_context(
                run_group(command, folder=log.parent.parent, env=os.environ, log=log)
            )
            family = real(process.pid)
            assert alive(family)
            with pytest.raises(KeyboardInterrupt):
                stack.close()
        assert_gone(family)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_that_is_held_back_comes_after_the_block(self, number: signal.Signals) -> None:
        came: list[str] = []
        before = signal.signal(number, lambda number, frame: came.append("signal"))
        try:
            with hold_signals():
                signal.raise_signal(number)
                came.append("end of the block")
        finally:
            signal.signal(number, before)
        assert came == ["end of the block", "signal"]

    def test_that_is_ignored_stays_ignored(self) -> None:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with hold_signals():
                signal.raise_signal(signal.SIGINT)
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGINT, before)

    def test_leaves_its_error_to_a_failing_block(self) -> None:
        with pytest.raises(HarnessError), hold_signals():
            raise HarnessError("it failed")
