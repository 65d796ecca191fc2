"""Streams as checks write and read them, and what a reader must have been given."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from harness.adapters.protocol import Call
from harness.adapters.world import PendingReading, Reading, WorldClient
from suites.conformance.answers import describe, field, maybe, shorten
from suites.conformance.calls import fresh_id
from suites.conformance.efforts import Effort
from suites.conformance.violations import violate

#: How long a reader may take for what is there already or comes at once, in ms. Nobody waits for it
#: unless something is wrong.
SOON_MS = 20_000
#: The same for what is there already, of a stream that was closed.
AT_ONCE_MS = 10_000
#: How long a reader may take for thousands of chunks, in ms.
LONG_MS = 60_000
#: How many writes are handed to an adapter at a time.
_WRITES = 50


def make_random(request: pytest.FixtureRequest) -> random.Random:
    """Return chance that `--seed` repeats, another one for each check."""
    seed = request.config.getoption("--seed")
    return random.Random(None if seed is None else f"{seed} {request.node.name}")  # noqa: S311


def fresh_stream() -> str:
    """Return the name of a stream that nobody else has, as the runtime names them."""
    return f"{fresh_id('strm')}_user"


def make_chunks(count: int, chance: random.Random, *, largest: int = 512) -> list[bytes]:
    """Return chunks of any bytes that can be told apart, the first few as large as they may be."""
    sizes = [largest] * min(3, count) + [chance.randrange(largest) for _ in range(count - 3)]
    return [b"%06d " % place + chance.randbytes(size) for place, size in enumerate(sizes)]


def write_call(run_id: str, name: str, chunk: bytes) -> Call:
    """Make the call that writes a chunk."""
    return Call("streams.write", (run_id, name, chunk))


def close_call(run_id: str, name: str) -> Call:
    """Make the call that closes a stream."""
    return Call("streams.close", (run_id, name))


def make_writes(world: WorldClient, run_id: str, name: str, chunks: Sequence[bytes]) -> list[Call]:
    """Make the calls that write chunks: alone and, where the World can, some of them together."""
    calls: list[Call] = []
    place = 0
    while place < len(chunks):
        size = 3 if place % 10 == 0 and world.has("streams.writeMulti") else 1
        part = list(chunks[place : place + size])
        if size == 1:
            calls.append(write_call(run_id, name, part[0]))
        else:
            calls.append(Call("streams.writeMulti", (run_id, name, part)))
        place += size
    return calls


def write_all(world: WorldClient, run_id: str, name: str, chunks: Sequence[bytes]) -> None:
    """Write chunks one after another, as fast as the World takes them."""
    calls = make_writes(world, run_id, name, chunks)
    for first in range(0, len(calls), _WRITES):
        make_in_turn(world, calls[first : first + _WRITES])


def make_in_turn(world: WorldClient, calls: Sequence[Call]) -> None:
    """Make calls one after another, each once the one before was answered; all must succeed."""
    for reply in world.together(*calls, in_flight=1):
        if not reply.succeeded:
            violate(f"{reply.call.method} must be accepted here, but ended with {describe(reply)}")


def close_stream(world: WorldClient, run_id: str, name: str) -> None:
    """Close a stream, which must succeed."""
    make_in_turn(world, [close_call(run_id, name)])


def write_stream(world: WorldClient, run_id: str, chunks: Sequence[bytes]) -> str:
    """Write a stream of chunks, close it, and return its name."""
    name = fresh_stream()
    write_all(world, run_id, name, chunks)
    close_stream(world, run_id, name)
    return name


def expect_whole(reading: Reading, chunks: Sequence[bytes], what: str) -> None:
    """See that a reader was given chunks, each once and in order, and then the end.

    Chunks without bytes are left out on both sides.
    """
    expect_chunks(reading, chunks, what)
    if not reading.done:
        seconds = (reading.end - reading.start) / 1000
        violate(f"{what} was given all {len(chunks)} chunks, but no end within {seconds:.1f} s")


def expect_chunks(reading: Reading, chunks: Sequence[bytes], what: str) -> None:
    """See that a reader was given chunks, each once and in order."""
    expect_no_error(reading, what)
    given = [chunk for chunk in reading.chunks if chunk != b""]
    expected = [chunk for chunk in chunks if chunk]
    if given != expected:
        violate(f"{what} {tell_difference(given, expected)}")


def expect_no_error(reading: Reading, what: str) -> None:
    """See that a read did not fail."""
    if reading.lost:
        violate(f"{what} was given nothing: {reading.lost}")
    if reading.failure is not None:
        failure = reading.failure
        violate(f"{what} ended with {failure.name}: {failure.message}"[:200])


def tell_difference(given: Sequence[Any], expected: Sequence[bytes]) -> str:
    """Say in what the chunks that a reader was given differ from those that it should have."""
    if len(given) < len(expected) and list(given) == list(expected[: len(given)]):
        return f"was given only the first {len(given)} of {len(expected)} chunks"
    if sorted(map(repr, given)) == sorted(map(repr, expected)):
        return f"was given its {len(expected)} chunks in another order"
    repeated = len(given) - len(set(map(repr, given)))
    missing = len(set(map(repr, expected)) - set(map(repr, given)))
    foreign = len(set(map(repr, given)) - set(map(repr, expected)))
    return (
        f"was given {len(given)} chunks instead of {len(expected)}: {missing} are missing, "
        f"{foreign} should not be there, {repeated} came again"
    )


def read_from(
    world: WorldClient, run_id: str, name: str, index: int | None = None
) -> PendingReading:
    """Begin to read a stream, from its beginning or from an index on."""
    return world.start_reading(run_id, name, start_index=index, for_ms=SOON_MS)


def read_closed(
    world: WorldClient, run_id: str, name: str, index: int | None = None
) -> PendingReading:
    """Begin to read a stream that was closed: nothing has to be waited for."""
    return world.start_reading(run_id, name, start_index=index, for_ms=AT_ONCE_MS)


def count_rounds(effort: Effort) -> int:
    """Return how many rounds of readers: they take as long as some Worlds take to see news."""
    return min(effort.rounds // 2, 20)


def await_chunks(world: WorldClient, run_id: str, name: str, count: int) -> Reading:
    """Wait until so many chunks of a stream can be read."""
    return world.read(run_id, name, max_chunks=count, for_ms=SOON_MS)


def walk_chunks(
    world: WorldClient, run_id: str, name: str, limit: int | None, *, at_most: int = 10_000
) -> list[Any]:
    """Return the pages of `streams.getChunks`, up to the last."""
    pages: list[Any] = []
    cursor = None
    while True:
        options: dict[str, Any] = {} if limit is None else {"limit": limit}
        if cursor is not None:
            options["cursor"] = cursor
        page = world.streams.get_chunks(run_id, name, options)
        pages.append(page)
        size = len(field(page, "data"))
        if limit is not None and size > limit:
            violate(f"a page of {limit} chunks at most has {size}")
        if not maybe(page, "hasMore"):
            return pages
        cursor = maybe(page, "cursor")
        if cursor is None:
            violate(f"a page says that there is more, but has no cursor: {shorten(page)}")
        if len(pages) > at_most:
            violate(f"after {at_most} pages there is still more")


def chunks_of(pages: Sequence[Any]) -> list[bytes]:
    """Return what pages hold; their indexes must count from 0, without a gap."""
    items = [item for page in pages for item in field(page, "data")]
    indexes = [field(item, "index") for item in items]
    if indexes != list(range(len(items))):
        wrong = next(place for place, index in enumerate(indexes) if index != place)
        violate(f"the chunk at place {wrong} of all pages has index {indexes[wrong]}")
    return [field(item, "data") for item in items]
