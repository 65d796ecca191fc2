"""A running adapter: its process, its pending requests and its notices."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import msgspec

from harness.adapters.protocol import Message, read_message, write_request
from harness.errors import HarnessError
from harness.programs.commands import list_tree, quote_log
from harness.programs.interruption import hold_signals

_BUFFER_BYTES = 1 << 16
_DEATH_S = 5.0


class AdapterError(HarnessError):
    """The adapter itself cannot be started or does not speak the protocol."""


class Lost(msgspec.Struct, frozen=True):
    """There is no reply, for this reason: the call may have happened or not."""

    reason: str


class Pending:
    """A request without a reply yet."""

    __slots__ = ("_done", "reply")

    def __init__(self) -> None:
        self._done = threading.Event()
        self.reply: Message | Lost | None = None

    def settle(self, reply: Message | Lost) -> None:
        """Set its reply."""
        self.reply = reply
        self._done.set()

    def wait(self, limit_s: float) -> Message | Lost:
        """Wait for the reply.

        Args:
            limit_s: The time limit in seconds; then the reply counts as lost.
        """
        if not self._done.wait(limit_s) or self.reply is None:
            return Lost(f"no answer within {limit_s:g} s")
        return self.reply


class AdapterProcess:
    """A running adapter. Use :func:`run_adapter` to get one."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._input = _require(process.stdin)
        self._output = _require(process.stdout)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Pending] = {}
        self.log = log
        #: Notices in the order of their arrival, for every reader.
        self.notices: queue.SimpleQueue[Message] = queue.SimpleQueue()
        #: Errors that background work of the World threw.
        self.unhandled: list[Message] = []
        self._listeners: dict[str, Callable[[Message], None]] = {}
        self._reader = threading.Thread(target=self._read, name="adapter", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The adapter's process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; `None` while it runs."""
        return self._process.poll()

    def listen(self, notice: str, listener: Callable[[Message], None]) -> None:
        """Pass every notice of a kind to a function. It runs in the reading thread."""
        self._listeners[notice] = listener

    def send(self, operation: str, **fields: object) -> Pending:
        """Send a request without waiting for its reply; several can be pending."""
        return self.send_all([(operation, fields)])[0]

    def send_all(self, requests: Sequence[tuple[str, Mapping[str, object]]]) -> list[Pending]:
        """Send several requests in one write."""
        pendings = [Pending() for _ in requests]
        lines = []
        with self._lock:
            for pending, (operation, fields) in zip(pendings, requests, strict=True):
                number = next(self._numbers)
                self._waiting[number] = pending
                lines.append(write_request(number, operation, fields))
            try:
                self._input.write(b"".join(lines))
                self._input.flush()
            except (OSError, ValueError):
                self._lose_all()
        return pendings

    def kill(self) -> None:
        """End it and everything that it started, at once, with SIGKILL."""
        for process in reversed(list_tree(self.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(_DEATH_S)

    def await_end(self, within_s: float) -> int | None:
        """Wait for it to end by itself; return its exit code, or `None` after the time limit."""
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            return None

    def quote_log(self) -> str:
        """Return the end of what the adapter and its World printed."""
        return quote_log(self.log)

    def _read(self) -> None:
        for line in self._output:
            text = line.rstrip(b"\n")
            message = read_message(text)
            if message is not None:
                self._take(message)
            elif text:
                self._log(text)
        with self._lock:
            self._lose_all()

    def _log(self, printed: bytes) -> None:
        """Add output that a World wrote directly to stdout to the log."""
        with self.log.open("ab") as lines:
            lines.write(printed + b"\n")

    def _take(self, message: Message) -> None:
        if message.id is not None:
            pending = self._waiting.pop(message.id, None)
            if pending is not None:
                pending.settle(message)
            return
        if message.notice == "unhandled":
            self.unhandled.append(message)
        listener = self._listeners.get(message.notice)
        if listener is not None:
            listener(message)
        else:
            self.notices.put(message)

    def _lose_all(self) -> None:
        lost = Lost("its adapter ended")
        for pending in list(self._waiting.values()):
            pending.settle(lost)
        self._waiting.clear()

    def shut(self) -> None:
        """Close the pipes of the ended process."""
        self._reader.join(_DEATH_S)
        with contextlib.suppress(OSError, ValueError):
            self._input.close()
        self._output.close()


def _require(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise AdapterError("an adapter has no pipe for its messages", remedy="report this as a bug")
    return stream


@contextlib.contextmanager
def run_adapter(
    command: Sequence[str | Path], *, folder: Path, env: Mapping[str, str], log: Path
) -> Iterator[AdapterProcess]:
    """Start an adapter; kill it and everything that it started at the end of the block.

    Args:
        command: The adapter program and its arguments.
        folder: Its working directory.
        env: Its whole environment.
        log: The output of the adapter and its World is appended here.

    Raises:
        AdapterError: it cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    adapter = None
    try:
        with log.open("ab") as output, hold_signals():
            process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                bufsize=_BUFFER_BYTES,
                start_new_session=True,
            )
            adapter = AdapterProcess(process, log)
    except OSError as error:
        raise AdapterError(
            f"cannot start the adapter {command[0]}",
            cause=str(error),
            remedy="run `world-harness doctor` to see what is missing",
        ) from error
    try:
        yield adapter
    finally:
        with hold_signals():
            adapter.kill()
            adapter.shut()


def wait_all(pendings: Sequence[Pending], limit_s: float) -> list[Message | Lost]:
    """Wait for several replies, with one time limit for all of them together."""
    deadline = time.monotonic() + limit_s
    return [pending.wait(max(0.0, deadline - time.monotonic())) for pending in pendings]
