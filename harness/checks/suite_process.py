"""Runs a pytest suite in a separate process, and reads its records while it writes them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from harness.checks.reproducing import PLUGIN
from harness.errors import HarnessError
from harness.programs.commands import quote_log, run_group
from harness.workspaces.cache import python_environment

#: Exit codes of pytest after a complete run: all tests passed, or some failed.
_COMPLETE = {0, 1}
_POLL_S = 0.2
_GRACE_S = 15.0

RecordT = TypeVar("RecordT", contravariant=True)


class SuiteError(HarnessError):
    """The suite itself did not finish."""


class CheckWatcher(Protocol[RecordT]):
    """Gets the progress of a suite."""

    def preparing(self, text: str) -> None:
        """Announce that something is being installed, built or started."""

    def planned(self, checks: int) -> None:
        """Announce how many checks will run."""

    def checked(self, record: RecordT) -> None:
        """Report a finished check."""


class SuiteRun(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks to run, and where."""

    #: A folder of tests, or test files.
    checks: Sequence[Path]
    #: Options in addition to those that every suite gets.
    options: Sequence[str]
    #: Holds the records; the caller removes it.
    folder: Path
    #: The log is kept after the session, because errors refer to it.
    log: Path
    #: How many checks run side by side.
    workers: int
    #: Additional environment variables; secrets are passed here.
    env: Mapping[str, str] = {}
    #: What the error tells the user to do if the suite crashes.
    remedy: str


def run_suite(
    run: SuiteRun,
    *,
    planned: Callable[[int], None],
    recorded: Callable[[bytes], None],
) -> None:
    """Run a suite until it finishes.

    Args:
        run: The suite.
        planned: Called with the number of checks.
        recorded: Called with each record, a line of JSON, as soon as it is written.

    Raises:
        SuiteError: the suite crashed.
    """
    records = run.folder / "records.jsonl"
    records.touch()
    with _interruptible(_write_command(run, records), run) as process:
        reader = _Lines(records, planned, recorded)
        while process.poll() is None:
            reader.read()
            time.sleep(_POLL_S)
        reader.read()
    if process.returncode not in _COMPLETE:
        raise SuiteError(
            f"the suite crashed with exit code {process.returncode}",
            cause=quote_log(run.log),
            remedy=run.remedy,
        )


def _write_command(run: SuiteRun, records: Path) -> list[str]:
    settings = run.folder / "pytest.ini"
    settings.write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", *map(str, run.checks), "-c", str(settings)]
    command += ["--rootdir", str(run.folder), "-q", "--no-header"]
    command += ["--assert=plain", "-p", "xdist", "-p", PLUGIN, "-p", "no:cacheprovider"]
    command += ["--records", str(records), *run.options]
    if run.workers > 1:
        command += ["-n", str(run.workers), "--dist", "loadgroup"]
    return command


@contextlib.contextmanager
def _interruptible(command: Sequence[str], run: SuiteRun) -> Iterator[subprocess.Popen[bytes]]:
    """Run the suite; on an interrupt, let it clean up before it is killed."""
    env = {
        **python_environment(),
        "TMPDIR": str(run.folder),
        # Loading unused plugins would cost every worker more than a second.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        **run.env,
    }
    with run_group(command, folder=run.folder, env=env, log=run.log) as process:
        try:
            yield process
        except BaseException:
            # Databases on an external server are dropped by the process that created them.
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal.SIGINT)
                process.wait(_GRACE_S)
            raise


class _Lines:
    """Reads records while the suite writes them."""

    def __init__(
        self, path: Path, planned: Callable[[int], None], recorded: Callable[[bytes], None]
    ) -> None:
        self._path = path
        self._planned = planned
        self._recorded = recorded
        self._position = 0
        self._is_planned = False

    def read(self) -> None:
        """Read the lines written since the last call."""
        plan = self._path.with_suffix(".planned")
        if not self._is_planned and plan.exists() and (text := plan.read_text(encoding="ascii")):
            self._is_planned = True
            self._planned(int(text))
        with self._path.open("rb") as lines:
            lines.seek(self._position)
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                self._position += len(line)
                self._recorded(line)
