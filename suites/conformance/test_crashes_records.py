"""Crashes: readers beside a writer of large records that is killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import NoReturn

import pytest

from harness.adapters.process import Pending
from harness.adapters.protocol import Call
from harness.adapters.world import Reply, World
from suites.conformance.answers import describe, field, maybe, shorten
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id
from suites.conformance.forms import CRASH, decides
from suites.conformance.outcomes import sent
from suites.conformance.streaming import make_random
from suites.conformance.violations import Inconclusive, Violation, violate

_LARGE = 1 << 20
_READERS = 2
#: How many large records a writer writes, if it lives so long.
_RECORDS = 6
#: Each opens a process, and reads megabytes.
_MOST_KILLS = 40
#: How often a reader looks at the log and at a step.
_LOOKS = 20
#: How long reads of large records may take on a busy machine, in seconds.
_PATIENCE_S = 60.0
_BRIEFLY = {"resolveData": "none"}


@decides("CRASH-ATOMIC-FILES", CRASH, cost=20)
def test_readers_never_meet_a_half_written_record(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    chance = make_random(request)
    site = arena.fresh_site()
    readers = [site.open() for _ in range(_READERS)]
    kills = min(arena.effort.kills, _MOST_KILLS)
    took_s, hits = 0.2, 0
    for _ in range(kills):
        arena.history.clear()
        writer = site.open()
        run_id = arena.running_run(writer)
        calls = [
            arena.events.step_created(run_id, fresh_id("step"), input=chance.randbytes(_LARGE))
            for _ in range(_RECORDS)
        ]
        reading = [_begin_to_read(reader, run_id, calls) for reader in readers]
        begun = time.monotonic()
        written = _write_until_killed(writer, calls, chance.uniform(0, took_s))
        took_s = max(0.05, time.monotonic() - begun)
        for reader, (reads, pending) in zip(readers, reading, strict=True):
            _expect_readable(reader.finish_batch(reads, pending.wait(_PATIENCE_S)))
        hits += any(reply.lost for reply in written)
        _expect_records(readers[0], run_id, written)
    if not hits:
        raise Inconclusive(f"none of {kills} kills came amid a write")


def _begin_to_read(reader: World, run_id: str, calls: Sequence[Call]) -> tuple[list[Call], Pending]:
    """Have a reader look at everything that is being written, again and again."""
    reads = [Call("steps.get", (run_id, fresh_id("step"), _BRIEFLY))]
    pagination = {} if reader.opened.shape == "py" else {"limit": 100}
    listing = Call("events.list", ({"runId": run_id, "pagination": pagination, **_BRIEFLY},))
    for look in range(_LOOKS):
        step_id = _step_of(calls[look % _RECORDS])
        reads += [listing, Call("steps.get", (run_id, step_id, _BRIEFLY))]
    return reads, reader.send_batch(reads, in_flight=2)


def _step_of(call: Call) -> str:
    return str(maybe(call.args, 1, "correlationId"))


def _write_until_killed(writer: World, calls: Sequence[Call], in_s: float) -> list[Reply]:
    """Write records until the writer is killed; return how each call ended."""
    killer = threading.Timer(in_s, writer.kill)
    killer.start()
    replies = writer.pipeline(calls, limit_s=_PATIENCE_S)
    killer.join()
    return replies


def _expect_readable(replies: Sequence[Reply]) -> None:
    """See that every read was answered, or told that a step is not there, in the usual words."""
    absent, *looks = replies
    if absent.failure is None:
        violate(f"a step that never was must be refused, but was answered: {describe(absent)}")
    for reply in looks:
        is_absent = reply.failure is not None and reply.failure.name == absent.failure.name
        if not reply.succeeded and not (is_absent and reply.call.method == "steps.get"):
            what = f"{reply.call.method} beside a writer of large records"
            _blame(f"{what} ended with {describe(reply)}", reply)


def _expect_records(reader: World, run_id: str, written: Sequence[Reply]) -> None:
    """See that each record that was answered is there, and none in part."""
    pagination = {} if reader.opened.shape == "py" else {"limit": 100}
    page = reader.events.list({"runId": run_id, "pagination": pagination, **_BRIEFLY})
    logged = {maybe(event, "correlationId") for event in field(page, "data")}
    for reply in written:
        step_id = _step_of(reply.call)
        found = reader.attempt(Call("steps.get", (run_id, step_id, ALL)))
        if found.succeeded and maybe(found.value, "input") != sent(reply, "input"):
            told = shorten(maybe(found.value, "input"), 40)
            _blame(f"of a record of {_LARGE} bytes whose writer was killed, {told} is there", found)
        if reply.succeeded and not (found.succeeded and step_id in logged):
            _blame("a record that was answered before its writer was killed is not there", found)


def _blame(message: str, reply: Reply) -> NoReturn:
    violation = Violation(message)
    violation.witness = [reply]
    raise violation
