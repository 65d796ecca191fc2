"""Crashes: a worker dies over a message, and another one is given it."""

from __future__ import annotations

import time

from harness.adapters.deliveries import Delivery
from harness.adapters.protocol import Call
from suites.conformance.answers import is_refused
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL
from suites.conformance.forms import CRASH, decides
from suites.conformance.queueing import PATIENCE_S, App, Sent, mark_of, open_app, run_of
from suites.conformance.violations import Inconclusive, violate

#: How long a worker's death may go unnoticed: as long as a handover may take; much longer where
#: there is time for it, because a lease of minutes is a bound, too.
_BOUND_S = {"quick": 20.0, "standard": 60.0, "deep": 660.0}
#: How long a process that starts is given to show that it wakes what was lying there, in seconds.
_START_S = 15.0


@decides("CRASH-WAKE", CRASH, cost=50)
def test_a_message_whose_worker_died_reaches_another(arena: Arena) -> None:
    site = arena.fresh_site()
    several = arena.subject.processes == "several"
    apps = [open_app(arena, site) for _ in range(2 if several else 1)]
    run_id = arena.running_run(apps[0].world)
    marker = apps[0].plan((None,))
    for app in apps:
        app.plan((None,), marker)
    reply = apps[0].world.attempt(apps[0].write(run_id, marker))
    sent = Sent(marker=marker, run_id=run_id, reply=reply)
    holder = _find_holder(apps, sent)
    if holder is None:
        raise Inconclusive(f"a message was given to no worker within {PATIENCE_S:g} s")
    holder.world.kill()
    died = time.monotonic()
    survivor = next((app for app in apps if app is not holder), None)
    if survivor is None:
        # The World claims no second process: the next one takes the place of the dead.
        survivor = open_app(arena, site)
    bound_s = _BOUND_S[arena.effort.id]
    if _wait_for_run(survivor, sent, bound_s):
        arena.record("wake-time", f"{_round(time.monotonic() - died)} s")
        return
    arena.record("wake-time", f"more than {bound_s:g} s")
    _explain_sleep(arena, survivor, sent, open_app(arena, site) if several else None)


def _find_holder(apps: list[App], sent: Sent) -> App | None:
    """Return who was given a message first."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for app in apps:
            if any(mark_of(item) == sent.marker for item in app.inbox.deliveries):
                return app
        time.sleep(0.02)
    return None


def _wait_for_run(app: App, sent: Sent, within_s: float) -> bool:
    """Wait until a worker is given a message, or its run is woken in another way."""

    def came(items: tuple[Delivery, ...]) -> bool:
        return any(run_of(item) == sent.run_id for item in items)

    return came(app.inbox.wait_for(came, within_s))


def _explain_sleep(arena: Arena, survivor: App, sent: Sent, started: App | None) -> None:
    """Say what it means that nobody was given a message for so long."""
    told = (
        f"a message whose worker was killed was not given to another within "
        f"{_BOUND_S[arena.effort.id]:g} s"
    )
    if is_refused(survivor.world.attempt(Call("runs.get", (sent.run_id, ALL)))):
        violate("after the death of its worker neither the message nor its run is there any more")
    if arena.effort.id == "deep":
        violate(told)
    if started is not None and arena.effort.id != "quick" and _comes_now([started, survivor], sent):
        violate(f"{told}, although one was at work; it came once a third process was started")
    raise Inconclusive(f"{told}; the contract names no time, --effort deep waits for 660 s")


def _comes_now(apps: list[App], sent: Sent) -> bool:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if any(_wait_for_run(app, sent, 0.05) for app in apps):
            return True
    return False


def _round(seconds: float) -> float:
    """Return a time as exactly as is worth telling."""
    return round(seconds, 1 if seconds < 10 else 0)
