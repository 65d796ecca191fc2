"""Streams: chunks in order, until the stream is closed for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness.contract.model.listing import Listing
from harness.contract.model.state import Stream
from harness.contract.model.values import Entity, read_option

CHUNK_PAGE = 100
CHUNK_PAGE_LIMIT = 1000


class Glance(NamedTuple):
    """The part of a stream that a reader sees from an index on."""

    #: The chunks that are not empty.
    chunks: list[bytes]
    #: The index at which the next glance begins.
    next_index: int
    done: bool


class Streams(Listing):
    """The life of streams. A stream belongs to its run and is not created explicitly."""

    METHODS = Listing.METHODS | {
        "streams.write": "write_chunk",
        "streams.writeMulti": "write_chunks",
        "streams.close": "close_stream",
        "streams.list": "list_streams",
        "streams.getChunks": "get_chunks",
        "streams.getInfo": "get_stream_info",
    }

    def write_chunk(self, run_id: object, name: object, chunk: object) -> None:
        """Answer `streams.write`."""
        self.write_chunks(run_id, name, [chunk])

    def write_chunks(self, run_id: object, name: object, chunks: object) -> None:
        """Answer `streams.writeMulti`."""
        if not isinstance(chunks, Sequence):
            raise self.bad_request("chunks must be a list")
        data = [self.read_chunk(chunk) for chunk in chunks]
        self.append_chunks(self.open_stream(run_id, name), data)

    def read_chunk(self, chunk: object) -> bytes:
        """Return a chunk's bytes.

        Raises:
            Refused: the chunk is neither bytes nor text.
        """
        if isinstance(chunk, str):
            return chunk.encode()
        if isinstance(chunk, (bytes, bytearray, memoryview)):
            return bytes(chunk)
        raise self.bad_request("a chunk must be bytes or text")

    def append_chunks(self, stream: Stream, chunks: Sequence[bytes]) -> None:
        """Append chunks to an open stream; drop them if it is closed."""
        if not stream.closed:
            stream.chunks.extend(chunks)

    def open_stream(self, run_id: object, name: object) -> Stream:
        """Return a stream for writing."""
        return self.state.streams.setdefault((str(run_id), str(name)), Stream())

    def find_stream(self, run_id: object, name: object) -> Stream:
        """Return a stream for reading, an empty one if nothing was written to it."""
        return self.state.streams.get((str(run_id), str(name))) or Stream()

    def close_stream(self, run_id: object, name: object) -> None:
        """Answer `streams.close`; closing a stream again changes nothing."""
        self.open_stream(run_id, name).closed = True

    def list_streams(self, run_id: object) -> list[str]:
        """Answer `streams.list`."""
        return [name for owner, name in self.state.streams if owner == str(run_id)]

    def get_chunks(self, run_id: object, name: object, options: object = None) -> Entity:
        """Answer `streams.getChunks`."""
        stream = self.find_stream(run_id, name)
        start = self.read_chunk_cursor(read_option(options, "cursor"))
        limit = read_option(options, "limit")
        size = min(self.page_size(limit, CHUNK_PAGE), CHUNK_PAGE_LIMIT)
        end = min(start + size, len(stream.chunks))
        more = end < len(stream.chunks)
        return {
            "data": [
                {"index": start + offset, "data": chunk}
                for offset, chunk in enumerate(stream.chunks[start:end])
            ],
            "cursor": f"chunk_{end}" if more or (end > start and not stream.closed) else None,
            "hasMore": more,
            "done": stream.closed,
        }

    def read_chunk_cursor(self, cursor: object) -> int:
        """Return the index that a cursor points to."""
        digits = str(cursor or "").removeprefix("chunk_")
        return int(digits) if digits.isascii() and digits.isdigit() else 0

    def get_stream_info(self, run_id: object, name: object) -> Entity:
        """Answer `streams.getInfo`."""
        stream = self.find_stream(run_id, name)
        return {"tailIndex": len(stream.chunks) - 1, "done": stream.closed}

    def find_start(self, run_id: object, name: object, start_index: int) -> int:
        """Return the index where a reader begins; a negative index counts from the current end."""
        if start_index >= 0:
            return start_index
        return max(0, len(self.find_stream(run_id, name).chunks) + start_index)

    def glance(self, run_id: object, name: object, index: int) -> Glance:
        """Return what a live reader sees of a stream from an index on; it sees no empty chunks."""
        stream = self.find_stream(run_id, name)
        seen = stream.chunks[index:]
        return Glance([chunk for chunk in seen if chunk], index + len(seen), stream.closed)
