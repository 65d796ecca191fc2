"""Crashes: readers beside a writer of large records that is killed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

import pytest

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from suites.conformance.answers import describe, field, maybe, shorten
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id
from suites.conformance.crashing import prepare_kill
from suites.conformance.forms import CRASH, decides
from suites.conformance.outcomes import sent
from suites.conformance.streaming import make_random
from suites.conformance.violations import Inconclusive, Violation, violate

_LARGE = 1 << 20
_READERS = 2
#: How many large records a writer writes, if it lives so long.
_RECORDS = 6
#: Each opens a process, and reads megabytes.
_MOST_KILLS = 12
#: How long after an answer a writer lives on at most, in seconds: a record or two take as long.
_LONGEST_PAUSE_S = 0.05
#: How long reads of large records may take on a busy machine, in seconds.
_PATIENCE_S = 60.0
#: How often the killer looks whether its time has come, in seconds.
_TICK_S = 0.001
_BRIEFLY = {"resolveData": "none"}


@decides("CRASH-ATOMIC-FILES", CRASH, cost=20)
def test_readers_never_meet_a_half_written_record(
    arena: Arena, request: pytest.FixtureRequest
) -> None:
    chance = make_random(request)
    site = arena.fresh_site()
    readers = [site.open() for _ in range(_READERS)]
    kills = min(arena.effort.kills, _MOST_KILLS)
    # The words for what is not there, asked while nobody writes.
    absent = readers[0].attempt(
        Call("steps.get", (arena.running_run(readers[0]), fresh_id("step"), _BRIEFLY))
    )
    hits = 0
    for _ in range(kills):
        arena.history.clear()
        writer = site.open()
        run_id = arena.running_run(writer)
        calls = [
            arena.events.step_created(run_id, fresh_id("step"), input=chance.randbytes(_LARGE))
            for _ in range(_RECORDS)
        ]
        scene = _Scene(arena, readers, writer, run_id, [_step_of(call) for call in calls])
        written = scene.play(calls, chance)
        _expect_readable(scene.looks, absent)
        hits += any(reply.lost for reply in written)
        _expect_records(readers[0], run_id, written)
    if not hits:
        raise Inconclusive(f"none of {kills} kills came amid a write")


class _Scene:
    """Readers that look again and again at what a writer writes, who is killed over it."""

    def __init__(
        self,
        arena: Arena,
        readers: Sequence[WorldClient],
        writer: WorldClient,
        run_id: str,
        step_ids: Sequence[str],
    ) -> None:
        self.looks: list[Reply] = []
        self._history = arena.history
        self._readers = readers
        self._writer = writer
        pagination = {} if writer.opened.shape == "py" else {"limit": 100}
        self._reads = [
            Call("events.list", ({"runId": run_id, "pagination": pagination, **_BRIEFLY},)),
            *[Call("steps.get", (run_id, step_id, _BRIEFLY)) for step_id in step_ids],
        ]

    def play(self, calls: Sequence[Call], chance: random.Random) -> list[Reply]:
        """Write until the writer is killed, a little after some calls were answered."""
        kill = prepare_kill(self._writer)
        wanted = self._count_answers() + chance.randrange(len(calls))
        pause_s = chance.uniform(0, _LONGEST_PAUSE_S)
        is_dead = threading.Event()

        def kill_amid() -> None:
            # Not by who looks: where a look takes longer than all the writes, it comes too late.
            deadline = time.monotonic() + _PATIENCE_S
            while self._count_answers() < wanted and time.monotonic() < deadline:
                time.sleep(_TICK_S)
            time.sleep(pause_s)
            kill()
            is_dead.set()

        def look_on() -> None:
            while not is_dead.is_set():
                self._look()
            self._look()

        others = [threading.Thread(target=act) for act in (kill_amid, look_on)]
        for other in others:
            other.start()
        replies = self._writer.pipeline(calls, limit_s=_PATIENCE_S)
        for other in others:
            other.join()
        return replies

    def _count_answers(self) -> int:
        return sum(reply.process == self._writer.number for reply in tuple(self._history))

    def _look(self) -> None:
        pendings = [reader.send_batch(self._reads, in_flight=2) for reader in self._readers]
        for reader, pending in zip(self._readers, pendings, strict=True):
            self.looks += reader.finish_batch(self._reads, pending.wait(_PATIENCE_S))


def _step_of(call: Call) -> str:
    return str(maybe(call.args, 1, "correlationId"))


def _expect_readable(replies: Sequence[Reply], absent: Reply) -> None:
    """See that every read was answered, or told that a step is not there, in the usual words."""
    if absent.failure is None:
        violate(f"a step that never was must be refused, but was answered: {describe(absent)}")
    for reply in replies:
        is_absent = reply.failure is not None and reply.failure.name == absent.failure.name
        if not reply.succeeded and not (is_absent and reply.call.method == "steps.get"):
            what = f"{reply.call.method} beside a writer of large records"
            _blame(f"{what} ended with {describe(reply)}", reply)


def _expect_records(reader: WorldClient, run_id: str, written: Sequence[Reply]) -> None:
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
