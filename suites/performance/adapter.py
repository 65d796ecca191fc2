"""Overhead of an adapter: empty calls per second, and `events.create` through and inside it."""

from __future__ import annotations

import time
from collections import deque
from statistics import median

import msgspec

from harness.adapters.process import Pending
from harness.adapters.protocol import Call
from harness.adapters.world import WorldClient
from harness.certification.sites import Ground
from harness.contract.clauses import assume_spec_version
from suites.conformance.calls import EventCalls, fresh_id

_EMPTY_CALLS = 40_000
_CREATES = 1_500
_IN_FLIGHT = 16
_BLOCKS = 5
_LIMIT_S = 120


class AdapterCost(msgspec.Struct, frozen=True):
    """Rate of `events.create` with 16 in flight, in calls per second: medians over blocks."""

    through: float
    inside: float

    @property
    def share(self) -> float:
        """How much slower calls through the adapter are, as a share of the rate inside it."""
        return 1 - self.through / self.inside


def count_empty_calls(ground: Ground) -> float:
    """Return how many pipelined empty calls per second an adapter answers."""
    with ground.site() as site:
        process = site.open().process
        rates = []
        for _ in range(_BLOCKS):
            began = time.perf_counter()
            for pending in process.send_all([("ping", {})] * _EMPTY_CALLS):
                pending.wait(_LIMIT_S)
            rates.append(_EMPTY_CALLS / (time.perf_counter() - began))
        return median(rates)


def measure_creates(ground: Ground) -> AdapterCost:
    """Create events through and inside the adapter in turns, with 16 in flight each."""
    with ground.site() as site:
        world = site.open()
        events = EventCalls(assume_spec_version(world.opened.stated_version))
        _create_inside(world, events)
        through, inside = [], []
        for _ in range(_BLOCKS):
            through.append(_create_through(world, events))
            inside.append(_create_inside(world, events))
        return AdapterCost(median(through), median(inside))


def _create_through(world: WorldClient, events: EventCalls) -> float:
    calls = _make_calls(world, events)
    began = time.perf_counter()
    flying: deque[Pending] = deque()
    for call in calls:
        if len(flying) == _IN_FLIGHT:
            flying.popleft().wait(_LIMIT_S)
        flying.append(world.send_call(call))
    for pending in flying:
        pending.wait(_LIMIT_S)
    return len(calls) / (time.perf_counter() - began)


def _create_inside(world: WorldClient, events: EventCalls) -> float:
    calls = _make_calls(world, events)
    pending = world.send_batch(calls, in_flight=_IN_FLIGHT)
    replies = world.finish_batch(calls, pending.wait(_LIMIT_S))
    assert all(reply.succeeded for reply in replies)
    elapsed_ms = max(reply.end for reply in replies) - min(reply.start for reply in replies)
    return len(calls) / elapsed_ms * 1000


def _make_calls(world: WorldClient, events: EventCalls) -> list[Call]:
    run_id = fresh_id("wrun")
    for call in (events.run_created(run_id), events.run_started(run_id)):
        assert world.attempt(call).succeeded
    return [events.step_created(run_id, fresh_id("step")) for _ in range(_CREATES)]
