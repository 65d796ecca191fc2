"""Mutants of streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from harness.contract.model import Model
from harness.contract.model.state import Stream
from harness.contract.model.streams import Glance
from harness.contract.model.values import Entity
from worlds.mutants import mutant
from worlds.reference import ReferenceWorld
from worlds.reference.world import LOOK_EVERY_S


@mutant("STREAM-ORDER", "must be accepted here", line="v4")
class RefusesLongStreams(Model):
    """A stream takes sixteen chunks."""

    def append_chunks(self, stream: Stream, chunks: Any) -> None:
        """Refuse what is more."""
        if len(stream.chunks) > 16:
            raise self.bad_request("the stream is full")
        super().append_chunks(stream, chunks)


@mutant("STREAM-ORDER", "in another order")
class TurnsChunksWrittenTogether(Model):
    """Chunks of one writeMulti stand in reverse."""

    def append_chunks(self, stream: Stream, chunks: Any) -> None:
        """Append them, last first."""
        super().append_chunks(stream, list(reversed(chunks)))


@mutant("STREAM-ORDER", "are missing")
class TakesChunksForText(Model):
    """A chunk is kept as text: bytes that are none are lost."""

    def read_chunk(self, chunk: object) -> bytes:
        """Read it as text."""
        return super().read_chunk(chunk).decode(errors="ignore").encode()


@mutant("STREAM-ORDER", "again")
class BeginsAnewBehindTheLast(ReferenceWorld):
    """A live reader is given the last chunk that it knows again with the next."""

    async def follow(self, run_id: object, name: object, index: int) -> AsyncIterator[bytes]:
        """Read from one chunk further back than was read."""
        begun = index
        while not self._closed:
            self.sync()
            glance = self.model.glance(run_id, name, index)
            for chunk in glance.chunks if glance.next_index > index + (index > begun) else []:
                yield chunk
            if glance.done:
                return
            index = max(begun, glance.next_index - 1)
            await asyncio.sleep(LOOK_EVERY_S)


@mutant("STREAM-LIVE", "within 20 s, before the close")
class ShowsNothingBeforeTheClose(Model):
    """A live reader is given everything at the close."""

    def glance(self, run_id: object, name: object, index: int) -> Glance:
        """See nothing of an open stream."""
        seen = super().glance(run_id, name, index)
        return seen if seen.done else Glance([], index, False)


@mutant("STREAM-LIVE", "no end within")
class ForgetsToEndAttachedReaders(ReferenceWorld):
    """A reader that was there before the close is never told of it."""

    async def follow(self, run_id: object, name: object, index: int) -> AsyncIterator[bytes]:
        """End only what was closed before."""
        self.sync()
        was_closed = self.model.glance(run_id, name, index).done
        async for chunk in super().follow(run_id, name, index):
            yield chunk
        while not was_closed:
            await asyncio.sleep(1)


@mutant("STREAM-LIVE", "within 20 s, before the close", line="py")
class ReadersKnowTheirOwnProcess(ReferenceWorld):
    """A reader that is attached looks at what its own process knows, and at nothing else."""

    async def follow(self, run_id: object, name: object, index: int) -> AsyncIterator[bytes]:
        """Read without asking what others wrote."""
        while not self._closed:
            glance = self.model.glance(run_id, name, index)
            for chunk in glance.chunks:
                yield chunk
            if glance.done:
                return
            index = glance.next_index
            await asyncio.sleep(LOOK_EVERY_S)


@mutant("STREAM-START-INDEX", "from index")
class IgnoresTheIndex(Model):
    """Every reader begins with the first chunk."""

    def find_start(self, run_id: object, name: object, start_index: int) -> int:
        """Begin at the beginning."""
        return 0


@mutant("STREAM-START-INDEX", "of an open stream of 3")
class CountsTheEndOfAnOpenStream(Model):
    """A negative index counts back from behind the end while a stream is open."""

    def find_start(self, run_id: object, name: object, start_index: int) -> int:
        """Count the end that is not there yet."""
        start = super().find_start(run_id, name, start_index)
        is_off = start_index < 0 and not self.find_stream(run_id, name).closed
        return start + is_off


@mutant("STREAM-START-INDEX", "of a closed stream of 3")
class CountsBackBeyondTheFirst(Model):
    """A negative index further back than the first chunk finds nothing."""

    def find_start(self, run_id: object, name: object, start_index: int) -> int:
        """Begin behind the end when there is nothing so far back."""
        length = len(self.find_stream(run_id, name).chunks)
        if start_index < -length:
            return length
        return super().find_start(run_id, name, start_index)


@mutant("STREAM-START-INDEX", "begun at chunk 3")
class StartsNoFurtherThanTheEnd(Model):
    """An index beyond the chunks of an open stream begins with the next one."""

    def find_start(self, run_id: object, name: object, start_index: int) -> int:
        """Begin where the stream ends, at most."""
        start = super().find_start(run_id, name, start_index)
        return min(start, len(self.find_stream(run_id, name).chunks))


@mutant("STREAM-PAST-END", "no end within")
class WaitsBeyondTheEnd(Model):
    """Who reads a closed stream from beyond its last chunk waits for ever."""

    def glance(self, run_id: object, name: object, index: int) -> Glance:
        """See no end from beyond it."""
        seen = super().glance(run_id, name, index)
        length = len(self.find_stream(run_id, name).chunks)
        return Glance(seen.chunks, seen.next_index, seen.done and index <= length)


@mutant("STREAM-CLOSE-FINAL", "should not be there")
class WritesBehindTheEnd(Model):
    """Chunks that come after the close are shown."""

    def append_chunks(self, stream: Stream, chunks: Any) -> None:
        """Append always."""
        stream.chunks.extend(chunks)


@mutant("STREAM-CLOSE-FINAL", "no end within")
class OpensClosedStreamsAgain(Model):
    """A chunk that comes after the close opens the stream again."""

    def append_chunks(self, stream: Stream, chunks: Any) -> None:
        """Open it, unless it is open."""
        late = stream.closed
        super().append_chunks(stream, chunks)
        stream.closed = stream.closed and not late


@mutant("STREAM-CHUNKS", "has index")
class CountsIndexesAnewOnEachPage(Model):
    """Indexes of chunks begin with 0 on every page."""

    def get_chunks(self, run_id: object, name: object, options: object = None) -> Entity:
        """Number what the page holds."""
        page = super().get_chunks(run_id, name, options)
        data = [{**item, "index": place} for place, item in enumerate(page["data"])]
        return {**page, "data": data}


@mutant("STREAM-CHUNKS", "must have done False")
class CallsTheLastPageTheEnd(Model):
    """A page is done when there is no further chunk yet."""

    def get_chunks(self, run_id: object, name: object, options: object = None) -> Entity:
        """End with the last chunk."""
        page = super().get_chunks(run_id, name, options)
        return {**page, "done": not page["hasMore"]}


@mutant("STREAM-INFO", "a stream that nobody wrote to")
class CountsChunksForTheTail(Model):
    """The tail index is the number of chunks."""

    def get_stream_info(self, run_id: object, name: object) -> Entity:
        """Tell the number."""
        info = super().get_stream_info(run_id, name)
        return {**info, "tailIndex": info["tailIndex"] + 1}


@mutant("STREAM-LIST", "streams lists 2, without 1 of its own")
class ListsStreamsWithChunks(Model):
    """A stream that was closed without a chunk is not listed."""

    def list_streams(self, run_id: object) -> list[str]:
        """List what holds chunks."""
        names = super().list_streams(run_id)
        return [name for name in names if self.find_stream(run_id, name).chunks]


@mutant("STREAM-LIST", "with 0 streams lists")
class ListsStreamsOfEveryRun(Model):
    """A run lists the streams of all runs."""

    def list_streams(self, run_id: object) -> list[str]:
        """List all."""
        return [name for _, name in self.state.streams]
