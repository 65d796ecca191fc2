"""Lifecycle: before the start, the start, the close, and who carries on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from harness.adapters.deliveries import ACK, retry_in
from harness.adapters.process import Lost, Pending
from harness.adapters.protocol import Call, Message
from harness.adapters.world import together
from suites.conformance.answers import describe, expect_success, field
from suites.conformance.arena import Arena
from suites.conformance.calls import fresh_id
from suites.conformance.forms import RACING, decides
from suites.conformance.queueing import (
    PATIENCE_S,
    App,
    Sent,
    mark_of,
    open_app,
    run_of,
    start,
    times,
)
from suites.conformance.violations import Inconclusive, violate

#: For how long nothing more may come before it is taken that nothing will.
_QUIET_S = 1.5
#: How long a handler works while the World is closed, in seconds.
_WORK_S = 1.5
#: How long close() may take once nothing is left to do, in seconds.
_CLOSE_S = 30.0
#: How long a process may take to end by itself, in seconds.
_EXIT_S = 10.0
#: How long a supervisor lets a process go on after it was told to end, in seconds.
_GRACE_S = 8.0
#: How long the next process may take to carry on, per effort; the clause allows a minute.
_HANDOVER_S = {"quick": 12.0, "standard": 60.0, "deep": 60.0}
#: The delay of what must not be waited for, in seconds.
_LONG_S = 600


@decides("LIFE-USABLE-BEFORE-START", cost=2)
def test_before_the_start_everything_works_but_deliveries(arena: Arena) -> None:
    app = open_app(arena, arena.fresh_site(), starts=False)
    world = app.world
    run_id = arena.running_run(world)
    step_id = arena.running_step(run_id, world)
    if field(arena.get_run(run_id, world), "status") != "running":
        violate("before start(), a run that was started is not running")
    if field(arena.get_step(run_id, step_id, world), "status") != "running":
        violate("before start(), a step that was started is not running")
    if world.has("streams.write"):
        _use_stream(app, run_id)
    sent = app.send(run_id)
    start(world)
    app.expect(sent, 1, PATIENCE_S, "a message queued before start() must be delivered after it")


def _use_stream(app: App, run_id: str) -> None:
    name = fresh_id("strm")
    expect_success(
        app.world.attempt(Call("streams.write", (run_id, name, b"chunk"))), "a stream write"
    )
    expect_success(app.world.attempt(Call("streams.close", (run_id, name))), "a stream close")
    reading = app.world.read(run_id, name, for_ms=5000)
    if reading.chunks != (b"chunk",):
        violate(f"before start(), a stream of one chunk is read as {len(reading.chunks)}")


@decides("LIFE-START-IDEMPOTENT", *RACING, cost=6)
def test_starting_again_changes_nothing(arena: Arena) -> None:
    arena.require("start")
    site = arena.fresh_site()
    apps = [open_app(arena, site, starts=False) for _ in range(arena.processes)]
    calls = [Call("start")] * (4 if len(apps) == 1 else 2)
    for replies in together([(app.world, calls) for app in apps]):
        for reply in replies:
            expect_success(reply, "each of several start() at once")
    for app in apps:
        expect_success(app.world.attempt(Call("start")), "start() of a World that was started")
    sents = apps[0].send_all(apps[0].new_runs(4))
    markers = [sent.marker for sent in sents]
    _await_each(apps, markers)
    for app in apps:
        app.stay_quiet(_QUIET_S / len(apps))
    came = Counter(mark_of(item) for app in apps for item in app.inbox.deliveries)
    most = max((came[marker] for marker in markers), default=0)
    if most > 1:
        violate(f"after several start() a message was delivered {times(most)}")
    if any(marker not in came for marker in markers):
        violate(f"after several start() a message was not delivered within {PATIENCE_S:g} s")


def _await_each(apps: Sequence[App], markers: Sequence[str]) -> None:
    """Wait until each message came to one of several processes."""
    left_s = PATIENCE_S
    while left_s > 0:
        came = {mark_of(item) for app in apps for item in app.inbox.deliveries}
        if came.issuperset(markers):
            return
        apps[0].stay_quiet(0.1)
        left_s -= 0.1


@decides("LIFE-CLOSE", cost=4)
def test_close_waits_for_handlers_at_work(arena: Arena) -> None:
    arena.require("close")
    app = open_app(arena, arena.fresh_site())
    sent = app.send(app.new_runs(1)[0], (None,))
    came = app.wait(sent, 1, PATIENCE_S)
    if not came:
        raise Inconclusive(f"no message was delivered within {PATIENCE_S:g} s")
    closing = _begin_close(app)
    app.stay_quiet(_WORK_S)
    app.release(app.of(sent))
    message = _end_close(closing)
    app.inbox.wait_for(lambda items: app.inbox.settled_at(came[0]) is not None, PATIENCE_S)
    early_ms = app.settled_ms(came[0]) - message.end
    if early_ms > 0:
        violate(f"close() resolved {early_ms:.0f} ms before the handler at work had ended")
    arena.record("close-duration", _round_up(message.end - app.settled_ms(came[0])))


@decides("LIFE-CLOSE", cost=5)
def test_after_close_the_process_ends(arena: Arena) -> None:
    arena.require("close")
    app = open_app(arena, arena.fresh_site())
    first, second, third = app.new_runs(3)
    consumed = app.send(first)
    deferred = app.send(second, (retry_in(_LONG_S), ACK))
    app.send(third, delaySeconds=_LONG_S)
    if app.wait_all([consumed, deferred], PATIENCE_S):
        raise Inconclusive(f"no message was delivered within {PATIENCE_S:g} s")
    app.stay_quiet(0.3)
    _end_close(_begin_close(app))
    again = app.world.attempt(Call("close"), limit_s=_CLOSE_S)
    if not again.succeeded:
        violate(f"a second close() must resolve too, but ended with {describe(again)}")
    if app.world.leave(_EXIT_S) is None:
        violate(f"after close() something kept the process alive for more than {_EXIT_S:g} s")


@decides("LIFE-CLOSE-HANDOVER", cost=60)
def test_what_was_not_done_at_close_comes_to_the_next_process(arena: Arena) -> None:
    arena.require("close")
    site = arena.fresh_site()
    first = open_app(arena, site)
    active = arena.running_run(first.world)
    messages = {
        "in flight for a run": first.send(active, (None,)),
        # The message alone carries such a run: nothing that looks for runs could find it.
        "in flight with a run of its own": first.send(fresh_id("wrun"), (None,)),
    }
    if first.wait_all(list(messages.values()), PATIENCE_S):
        raise Inconclusive(f"no message was delivered within {PATIENCE_S:g} s")
    messages["queued for later"] = first.send(fresh_id("wrun"), (None,), delaySeconds=3)
    _shut_down(first)
    second = open_app(arena, site)
    _expect_handover(arena, second, messages)


def _shut_down(app: App) -> None:
    """Close a World as a supervisor does: there is a grace, and then no more."""
    _begin_close(app).wait(_GRACE_S)
    app.world.kill()


def _expect_handover(arena: Arena, app: App, messages: dict[str, Sent]) -> None:
    within_s = _HANDOVER_S[arena.effort.id]
    wanted = {sent.run_id for sent in messages.values()}
    came = app.inbox.wait_for(lambda items: wanted <= {run_of(item) for item in items}, within_s)
    arrived = {run_of(item) for item in came}
    missing = [what for what, sent in messages.items() if sent.run_id not in arrived]
    if not missing:
        arena.record("handover-time", _round_up(max(item.at for item in came) - app.opened_ms))
        return
    told = (
        f"within {within_s:g} s the next process was not given a message that was at close() "
        f"{missing[0]}"
    )
    if arena.effort.id == "quick":
        raise Inconclusive(f"{told}; the clause allows a minute, --effort standard waits for it")
    violate(told)


@decides("LIFE-RECOVERY-SCOPE", cost=5)
def test_only_runs_that_are_not_over_are_woken_and_once_each(arena: Arena) -> None:
    arena.require("start")
    app = open_app(arena, arena.fresh_site(), starts=False)
    active, ended = _make_runs(arena, app)
    before = {run_id: len(arena.log(run_id, app.world)) for run_id in active}
    start(app.world)
    app.stay_quiet(2 * _QUIET_S)
    woken = Counter(run_of(item) for item in app.inbox.deliveries)
    for run_id, status in ended.items():
        if woken[run_id]:
            violate(f"start() woke a run that is {status}")
    for run_id, state in active.items():
        if woken[run_id] > 1:
            violate(f"start() woke a run that is {state} {times(woken[run_id])}")
        if len(arena.log(run_id, app.world)) != before[run_id]:
            violate(f"start() changed the log of a run that is {state}")
    arena.record("runs-woken-at-start", _describe_woken(active, woken))


def _make_runs(arena: Arena, app: App) -> tuple[dict[str, str], dict[str, str]]:
    """Create runs of all states; return those that are not over and those that are."""
    world, events = app.world, arena.events
    active: dict[str, str] = {}
    ended: dict[str, str] = {}
    for _ in range(2):
        active[arena.new_run(world)] = "pending"
        active[arena.running_run(world)] = "running"
        waiting = arena.running_run(world)
        arena.new_wait(waiting, world, in_s=3600)
        active[waiting] = "waiting"
        for status, end in (
            ("completed", events.run_completed),
            ("failed", events.run_failed),
            ("cancelled", events.run_cancelled),
        ):
            run_id = arena.running_run(world)
            arena.do(end(run_id), world)
            ended[run_id] = status
    return active, ended


def _describe_woken(active: dict[str, str], woken: Counter[str]) -> str:
    states = sorted({state for run_id, state in active.items() if woken[run_id]})
    return ", ".join(states) or "none"


def _begin_close(app: App) -> Pending:
    return app.world.process.send("call", method="close", args=[])


def _end_close(closing: Pending) -> Message:
    message = closing.wait(_CLOSE_S)
    if isinstance(message, Lost):
        violate(f"close() was not answered within {_CLOSE_S:g} s: {message.reason}")
    if message.error:
        violate(f"close() failed with {message.error.name}: {message.error.message}")
    return message


def _round_up(ms: float) -> str:
    """Return a time as text for a World's profile: roughly, so that it is stable."""
    for bound, text in ((1000, "under 1 s"), (5000, "under 5 s"), (15_000, "under 15 s")):
        if ms < bound:
            return text
    return "15 s or more"
