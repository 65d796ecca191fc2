"""Steps: a retry does not start before its time."""

from __future__ import annotations

import math
import time
from datetime import datetime

from harness.adapters.values import decode
from harness.adapters.world import Reply
from suites.conformance.answers import describe, expect_refused, field
from suites.conformance.arena import Arena
from suites.conformance.forms import decides
from suites.conformance.outcomes import expect_logged, retry_at, sleep_until
from suites.conformance.violations import Inconclusive, violate

_TOO_EARLY = ("TooEarlyError",)
#: How long a step waits, in s; longer when the machine was too slow to look in time.
_WAITS_S = (1.3, 4.0, 12.0)
#: How far a server's clock may be from this machine's, in ms.
_CLOCKS_MS = 50
#: How long a start may go on being refused once its time has come, in s.
_LATE_S = 5.0


@decides("STEP-RETRY-AFTER", cost=3)
def test_a_step_does_not_start_before_its_time(arena: Arena) -> None:
    for wait_s in _WAITS_S:
        run_id = arena.running_run()
        step_id = arena.running_step(run_id)
        call, at = retry_at(arena, run_id, step_id, wait_s)
        arena.do(call)
        before = arena.log(run_id)
        early = arena.try_(arena.events.step_started(run_id, step_id))
        if early.end < at.timestamp() * 1000 - _CLOCKS_MS:
            break
    else:
        raise Inconclusive("the World or the machine was too slow to start a step early")
    what = "step_started before retryAfter"
    expect_refused(early, _TOO_EARLY, what)
    _expect_seconds(early, at)
    expect_logged(arena, run_id, before, what)
    attempt = field(arena.get_step(run_id, step_id), "attempt")
    if attempt != 1:
        violate(f"{what} was refused, but moved the attempt from 1 to {attempt}")
    _expect_start(arena, run_id, step_id, at)


def _expect_seconds(early: Reply, at: datetime) -> None:
    """See that a refusal says how many seconds remain, rounded up."""
    told = decode(early.failure.retry_after) if early.failure else None
    if isinstance(told, bool) or not isinstance(told, (int, float)):
        violate(f"TooEarlyError must carry the seconds that remain as retryAfter, not {told!r}")
    at_ms = at.timestamp() * 1000
    most = math.ceil((at_ms - early.start + _CLOCKS_MS) / 1000)
    least = math.ceil((at_ms - early.end - _CLOCKS_MS) / 1000)
    if not least <= told <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        violate(f"TooEarlyError must carry the {wanted} seconds that remain, but says {told:g}")


def _expect_start(arena: Arena, run_id: str, step_id: str, at: datetime) -> None:
    """See that a start is accepted from its time on."""
    sleep_until(at, and_ms=2 * _CLOCKS_MS)
    until = time.monotonic() + _LATE_S
    reply = arena.try_(arena.events.step_started(run_id, step_id))
    while not reply.succeeded and time.monotonic() < until:
        time.sleep(0.1)
        reply = arena.try_(arena.events.step_started(run_id, step_id))
    if not reply.succeeded:
        violate(f"a start {_LATE_S:g} s behind retryAfter ended with {describe(reply)}")
    attempt = field(reply.value, "step", "attempt")
    if attempt != 2:
        violate(f"the start behind retryAfter must be attempt 2, but is {attempt}")
