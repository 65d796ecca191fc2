"""Streams: pages of chunks, what is known of a stream, and which streams a run has."""

from __future__ import annotations

from typing import Any

import pytest

from suites.conformance.answers import field, maybe, shorten
from suites.conformance.arena import Arena
from suites.conformance.forms import decides
from suites.conformance.streaming import (
    chunks_of,
    close_stream,
    fresh_stream,
    make_chunks,
    make_random,
    read_from,
    tell_difference,
    walk_chunks,
    write_all,
    write_call,
    write_stream,
)
from suites.conformance.violations import violate

#: How long a reader of somebody else's stream is given to find it.
_GLANCE_MS = 500
_DEFAULT_LIMIT = 100


@decides("STREAM-CHUNKS", cost=2)
def test_pages_leave_nothing_out_and_repeat_nothing(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    arena.require("streams.getChunks")
    chunks = make_chunks(arena.effort.scaled(250, least=60), make_random(request))
    run_id = arena.running_run()
    name = write_stream(arena.world, run_id, chunks)
    for limit in (7, 1000):
        pages = walk_chunks(arena.world, run_id, name, limit)
        if (told := chunks_of(pages)) != chunks:
            violate(f"who pages through a stream by {limit} {tell_difference(told, chunks)}")
    live = read_from(arena.world, run_id, name).wait()
    if list(live.chunks) != chunks:
        violate(f"pages show all chunks, but a reader {tell_difference(live.chunks, chunks)}")


@decides("STREAM-CHUNKS", cost=2)
def test_a_page_has_a_hundred_chunks_unless_told_otherwise(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    arena.require("streams.getChunks")
    chunks = make_chunks(_DEFAULT_LIMIT + 5, make_random(request), largest=16)
    run_id = arena.running_run()
    name = write_stream(arena.world, run_id, chunks)
    pages = walk_chunks(arena.world, run_id, name, None)
    sizes = [len(field(page, "data")) for page in pages]
    if sizes != [_DEFAULT_LIMIT, 5]:
        violate(f"without a limit, {len(chunks)} chunks come in pages of {sizes}, not 100 and 5")
    one = arena.world.streams.get_chunks(run_id, name, {"limit": 1})
    if len(field(one, "data")) != 1:
        violate(f"a page of one chunk has {len(field(one, 'data'))}")


@decides("STREAM-CHUNKS")
def test_pages_are_done_once_the_stream_is_closed(arena: Arena) -> None:
    arena.require("streams.getChunks")
    run_id, name = arena.running_run(), fresh_stream()
    _expect_done(arena, run_id, name, False, "an unknown stream")
    write_all(arena.world, run_id, name, [b"one", b"two"])
    _expect_done(arena, run_id, name, False, "an open stream")
    close_stream(arena.world, run_id, name)
    _expect_done(arena, run_id, name, True, "a closed stream")


def _expect_done(arena: Arena, run_id: str, name: str, done: bool, what: str) -> None:
    page = arena.world.streams.get_chunks(run_id, name, {"limit": 10})
    if field(page, "done") is not done:
        violate(f"the last page of {what} must have done {done}, but is {shorten(page)}")


@decides("STREAM-CHUNKS")
def test_pages_beside_a_writer_show_what_is_there(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    arena.require("streams.getChunks")
    world = arena.world
    chunks = make_chunks(arena.effort.scaled(100, least=30), make_random(request))
    run_id, name = arena.running_run(), fresh_stream()
    calls = [write_call(run_id, name, chunk) for chunk in chunks]
    writing = world.send_batch(calls, in_flight=1)
    known = 0
    for _ in range(10):
        pages = walk_chunks(world, run_id, name, 9)
        told = chunks_of(pages)
        if told != chunks[: len(told)]:
            violate(f"who pages beside a writer {tell_difference(told, chunks[: len(told)])}")
        if len(told) < known:
            violate(f"pages showed {known} chunks, and later only {len(told)}")
        if maybe(pages[-1], "done"):
            violate("pages of an open stream say that it is closed")
        known = len(told)
    for reply in world.finish_batch(calls, writing.wait(60)):
        if not reply.succeeded:
            violate(f"a write beside pages must be accepted, but was not: {reply.failure}")
    if (told := chunks_of(walk_chunks(world, run_id, name, 9))) != chunks:
        violate(f"who pages after the last write {tell_difference(told, chunks)}")
    close_stream(world, run_id, name)


@decides("STREAM-INFO")
def test_the_info_of_a_stream_is_its_last_index_and_its_end(arena: Arena) -> None:
    arena.require("streams.getInfo")
    world = arena.world
    run_id, name = arena.running_run(), fresh_stream()
    _expect_info(arena, run_id, name, (-1, False), "a stream that nobody wrote to")
    write_all(world, run_id, name, [b"one"])
    _expect_info(arena, run_id, name, (0, False), "an open stream of one chunk")
    write_all(world, run_id, name, [b"two", b"three"])
    _expect_info(arena, run_id, name, (2, False), "an open stream of 3 chunks")
    close_stream(world, run_id, name)
    _expect_info(arena, run_id, name, (2, True), "a closed stream of 3 chunks")
    empty = write_stream(world, run_id, [])
    _expect_info(arena, run_id, empty, (-1, True), "a stream closed without a chunk")


def _expect_info(
    arena: Arena, run_id: str, name: str, expected: tuple[int, bool], what: str
) -> None:
    info = arena.world.streams.get_info(run_id, name)
    told = (field(info, "tailIndex"), field(info, "done"))
    if told != expected:
        violate(f"{what} must have tailIndex and done {expected}, but has {told}")


@decides("STREAM-LIST")
def test_a_run_lists_the_streams_that_it_wrote_or_closed(arena: Arena) -> None:
    arena.require("streams.list")
    world = arena.world
    runs = {arena.running_run(): [fresh_stream() for _ in range(3)] for _ in range(2)}
    for run_id, names in runs.items():
        _expect_list(arena, run_id, [])
        write_all(world, run_id, names[0], [b"one", b"two"])
        write_all(world, run_id, names[1], [b"one"])
        close_stream(world, run_id, names[1])
        close_stream(world, run_id, names[2])
    for run_id, names in runs.items():
        _expect_list(arena, run_id, names)


@decides("STREAM-LIST")
def test_streams_begun_at_once_are_all_listed(arena: Arena) -> None:
    arena.require("streams.list")
    for _ in range(min(arena.effort.rounds, 10)):
        run_id = arena.running_run()
        names = [fresh_stream() for _ in range(8)]
        calls = [write_call(run_id, name, b"one") for name in names]
        for reply in arena.world.together(*calls):
            if not reply.succeeded:
                violate(f"one of 8 streams begun at once was refused: {reply.failure}")
        _expect_list(arena, run_id, names)


def _expect_list(arena: Arena, run_id: str, names: list[str]) -> None:
    told: Any = arena.world.streams.list(run_id)
    if not isinstance(told, list) or sorted(map(str, told)) != sorted(names):
        count = len(told) if isinstance(told, list) else shorten(told)
        missing = [name for name in names if name not in told]
        violate(
            f"a run with {len(names)} streams lists {count}"
            + (f", without {len(missing)} of its own" if missing else "")
        )


@decides("STREAM-LIST")
def test_whether_runs_share_the_names_of_streams(arena: Arena) -> None:
    arena.require("streams.list")
    owner, other = arena.running_run(), arena.running_run()
    name = write_stream(arena.world, owner, [b"one"])
    reading = arena.world.read(other, name, for_ms=_GLANCE_MS)
    scope = "all runs share a name" if reading.chunks else "each run has its own"
    arena.record("stream-name-scope", scope)
