"""The journal: one file of commands that several processes append to, one at a time.

A command is one line, written at once by the process that holds the lock of the file. A line
without a newline was left by a process that died while writing; the next process that gets the lock
removes it. So a command happens completely or not at all.
"""

from __future__ import annotations

import fcntl
import os
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import ResultsError
from worlds.reference.codec import read_value, write_value


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A call that changed something, with all data that the model needs to replay it."""

    #: ms since 1970.
    at: int
    method: str
    #: Encoded by `codec`.
    args: Any
    #: The new ids that the call used, in order.
    ids: list[str]

    @property
    def moment(self) -> datetime:
        """Return the time of the call."""
        return datetime.fromtimestamp(self.at / 1000, UTC)

    def read_args(self) -> list[Any]:
        """Return fresh copies of the arguments."""
        return list(read_value(self.args))


def write_args(args: Sequence[object]) -> Any:
    """Encode arguments for a command."""
    return write_value(list(args))


class Journal:
    """The commands of one World.

    Args:
        path: The file of the journal, which is created if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        weakref.finalize(self, os.close, self._file)
        #: Offset of the first command that this process has not read.
        self._known = 0
        self._decoder = msgspec.json.Decoder(Command)
        self._encoder = msgspec.json.Encoder()

    @contextmanager
    def own(self) -> Iterator[None]:
        """Lock the journal; the system releases the lock if the process dies."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def has_news(self) -> bool:
        """Tell whether there are commands that this process has not read."""
        return os.fstat(self._file).st_size != self._known

    def read_news(self, *, owned: bool = False) -> list[Command]:
        """Return the commands that this process has not read yet.

        Args:
            owned: Whether this process holds the lock; if so, an incomplete line is removed.
        """
        if not self.has_news():
            return []
        if owned:
            return self._read_lines(cut=True)
        fcntl.flock(self._file, fcntl.LOCK_SH)
        try:
            return self._read_lines(cut=False)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def append(self, command: Command) -> None:
        """Write one command; the process must hold the lock and have read all commands."""
        line = self._encoder.encode(command) + b"\n"
        # Only very large lines need more than one write; the newline comes last.
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._known += len(line)

    def forget(self) -> None:
        """Start again at the first command."""
        self._known = 0

    def _read_lines(self, *, cut: bool) -> list[Command]:
        content = self._read_from(self._known)
        end = content.rfind(b"\n") + 1
        if cut and end < len(content):
            os.ftruncate(self._file, self._known + end)
        try:
            commands = [self._decoder.decode(line) for line in content[:end].splitlines()]
        except msgspec.DecodeError as error:
            raise ResultsError(
                f"the journal {self._path} cannot be read",
                cause=str(error),
                remedy="use an empty storage folder",
            ) from error
        self._known += end
        return commands

    def _read_from(self, offset: int) -> bytes:
        parts = []
        while part := os.pread(self._file, 1 << 22, offset):
            parts.append(part)
            offset += len(part)
        return b"".join(parts)
