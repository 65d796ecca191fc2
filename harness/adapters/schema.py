"""The protocol as a JSON Schema: `python -m harness.adapters.schema` writes the committed one.

The records here are the requests of the harness; those of the adapters are in `protocol`. Authors
of an adapter for another language can check both directions against the schema.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from harness.adapters.protocol import PROTOCOL, Failure, Opened
from harness.schemas import describe_types

DOCUMENT = Path(__file__).parents[2] / "docs" / "adapter-protocol.schema.json"

Number = Annotated[int, msgspec.Meta(ge=1, description="the reply repeats it")]
Moment = Annotated[float, msgspec.Meta(description="ms since 1970, by the adapter's clock")]
Value = Annotated[Any, msgspec.Meta(description="a value, with tags for types that JSON lacks")]


class _Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", rename="camel"):
    id: Number


class Where(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which World."""

    entry: Annotated[str, msgspec.Meta(description="a package, a file, or module:attribute")]
    folder: Annotated[str, msgspec.Meta(description="the folder in which to resolve the entry")]


class Open(_Request, frozen=True, tag="open"):
    """Load a World; the reply's `ok` is `Opened`."""

    world: Where


class WireCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One call."""

    method: Annotated[str, msgspec.Meta(description="a normalized name: events.create")]
    args: list[Value] = []
    mutate: Literal["args", "answer"] | msgspec.UnsetType = msgspec.UNSET


class CallOne(_Request, frozen=True, tag="call"):
    """Call a method."""

    method: str
    args: list[Value] = []
    mutate: Literal["args", "answer"] | msgspec.UnsetType = msgspec.UNSET


class Batch(_Request, frozen=True, tag="batch"):
    """Call several methods at once; the reply has `results`, in order."""

    calls: list[WireCall]
    at: Annotated[float, msgspec.Meta(description="begin at this time, ms since 1970")] | (
        msgspec.UnsetType
    ) = msgspec.UNSET
    in_flight: Annotated[int, msgspec.Meta(ge=1, description="how many calls run at a time")] | (
        msgspec.UnsetType
    ) = msgspec.UNSET


class Read(_Request, frozen=True, tag="read"):
    """Read a stream until it ends, enough chunks have arrived or the time limit is reached."""

    run_id: str
    name: str
    for_ms: float
    start_index: int | msgspec.UnsetType = msgspec.UNSET
    max_chunks: int | msgspec.UnsetType = msgspec.UNSET


class Serve(_Request, frozen=True, tag="serve"):
    """Serve the World's queue handlers by HTTP on 127.0.0.1."""

    prefixes: Annotated[list[str], msgspec.Meta(description="of queue names: __wkf_workflow_")]
    port: int


class Unserve(_Request, frozen=True, tag="unserve"):
    """Stop serving."""


class Drop(_Request, frozen=True, tag="drop"):
    """Cut the next connections after their request has arrived."""

    connections: int


class Decide(_Request, frozen=True, tag="decide"):
    """Settle a delivery."""

    delivery: int
    action: Literal["ack", "retry", "error", "never"]
    seconds: float = 0


class Ping(_Request, frozen=True, tag="ping"):
    """Reply at once."""


class Exit(_Request, frozen=True, tag="exit"):
    """Stop serving and reading, so that the process can end by itself."""


Request = Open | CallOne | Batch | Read | Serve | Unserve | Drop | Decide | Ping | Exit


class Result(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one call of a batch ended: `ok` or `error`."""

    ok: Value | msgspec.UnsetType = msgspec.UNSET
    error: Failure | msgspec.UnsetType = msgspec.UNSET
    start: Moment
    end: Moment


class Reply(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The reply to a request: `ok`, `error`, or (to a batch) `results`."""

    id: Number
    ok: Value | msgspec.UnsetType = msgspec.UNSET
    error: Failure | msgspec.UnsetType = msgspec.UNSET
    results: list[Result] | msgspec.UnsetType = msgspec.UNSET
    start: Moment
    end: Moment


class _Notice(msgspec.Struct, frozen=True, kw_only=True, tag_field="notice", rename="camel"):
    at: Moment


class DeliveryNotice(_Notice, frozen=True, tag="delivery"):
    """The World delivered a message; it waits for `decide`."""

    delivery: int
    queue_name: str
    message_id: str
    attempt: Value
    message: Value


class SettledNotice(_Notice, frozen=True, tag="settled"):
    """The app has finished a delivery."""

    delivery: int


class DroppedNotice(_Notice, frozen=True, tag="dropped"):
    """A connection was cut because of a `drop`."""


class UnhandledNotice(_Notice, frozen=True, tag="unhandled"):
    """Background work of the World failed with an error that no caller could catch."""

    error: Failure


Notice = DeliveryNotice | SettledNotice | DroppedNotice | UnhandledNotice


def make_schema() -> dict[str, Any]:
    """Return the schema: the harness writes `$defs/Request` and reads `$defs/Answer`.

    The `ok` of a reply to `open` is `$defs/Opened`.
    """
    (request, reply, notice, _), definitions = describe_types([Request, Reply, Notice, Opened])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Adapter protocol {PROTOCOL}: one JSON object per line",
        "anyOf": [{"$ref": "#/$defs/Request"}, {"$ref": "#/$defs/Answer"}],
        "$defs": {
            "Request": request,
            "Answer": {"anyOf": [reply, notice]},
            **definitions,
        },
    }


def write_schema(path: Path = DOCUMENT) -> None:
    """Write the schema to its place in the documentation."""
    text = msgspec.json.format(msgspec.json.encode(make_schema()), indent=2).decode()
    path.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write_schema()
