"""The messages between the harness and an adapter: one JSON object a line, each way.

`docs/adapter-protocol.md` is this module in words, and its JSON Schema is made from these records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

#: Raised whenever a message changes its meaning.
PROTOCOL = 1


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of a World's method, its arguments as values (not yet encoded)."""

    method: str
    args: tuple[Any, ...] = ()
    #: `args` or `answer`: what the adapter changes after the call, so that sharing shows.
    mutate: str = ""


class Failure(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """What a World threw."""

    name: str = ""
    message: str = ""
    status: float | None = None
    code: str = ""
    #: Seconds, or a date, as the World gave it; still encoded.
    retry_after: Any = None
    stack: str = ""
    cause: str = ""
    #: What was thrown when it was no error at all; still encoded.
    non_error: Any = None
    #: What a read had got before it failed.
    partial: Any = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one call ended, and when by the adapter's clock (ms since 1970)."""

    ok: Any = msgspec.UNSET
    error: Failure | msgspec.UnsetType = msgspec.UNSET
    start: float = 0
    end: float = 0


class Message(Outcome, frozen=True, rename="camel", kw_only=True):
    """A line from an adapter: the reply to a request, or a notice that no request asked for."""

    id: int | None = None
    results: tuple[Outcome, ...] | msgspec.UnsetType = msgspec.UNSET
    notice: str = ""
    #: Of a notice: when it happened.
    at: float = 0
    delivery: int = 0
    queue_name: str = ""
    message_id: str = ""
    attempt: Any = None
    message: Any = None


class Package(msgspec.Struct, frozen=True):
    """Which package a World came from, as the adapter found it."""

    name: str
    version: str = ""


class Opened(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What an adapter tells of the World that it opened."""

    protocol: int
    adapter: str
    language: str
    runtime: str
    #: `None` when the World names none.
    spec_version: int | float | str | None
    #: Which shape of the interface it has: `v4`, `v5` or `py`.
    shape: str
    methods: tuple[str, ...]
    capabilities: dict[str, Any]
    package: Package

    @property
    def stated_version(self) -> int | None:
        """The spec version that the World states; `None` where it states none that is a number."""
        return int(self.spec_version) if isinstance(self.spec_version, int | float) else None


def write_request(number: int, operation: str, fields: Mapping[str, object]) -> bytes:
    """Return one line for an adapter."""
    return msgspec.json.encode({"id": number, "op": operation, **fields}) + b"\n"


_MESSAGE = msgspec.json.Decoder(Message)


def read_message(line: bytes) -> Message | None:
    """Read one line of an adapter; `None` for what a World printed past its adapter."""
    if not line.startswith(b"{"):
        return None
    try:
        message = _MESSAGE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return message if message.id is not None or message.notice else None
