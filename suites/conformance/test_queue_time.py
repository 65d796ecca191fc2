"""Queue: when a message is delivered, and that a handler may take its time."""

from __future__ import annotations

from harness.adapters.deliveries import ACK, Fate, retry_in
from suites.conformance.answers import describe
from suites.conformance.arena import Arena
from suites.conformance.forms import decides
from suites.conformance.queueing import CLOCKS_MS, PATIENCE_S, Sent, open_app, times
from suites.conformance.violations import Inconclusive, violate

_DELAY_S = 2
#: Just over 25 days: in ms it does not fit into 31 bits.
_LONG_DELAY_S = 2_200_000
_AT_ONCE_S = 20.0
#: How often a handler defers in a row, and for how long the check goes on with it, per effort.
_DEFERRALS = {"quick": (12, 8.0), "standard": (60, 60.0), "deep": (240, 400.0)}
#: How long a handler works, per effort.
_WORK_S = {"quick": 3.0, "standard": 40.0, "deep": 360.0}


@decides("QUEUE-DELAY", cost=5)
def test_a_delayed_message_comes_when_its_time_has_come(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site())
    first, second = app.new_runs(2)
    marker = app.plan((ACK,))
    long = app.world.attempt(app.write(second, marker, delaySeconds=_LONG_DELAY_S))
    far = Sent(marker=marker, run_id=second, reply=long)
    soon = app.send(first, delaySeconds=_DELAY_S)
    came = app.expect(
        soon, 1, _DELAY_S + PATIENCE_S, f"a message delayed by {_DELAY_S} s must be delivered"
    )
    early_ms = soon.reply.start + _DELAY_S * 1000 - came[0].at
    if early_ms > CLOCKS_MS:
        violate(f"a message delayed by {_DELAY_S} s was delivered {early_ms:.0f} ms too early")
    app.stay_quiet(0.5)
    if app.of(far):
        after_ms = app.of(far)[0].at - long.start
        violate(f"a message delayed by 25 days was delivered after {after_ms:.0f} ms")
    if long.lost:
        violate(f"queue() with a delay of 25 days was never answered: {describe(long)}")


@decides("QUEUE-DEFER", cost=4)
def test_a_deferred_message_comes_again_after_the_time_that_was_asked_for(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site())
    first, second = app.new_runs(2)
    later = app.send(first, (retry_in(1), ACK))
    at_once = app.send(second, (retry_in(0), ACK))
    came = app.expect(later, 2, 1 + PATIENCE_S, "a message deferred by 1 s must come again")
    early_ms = app.settled_ms(came[0]) + 1000 - came[1].at
    if early_ms > CLOCKS_MS:
        violate(f"a message deferred by 1 s came again {early_ms:.0f} ms too early")
    app.expect(at_once, 2, _AT_ONCE_S, "a message deferred by 0 s must come again")


@decides("QUEUE-DEFER", cost=9)
def test_a_message_can_be_deferred_any_number_of_times(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site())
    wanted, budget_s = _DEFERRALS[arena.effort.id]
    # The shortest time that no World takes for "not at all".
    pause = Fate("retry", 0.05)
    plan = [*[pause] * wanted, ACK]
    sent = app.send(app.new_runs(1)[0], plan)
    count = len(app.wait(sent, wanted + 1, budget_s))
    if count <= wanted and len(app.wait(sent, count + 1, _AT_ONCE_S)) <= count:
        violate(
            f"a message that was deferred {times(count)} in a row did not come again "
            f"within {_AT_ONCE_S:g} s"
        )


@decides("QUEUE-NO-FALSE-REDELIVERY", cost=45)
def test_a_handler_that_works_long_is_not_called_again_meanwhile(arena: Arena) -> None:
    work_s = _WORK_S[arena.effort.id]
    app = open_app(arena, arena.fresh_site())
    sent = app.send(app.new_runs(1)[0], (None,))
    if not app.wait(sent, 1, PATIENCE_S):
        raise Inconclusive(f"no message was delivered within {PATIENCE_S:g} s")
    came = app.wait(sent, 2, work_s)
    app.release(came)
    arena.record("handler-time-covered", f"{work_s:g} s")
    if len(came) > 1:
        after_s = (came[1].at - came[0].at) / 1000
        violate(
            f"a message was delivered a second time after {after_s:.1f} s, while its handler was "
            "still at work; a limit that can be configured may be raised with --env"
        )
    app.stay_quiet(0.5)
    if len(app.of(sent)) > 1:
        violate(f"a message that its handler consumed after {work_s:g} s was delivered again")
