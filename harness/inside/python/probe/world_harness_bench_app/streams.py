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
    stamped: bool
    ended_at_ms: float
    chunks: list[bytes]
    #: When each of them came.
    arrivals: list[float]

    def summarize(self) -> dict[str, Any]:
        """Return what the harness is told: when, how much, and digests."""
        data = b"".join(self.chunks)
        about = {
            "firstByteAtMs": self.arrivals[0] if self.arrivals else None,
            "endedAtMs": self.ended_at_ms,
            "bytes": len(data),
        }
        if self.stamped:
            return {**about, **self._read_stamps()}
        digests = _digest_sources(data) if self.framed else [hashlib.sha256(data).hexdigest()]
        return {**about, "digests": digests}

    def _read_stamps(self) -> dict[str, Any]:
        """Take apart lines of `<number>:<time>:<filling>`; they may come in other pieces."""
        stamps = []
        digest = hashlib.sha256()
        rest = b""
        for chunk, at_ms in zip(self.chunks, self.arrivals, strict=True):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                number, time, filling = line.split(b":")
                stamps.append({"writtenAtMs": float(time), "arrivedAtMs": at_ms})
                digest.update(b"%s::%s\n" % (number, filling))
        digest.update(rest)
        return {"chunks": stamps, "digests": [digest.hexdigest()]}


async def read_stream(run: Run[Any], wanted: Mapping[str, Any]) -> StreamRead:
    """Read one of a run's streams while it is written."""
    chunks, arrivals = [], []
    async for chunk in run.readable_bytes(namespace=wanted.get("namespace")):
        arrivals.append(probe.now())
        chunks.append(chunk)
    framed, stamped = bool(wanted.get("framed")), bool(wanted.get("stamped"))
    return StreamRead(framed, stamped, probe.now(), chunks, arrivals)


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
