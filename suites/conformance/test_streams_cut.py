"""Streams: a reader that was cut off from the store does not take that for the end."""

from __future__ import annotations

import time

import pytest

from harness.adapters.world import PendingReading
from harness.certification.sites import Site
from suites.conformance.arena import Arena
from suites.conformance.crashing import require_server
from suites.conformance.forms import CRASH, decides
from suites.conformance.streaming import (
    close_call,
    fresh_stream,
    make_chunks,
    make_random,
    tell_difference,
    write_all,
    write_call,
)
from suites.conformance.violations import Inconclusive, violate

#: How long a reader may take to notice that it was cut off, or to go on, once the stream is closed.
_LIMIT_MS = 30_000
#: How often a call is repeated that suffered from the cut.
_REPEATS = 20
_PAUSE_S = 0.25
_MOST_CUTS = 12


@decides("STREAM-NO-FALSE-END", CRASH, cost=15)
def test_a_cut_never_looks_like_the_end(arena: Arena, request: pytest.FixtureRequest) -> None:
    require_server(arena)
    chance = make_random(request)
    site = arena.fresh_site()
    cuts = min(arena.effort.kills, _MOST_CUTS)
    hits = 0
    for number in range(cuts):
        arena.history.clear()
        reader, writer = site.open(), site.open()
        run_id, name = arena.running_run(writer), fresh_stream()
        write_all(writer, run_id, name, make_chunks(30, chance, largest=1 << 14))
        arena.history.clear()
        # By turns, the reader is still busy with what is there, or waits for more.
        pending = reader.start_reading(run_id, name, for_ms=_LIMIT_MS)
        time.sleep(chance.uniform(0, 0.05) if number % 2 else 0.3)
        hits += site.cut_connections() > 0
        writer.kill()
        _write_the_rest(site, run_id, name)
        _judge(pending, site, run_id, name)
        reader.kill()
    if not hits:
        raise Inconclusive(f"none of {cuts} cuts found a connection")


def _write_the_rest(site: Site, run_id: str, name: str) -> None:
    """Write more and close the stream, by a process that knows nothing of the cut."""
    writer = site.open()
    for call in (write_call(run_id, name, b"after the cut"), close_call(run_id, name)):
        for _ in range(_REPEATS):
            if writer.attempt(call).succeeded:
                break
            time.sleep(_PAUSE_S)
        else:
            raise Inconclusive(f"{call.method} did not succeed after the cut")
    writer.kill()


def _judge(pending: PendingReading, site: Site, run_id: str, name: str) -> None:
    fresh = site.open()
    whole = fresh.read(run_id, name, for_ms=_LIMIT_MS)
    fresh.kill()
    if not whole.done:
        raise Inconclusive("a stream whose readers were cut off cannot be read by another process")
    reading = pending.wait()
    given, chunks = list(reading.chunks), list(whole.chunks)
    if reading.failure is not None or reading.lost:
        if given != chunks[: len(given)]:
            violate(f"a reader that was cut off {tell_difference(given, chunks)}, then an error")
        return
    if reading.done and given != chunks:
        violate(f"a reader that was cut off {tell_difference(given, chunks)}, and then the end")
    if not reading.done:
        violate(
            f"a reader that was cut off {tell_difference(given, chunks)}, and within "
            f"{_LIMIT_MS / 1000:g} s neither an error nor the end"
        )
