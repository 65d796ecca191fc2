"""Streams: where a reader begins, and an end that is final."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.adapters.world import WorldClient
from suites.conformance.answers import field
from suites.conformance.arena import Arena
from suites.conformance.forms import decides
from suites.conformance.streaming import (
    SOON_MS,
    await_chunks,
    chunks_of,
    close_call,
    close_stream,
    expect_chunks,
    expect_no_error,
    expect_whole,
    fresh_stream,
    make_chunks,
    make_in_turn,
    make_random,
    read_closed,
    read_from,
    walk_chunks,
    write_all,
    write_call,
    write_stream,
)
from suites.conformance.violations import violate

_CHUNKS = [b"zero", b"one", b"two"]


@decides("STREAM-START-INDEX")
def test_an_index_passes_over_chunks_of_a_closed_stream(arena: Arena) -> None:
    run_id = arena.running_run()
    name = write_stream(arena.world, run_id, _CHUNKS)
    indexes = range(-5, len(_CHUNKS))
    readings = [read_closed(arena.world, run_id, name, index) for index in indexes]
    for index, pending in zip(indexes, readings, strict=True):
        expected = _CHUNKS[max(0, len(_CHUNKS) + index) if index < 0 else index :]
        what = f"a reader from index {index} of a closed stream of {len(_CHUNKS)}"
        expect_whole(pending.wait(), expected, what)


@decides("STREAM-START-INDEX")
def test_an_index_passes_over_chunks_of_an_open_stream(arena: Arena) -> None:
    run_id, name = arena.running_run(), fresh_stream()
    write_all(arena.world, run_id, name, _CHUNKS)
    for index in (-5, -3, -1, 0, 1, 2):
        expected = _CHUNKS[max(0, len(_CHUNKS) + index) if index < 0 else index :]
        # It ends by itself with the last chunk there is.
        reading = arena.world.read(
            run_id, name, start_index=index, max_chunks=len(expected), for_ms=SOON_MS
        )
        what = f"a reader from index {index} of an open stream of {len(_CHUNKS)}"
        expect_chunks(reading, expected, what)
    close_stream(arena.world, run_id, name)


@decides("STREAM-START-INDEX")
def test_an_index_beyond_an_open_stream_waits_for_its_chunk(arena: Arena) -> None:
    run_id, name = arena.running_run(), fresh_stream()
    chunks = make_numbered(8)
    write_all(arena.world, run_id, name, chunks[:3])
    readings = {index: read_from(arena.world, run_id, name, index) for index in (2, 3, 5, 7)}
    for chunk in chunks[3:]:
        make_in_turn(arena.world, [write_call(run_id, name, chunk)])
    close_stream(arena.world, run_id, name)
    for index, pending in readings.items():
        expect_whole(
            pending.wait(), chunks[index:], f"a reader from index {index}, begun at chunk 3,"
        )


@decides("STREAM-START-INDEX", "alone", "4 processes", cost=2)
def test_a_negative_index_beside_a_writer_leaves_no_gap(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    writer, reader = arena.worlds[0], arena.worlds[-1]
    run_id = arena.running_run(writer)
    chance = make_random(request)
    for _ in range(min(arena.effort.rounds, 12)):
        name = fresh_stream()
        chunks = make_chunks(16, chance)
        write_all(writer, run_id, name, chunks[:4])
        pending = read_from(reader, run_id, name, -2)
        write_all(writer, run_id, name, chunks[4:])
        close_stream(writer, run_id, name)
        reading = pending.wait()
        expect_no_error(reading, "a reader from index -2")
        # How many chunks there were when it began, nobody knows: at least four.
        begins = [first for first in range(2, 15) if chunks[first] in reading.chunks[:1]]
        if not begins:
            told = len(reading.chunks)
            violate(f"a reader from index -2, begun at chunk 4 or later, was given {told} chunks")
        expect_whole(reading, chunks[begins[0] :], "a reader from index -2 beside a writer")


@decides("STREAM-START-INDEX")
def test_a_negative_index_counts_from_the_last_chunk_before_the_close(arena: Arena) -> None:
    run_id = arena.running_run()
    name = write_stream(arena.world, run_id, _CHUNKS)
    write_late(arena, run_id, name)
    reading = read_closed(arena.world, run_id, name, -2).wait()
    expect_whole(reading, _CHUNKS[-2:], "a reader from index -2 of a stream with a late chunk")


@decides("STREAM-PAST-END")
def test_reading_past_the_end_ends_at_once(arena: Arena) -> None:
    run_id = arena.running_run()
    name = write_stream(arena.world, run_id, _CHUNKS[:2])
    empty = write_stream(arena.world, run_id, [])
    wanted = ((name, 2), (name, 3), (name, 5), (empty, 0), (empty, 1), (empty, -1))
    readings = [read_closed(arena.world, run_id, where, index) for where, index in wanted]
    for (where, index), pending in zip(wanted, readings, strict=True):
        length = 2 if where == name else 0
        what = f"a reader from index {index} of a closed stream of {length} chunks"
        expect_whole(pending.wait(), [], what)


@decides("STREAM-CLOSE-FINAL")
def test_what_comes_after_the_close_is_never_read(arena: Arena) -> None:
    run_id, name = arena.running_run(), fresh_stream()
    live = read_from(arena.world, run_id, name)
    write_all(arena.world, run_id, name, _CHUNKS)
    # Before the close it is a stream like any other.
    await_chunks(arena.world, run_id, name, len(_CHUNKS))
    close_stream(arena.world, run_id, name)
    write_late(arena, run_id, name)
    _expect_reads(arena.world, run_id, name, (0, 1))
    expect_whole(live.wait(), _CHUNKS, "a reader that was there at the close")


@decides("STREAM-CLOSE-FINAL")
def test_a_negative_index_never_reads_what_comes_after_the_close(arena: Arena) -> None:
    run_id = arena.running_run()
    name = write_stream(arena.world, run_id, _CHUNKS)
    write_late(arena, run_id, name)
    _expect_reads(arena.world, run_id, name, (-1,))


@decides("STREAM-CLOSE-FINAL")
def test_a_second_close_alone_changes_nothing(arena: Arena) -> None:
    run_id = arena.running_run()
    name = write_stream(arena.world, run_id, _CHUNKS)
    arena.try_(close_call(run_id, name))
    _expect_reads(arena.world, run_id, name, (0, 2, -1))


@decides("STREAM-CLOSE-FINAL", "4 processes")
def test_the_close_of_one_process_is_final_for_all(arena: Arena) -> None:
    writer, other, reader = arena.worlds[0], arena.worlds[1], arena.worlds[-1]
    run_id = arena.running_run(writer)
    for _ in range(min(arena.effort.rounds, 10)):
        name = write_stream(writer, run_id, _CHUNKS)
        write_late(arena, run_id, name, other)
        _expect_reads(reader, run_id, name, (0, 1))
        _expect_reads(other, run_id, name, (0,))


@decides("STREAM-CLOSE-FINAL")
def test_pages_and_info_show_nothing_after_the_close(arena: Arena) -> None:
    arena.require("streams.getChunks", "streams.getInfo")
    run_id = arena.running_run()
    name = write_stream(arena.world, run_id, _CHUNKS)
    write_late(arena, run_id, name)
    pages = walk_chunks(arena.world, run_id, name, 2)
    if (told := chunks_of(pages)) != _CHUNKS:
        violate(f"streams.getChunks shows {len(told)} chunks of a stream closed after 3")
    if not field(pages[-1], "done"):
        violate("streams.getChunks says of a stream with a late chunk that it is not closed")
    info = arena.world.streams.get_info(run_id, name)
    known = (field(info, "tailIndex"), field(info, "done"))
    if known != (2, True):
        violate(f"a stream closed after 3 chunks has tailIndex and done {known}, with a late chunk")


def write_late(arena: Arena, run_id: str, name: str, world: WorldClient | None = None) -> None:
    """Write to a stream and close it although it was closed; the World may refuse that."""
    first = arena.try_(write_call(run_id, name, b"late"), world)
    arena.try_(close_call(run_id, name), world)
    arena.try_(write_call(run_id, name, b"later still"), world)
    if "late-write-refused" in arena.clause.records:
        refused = "accepted" if first.succeeded else f"refused: {first.failure}"
        arena.record("late-write-refused", refused[:80])


def make_numbered(count: int) -> list[bytes]:
    """Return chunks that say where they stand."""
    return [b"chunk %d" % place for place in range(count)]


def _expect_reads(world: WorldClient, run_id: str, name: str, indexes: Sequence[int]) -> None:
    readings = [(index, read_closed(world, run_id, name, index)) for index in indexes]
    for index, pending in readings:
        what = f"a reader from index {index} of a stream that was closed before a late write"
        expect_whole(pending.wait(), _CHUNKS[index:], what)
