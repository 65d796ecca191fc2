"""The journal: one file of commands that several processes append to, one at a time.

A command is one line, written at once by the owner of the file's lock. A line without an end was
being written by a process that died; the next owner cuts it off. So a command has happened
completely, or not at all.
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
    """A call that changed something, with all that the model needs to repeat it."""

    #: ms since 1970.
    at: int
    method: str
    #: As `codec` writes values.
    args: Any
    #: The new ids that it was given, in their order.
    ids: list[str]

    @property
    def moment(self) -> datetime:
        """Return the time of the call."""
        return datetime.fromtimestamp(self.at / 1000, UTC)

    def read_args(self) -> list[Any]:
        """Return fresh copies of the arguments."""
        return list(read_value(self.args))


def write_args(args: Sequence[object]) -> Any:
    """Turn arguments into what a command holds."""
    return write_value(list(args))


class Journal:
    """The commands of one World.

    Args:
        path: Its file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        weakref.finalize(self, os.close, self._file)
        #: Where the first command begins that this process does not know.
        self._known = 0
        self._decoder = msgspec.json.Decoder(Command)
        self._encoder = msgspec.json.Encoder()

    @contextmanager
    def own(self) -> Iterator[None]:
        """Keep every other process out; a process that died while writing leaves nothing."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def has_news(self) -> bool:
        """Tell whether anything was written that this process does not know."""
        return os.fstat(self._file).st_size != self._known

    def read_news(self, *, owned: bool = False) -> list[Command]:
        """Return the commands that this process does not know yet.

        Args:
            owned: Whether the lock is held; if so, an unfinished line is cut off.
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
        """Write one command; the lock must be held and everything before be known."""
        line = self._encoder.encode(command) + b"\n"
        # More than one write is needed for very large lines only; the end of line comes last.
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._known += len(line)

    def forget(self) -> None:
        """Forget everything, so that it is read again."""
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
