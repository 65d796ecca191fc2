"""The messages between the harness and an adapter: one JSON object per line, in both directions.

`docs/adapter-protocol.md` describes this module, and its JSON Schema is made from these records.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

#: Increased whenever a message changes its meaning.
PROTOCOL = 1


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of a World's method, its arguments as values (not yet encoded)."""

    method: str
    args: tuple[Any, ...] = ()
    #: `args` or `answer`: the adapter changes it after the call, to reveal objects that the World
    #: shares with its caller.
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
    #: The thrown value if it was not an error; still encoded.
    non_error: Any = None
    #: The chunks that a read returned before it failed.
    partial: Any = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one call ended, and when: ms since 1970 by the adapter's clock."""

    ok: Any = msgspec.UNSET
    error: Failure | msgspec.UnsetType = msgspec.UNSET
    start: float = 0
    end: float = 0


class Message(Outcome, frozen=True, rename="camel", kw_only=True):
    """A line from an adapter: the reply to a request, or an unsolicited notice."""

    id: int | None = None
    results: tuple[Outcome, ...] | msgspec.UnsetType = msgspec.UNSET
    notice: str = ""
    #: When the event of a notice happened.
    at: float = 0
    delivery: int = 0
    queue_name: str = ""
    message_id: str = ""
    attempt: Any = None
    message: Any = None


class Package(msgspec.Struct, frozen=True):
    """The package of a World, as the adapter detected it."""

    name: str
    version: str = ""


class Opened(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What an adapter reports about the World that it opened."""

    protocol: int
    adapter: str
    language: str
    runtime: str
    #: `None` if the World states none.
    spec_version: int | float | str | None
    #: The generation of its interface: `v4`, `v5` or `py`.
    shape: str
    methods: tuple[str, ...]
    capabilities: dict[str, Any]
    package: Package

    @property
    def stated_version(self) -> int | None:
        """The spec version that the World states; `None` if it states no number."""
        return int(self.spec_version) if isinstance(self.spec_version, int | float) else None


def write_request(number: int, operation: str, fields: Mapping[str, object]) -> bytes:
    """Encode a request as one line for an adapter."""
    return msgspec.json.encode({"id": number, "op": operation, **fields}) + b"\n"


_MESSAGE = msgspec.json.Decoder(Message)


def read_message(line: bytes) -> Message | None:
    """Decode one line of an adapter; `None` for output that the World itself printed."""
    if not line.startswith(b"{"):
        return None
    try:
        message = _MESSAGE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return message if message.id is not None or message.notice else None
