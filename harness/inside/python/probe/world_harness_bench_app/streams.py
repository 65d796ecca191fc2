"""A run's stream, read to its end."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vercel.workflow import Run

from .probe import probe

#: What a frame of a merged stream begins with: source index, length of what follows.
_HEAD = struct.Struct(">BI")


@dataclass
class StreamRead:
    """What a stream held, and when it came."""

    framed: bool
    first_byte_at_ms: float | None
    ended_at_ms: float
    chunks: list[bytes]

    def summarize(self) -> dict[str, Any]:
        """Return what the harness is told: when, how much, and digests."""
        data = b"".join(self.chunks)
        digests = _digest_sources(data) if self.framed else [hashlib.sha256(data).hexdigest()]
        return {
            "firstByteAtMs": self.first_byte_at_ms,
            "endedAtMs": self.ended_at_ms,
            "bytes": len(data),
            "digests": digests,
        }


async def read_stream(run: Run[Any], wanted: Mapping[str, Any]) -> StreamRead:
    """Read one of a run's streams while it is written."""
    chunks = []
    first_byte_at_ms = None
    async for chunk in run.readable_bytes(namespace=wanted.get("namespace")):
        if first_byte_at_ms is None:
            first_byte_at_ms = probe.now()
        chunks.append(chunk)
    return StreamRead(bool(wanted.get("framed")), first_byte_at_ms, probe.now(), chunks)


def _digest_sources(data: bytes) -> list[str | None]:
    """Take apart frames of source index, length and bytes."""
    hashes: dict[int, Any] = {}
    at = 0
    while at < len(data):
        source, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        hashes.setdefault(source, hashlib.sha256()).update(data[at : at + length])
        at += length
    count = max(hashes, default=-1) + 1
    return [hashes[index].hexdigest() if index in hashes else None for index in range(count)]
