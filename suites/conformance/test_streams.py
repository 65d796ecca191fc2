"""Streams: every chunk, once and in order, soon after it was written."""

from __future__ import annotations

import pytest

from harness.adapters.world import PendingReading, Reading, WorldClient
from suites.conformance.arena import Arena
from suites.conformance.forms import ALONE, RACING, decides
from suites.conformance.racing import Race, Round
from suites.conformance.streaming import (
    LONG_MS,
    SOON_MS,
    await_chunks,
    close_stream,
    count_rounds,
    expect_chunks,
    expect_no_error,
    expect_whole,
    fresh_stream,
    make_chunks,
    make_in_turn,
    make_random,
    read_from,
    tell_difference,
    write_all,
    write_call,
    write_stream,
)
from suites.conformance.violations import violate

_LARGEST = 1 << 16


@decides("STREAM-ORDER", cost=6)
def test_readers_before_during_and_after_are_given_all_chunks(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    world = arena.world
    chunks = make_chunks(arena.effort.scaled(1000), make_random(request))
    run_id, name = arena.running_run(), fresh_stream()
    half = len(chunks) // 2
    before = world.start_reading(run_id, name, for_ms=LONG_MS)
    write_all(world, run_id, name, chunks[:half])
    during = world.start_reading(run_id, name, for_ms=LONG_MS)
    write_all(world, run_id, name, chunks[half:])
    close_stream(world, run_id, name)
    after = world.start_reading(run_id, name, for_ms=LONG_MS)
    arena.history.clear()
    expect_whole(after.wait(), chunks, "a reader that came after the close")
    expect_whole(during.wait(), chunks, "a reader that came while chunks were written")
    expect_whole(before.wait(), chunks, "a reader that came before the first chunk")


@decides("STREAM-ORDER")
def test_chunks_keep_their_bytes(arena: Arena, request: pytest.FixtureRequest) -> None:
    chance = make_random(request)
    every_byte = bytes(range(256))
    chunks = [every_byte, b"\x00", b"\x00\x00", b"\n", b"\xff\xfe", "grün".encode(), b"{}", b"1"]
    chunks += make_chunks(arena.effort.scaled(12, least=4), chance, largest=_LARGEST)
    run_id = arena.running_run()
    name = write_stream(arena.world, run_id, chunks)
    expect_whole(read_from(arena.world, run_id, name).wait(), chunks, "a reader")


@decides("STREAM-ORDER")
def test_chunks_without_bytes_disturb_no_other(arena: Arena) -> None:
    run_id = arena.running_run()
    chunks = [b"", b"one", b"", b"", b"two", b""]
    name = fresh_stream()
    live = read_from(arena.world, run_id, name)
    make_in_turn(arena.world, [write_call(run_id, name, chunk) for chunk in chunks])
    close_stream(arena.world, run_id, name)
    later = read_from(arena.world, run_id, name).wait()
    expect_whole(later, chunks, "a reader of a stream with empty chunks")
    expect_whole(live.wait(), chunks, "a live reader of a stream with empty chunks")
    skipping = read_from(arena.world, run_id, name, 2).wait()
    told = "are given to readers" if b"" in later.chunks else "are passed over"
    counted = "count as an index" if skipping.chunks[-1:] == (b"two",) else "have no index"
    arena.record("empty-chunks", f"{told} and {counted}")


@decides("STREAM-ORDER", *RACING, cost=3)
def test_readers_at_once_are_each_given_all_chunks(
    race: Race, request: pytest.FixtureRequest
) -> None:
    chance = make_random(request)
    run_id = race.arena.running_run()

    def one_round(round_: Round) -> None:
        worlds = round_.arena.worlds
        writer = worlds[round_.number % len(worlds)]
        chunks = make_chunks(16, chance, largest=2048)
        name = fresh_stream()
        readers = [worlds[place % len(worlds)] for place in range(round_.width)]
        half = round_.width // 2
        early = [read_from(reader, run_id, name) for reader in readers[:half]]
        write_all(writer, run_id, name, chunks[:8])
        late = [read_from(reader, run_id, name) for reader in readers[half:]]
        write_all(writer, run_id, name, chunks[8:])
        close_stream(writer, run_id, name)
        for reading in [*early, *late]:
            expect_whole(reading.wait(), chunks, f"one of {round_.width} readers")

    race(one_round, rounds=count_rounds(race.arena.effort))


@decides("STREAM-ORDER", *RACING, cost=3)
def test_every_chunk_of_several_writers_is_given_once(
    race: Race, request: pytest.FixtureRequest
) -> None:
    chance = make_random(request)
    run_id = race.arena.running_run()

    def one_round(round_: Round) -> None:
        name = fresh_stream()
        worlds = round_.arena.worlds
        early = [read_from(world, run_id, name) for world in worlds]
        parts = [
            [b"writer %d, " % number + chunk for chunk in make_chunks(6, chance)]
            for number in range(max(2, round_.width // 4))
        ]
        _write_at_once(worlds, run_id, name, parts)
        close_stream(worlds[0], run_id, name)
        late = read_from(worlds[-1], run_id, name).wait()
        _expect_parts(late, parts, "a reader that came after the close")
        for reading in early:
            _expect_parts(reading.wait(), parts, "a reader that came before the first chunk")

    race(one_round, rounds=count_rounds(race.arena.effort))


def _write_at_once(
    worlds: list[WorldClient], run_id: str, name: str, parts: list[list[bytes]]
) -> None:
    """Have each part written by a writer of its own, who waits for each answer."""
    batches = []
    for number, part in enumerate(parts):
        world = worlds[number % len(worlds)]
        calls = [write_call(run_id, name, chunk) for chunk in part]
        batches.append((world, calls, world.send_batch(calls, in_flight=1)))
    for world, calls, pending in batches:
        for reply in world.finish_batch(calls, pending.wait(SOON_MS / 1000)):
            if not reply.succeeded:
                violate(f"one of {len(parts)} writers of a stream was refused: {reply.failure}")


def _expect_parts(reading: Reading, parts: list[list[bytes]], what: str) -> None:
    """See that a reader was given every chunk once, and those of one writer in their order."""
    everything = [chunk for part in parts for chunk in part]
    expect_no_error(reading, what)
    if sorted(reading.chunks) != sorted(everything):
        violate(f"{what} with {len(parts)} writers {tell_difference(reading.chunks, everything)}")
    for part in parts:
        own = [chunk for chunk in reading.chunks if chunk in part]
        if own != part:
            violate(f"{what} was given the chunks of one of {len(parts)} writers in another order")
    expect_whole(reading, reading.chunks, what)


@decides("STREAM-ORDER", "4 processes")
def test_chunks_of_processes_in_turn_stand_in_their_order(
    race: Race, request: pytest.FixtureRequest
) -> None:
    chance = make_random(request)
    run_id = race.arena.running_run()

    def one_round(round_: Round) -> None:
        worlds = round_.arena.worlds
        name = fresh_stream()
        chunks = make_chunks(2 * len(worlds), chance)
        for place, chunk in enumerate(chunks):
            make_in_turn(worlds[place % len(worlds)], [write_call(run_id, name, chunk)])
        close_stream(worlds[-1], run_id, name)
        reading = read_from(worlds[0], run_id, name).wait()
        expect_whole(reading, chunks, f"a reader of what {len(worlds)} processes wrote in turn")

    race(one_round, rounds=count_rounds(race.arena.effort))


@decides("STREAM-LIVE", ALONE, *RACING, cost=3)
def test_what_is_written_reaches_attached_readers(race: Race) -> None:
    run_id = race.arena.running_run()

    def one_round(round_: Round) -> None:
        worlds = round_.arena.worlds
        writer = worlds[round_.number % len(worlds)]
        name = fresh_stream()
        readers = [worlds[place % len(worlds)] for place in range(round_.width)]
        half = round_.width // 2
        # They end by themselves with the chunk that they wait for, while the stream is open.
        waiting = [
            reader.start_reading(run_id, name, for_ms=SOON_MS, max_chunks=3)
            for reader in readers[:half]
        ]
        staying = [read_from(reader, run_id, name) for reader in readers[half:]]
        chunks = [b"one", b"two", b"three"]
        for chunk in chunks:
            make_in_turn(writer, [write_call(run_id, name, chunk)])
        for pending in waiting:
            _expect_soon(pending, chunks)
        close_stream(writer, run_id, name)
        for pending in staying:
            expect_whole(pending.wait(), chunks, "a reader that came before the first chunk")

    race(
        one_round,
        width=2 if race.arena.processes == 1 else 16,
        rounds=count_rounds(race.arena.effort),
    )


def _expect_soon(pending: PendingReading, chunks: list[bytes]) -> None:
    reading = pending.wait()
    expect_no_error(reading, "a reader of an open stream")
    if len(reading.chunks) < len(chunks):
        violate(
            f"a reader that came before the first of {len(chunks)} chunks was given "
            f"{len(reading.chunks)} of them within {SOON_MS / 1000:g} s, before the close"
        )
    expect_chunks(reading, chunks, "a reader of an open stream")


@decides("STREAM-LIVE", "4 processes", cost=2)
def test_a_reader_follows_a_writer_in_another_process(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    writer, reader = arena.worlds[0], arena.worlds[-1]
    run_id, name = arena.running_run(writer), fresh_stream()
    chunks = make_chunks(arena.effort.scaled(20, least=6), make_random(request))
    reading = read_from(reader, run_id, name)
    for place, chunk in enumerate(chunks):
        # The next is written only when this one can be read over there.
        make_in_turn(writer, [write_call(run_id, name, chunk)])
        seen = await_chunks(reader, run_id, name, place + 1)
        if len(seen.chunks) <= place:
            violate(
                f"chunk {place} that one process wrote did not reach a reader in another "
                f"within {SOON_MS / 1000:g} s"
            )
    close_stream(writer, run_id, name)
    expect_whole(reading.wait(), chunks, "a reader in another process")
