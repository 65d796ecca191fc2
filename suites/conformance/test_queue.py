"""Queue: what was accepted is delivered until a handler took it in peace."""

from __future__ import annotations

from typing import NoReturn

import msgspec

from harness.adapters.deliveries import ACK, ERROR, retry_in
from harness.adapters.protocol import Call
from suites.conformance.answers import is_refused
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL
from suites.conformance.forms import CRASH, decides
from suites.conformance.queueing import (
    PATIENCE_S,
    App,
    Sent,
    open_app,
    run_of,
    serve_late,
    times,
    wait_until,
)
from suites.conformance.retrying import (
    choose_patience,
    expect_again,
    fail_often,
    pursue,
    write_pauses,
)
from suites.conformance.violations import Inconclusive, NotApplicable, violate

#: How long a worker's death may go unnoticed, per effort: a lease of many minutes is no mistake.
_LEASE_S = {"quick": 15.0, "standard": 60.0, "deep": 660.0}


@decides("QUEUE-AT-LEAST-ONCE", cost=60)
def test_a_message_whose_handler_fails_comes_again(arena: Arena) -> None:
    patience = choose_patience(arena.effort)
    app = open_app(arena, arena.fresh_site())
    sent = app.send(app.new_runs(1)[0], fail_often(patience))
    found = pursue(app, sent, patience)
    arena.record("redelivery-pause", write_pauses(found.pauses) or "unknown")
    if not found.deliveries:
        violate(f"a message was not delivered within {found.silent_s:g} s")
    if found.silent_s and not found.pauses and arena.effort.id == "quick":
        raise Inconclusive(
            f"a message whose handler failed did not come again within {found.silent_s:g} s; a "
            "longer lease is allowed, --effort standard waits for it"
        )
    if found.silent_s:
        violate(
            f"a message whose handler failed {times(len(found.deliveries))} was not delivered "
            f"again within {found.silent_s:.0f} s"
            f", after pauses of {write_pauses(found.pauses) or 'unknown length'}"
        )


@decides("QUEUE-AT-LEAST-ONCE", cost=10)
def test_a_message_whose_connection_broke_comes_again(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site())
    run_id = app.new_runs(1)[0]
    app.world.operate("drop", connections=1)
    sent = app.send(run_id)
    wait_until(lambda: bool(app.inbox.dropped or app.of(sent)), app.inbox, PATIENCE_S)
    if not app.inbox.dropped:
        _explain_no_connection(app, sent)
    at_work = app.send(app.new_runs(1)[0], (None, ACK))
    if not app.wait(at_work, 1, PATIENCE_S):
        raise Inconclusive(f"no message was delivered within {PATIENCE_S:g} s")
    _cut_at_work(app, at_work)
    expect_again(
        app,
        {
            "a message whose connection broke": (sent, 1),
            "a message whose connection broke while its handler worked": (at_work, 2),
        },
        choose_patience(arena.effort),
    )


def _cut_at_work(app: App, sent: Sent) -> None:
    """Cut the connection of a delivery, and have its handler fail for that."""
    app.world.operate("unserve")
    app.release(app.of(sent), ERROR)
    serve_late(app)


def _explain_no_connection(app: App, sent: Sent) -> NoReturn:
    if app.of(sent):
        raise NotApplicable("this World delivers without a connection that could break")
    violate(f"a message was not delivered within {PATIENCE_S:g} s")


@decides("QUEUE-AT-LEAST-ONCE", cost=10)
def test_a_message_waits_for_a_server_that_is_not_up_yet(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site(), serves=False)
    sent = app.send(app.new_runs(1)[0])
    app.stay_quiet(1.5)
    serve_late(app)
    expect_again(
        app,
        {"a message that was queued before the server was up": (sent, 1)},
        choose_patience(arena.effort),
    )


@decides("QUEUE-AT-LEAST-ONCE", CRASH, cost=12)
def test_a_message_comes_again_when_its_worker_died(arena: Arena) -> None:
    site = arena.fresh_site()
    first = open_app(arena, site)
    run_id = arena.running_run(first.world)
    sent = first.send(run_id, (None,))
    if not first.wait(sent, 1, PATIENCE_S):
        raise Inconclusive(f"the first worker was given nothing within {PATIENCE_S:g} s")
    first.world.kill()
    second = open_app(arena, site)
    _expect_run(arena, second, sent)


def _expect_run(arena: Arena, app: App, sent: Sent) -> None:
    """See that a run comes again, with its message or woken by a World that looks for such runs."""
    within_s = 0.0 if _is_gone(app, sent) else _LEASE_S[arena.effort.id]
    came = app.inbox.wait_for(
        lambda items: any(run_of(item) == sent.run_id for item in items), within_s
    )
    if any(run_of(item) == sent.run_id for item in came):
        return
    if _is_gone(app, sent):
        violate("after the death of its worker neither the message nor its run is there any more")
    told = f"a message was not delivered again within {within_s:g} s after its worker had died"
    if arena.effort.id == "deep":
        violate(told)
    raise Inconclusive(f"{told}; a longer lease is allowed, --effort deep waits for it")


def _is_gone(app: App, sent: Sent) -> bool:
    return is_refused(app.world.attempt(Call("runs.get", (sent.run_id, ALL))))


@decides("QUEUE-ATTEMPT", cost=60)
def test_attempts_are_counted_from_one(arena: Arena) -> None:
    patience = msgspec.structs.replace(choose_patience(arena.effort), failures=3)
    app = open_app(arena, arena.fresh_site())
    runs = app.new_runs(3)
    app.world.operate("drop", connections=1)
    dropped = app.send(runs[0])
    wait_until(lambda: bool(app.inbox.dropped or app.of(dropped)), app.inbox, PATIENCE_S)
    app.world.operate("drop", connections=0)
    deferred = app.send(runs[1], (retry_in(1), ACK))
    failing = app.send(runs[2], (ERROR, ERROR, ERROR, ACK))
    found = pursue(app, failing, patience)
    if len(found.deliveries) < 2:
        raise Inconclusive("a message whose handler failed did not come again")
    attempts = [delivery.attempt for delivery in found.deliveries]
    wanted = list(range(1, len(attempts) + 1))
    if attempts != wanted:
        violate(
            f"a handler that failed {times(len(attempts) - 1)} must be told attempts "
            f"{', '.join(map(str, wanted))}, but was told {', '.join(map(str, attempts))}"
        )
    same = len({delivery.message_id for delivery in found.deliveries}) == 1
    arena.record("message-id-stays", "yes" if same else "no")
    arena.record("attempt-after-defer", _tell_attempt(app, deferred, 1))
    if app.inbox.dropped:
        arena.record("attempt-after-lost-connection", _tell_attempt(app, dropped, 0))


def _tell_attempt(app: App, sent: Sent, index: int) -> str:
    came = app.wait(sent, index + 1, 6)
    return str(came[index].attempt) if len(came) > index else "did not come again"
