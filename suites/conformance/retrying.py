"""Following a message whose handler fails again and again, at the pace that the World chooses."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence

import msgspec

from harness.adapters.deliveries import ACK, ERROR, Delivery
from suites.conformance.efforts import Effort
from suites.conformance.queueing import App, Plan, Sent
from suites.conformance.violations import Inconclusive, violate


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long a World is followed.

    A pause that was seen tells how long the next may be: a World may wait four times as long as
    its pauses, going on growing as they did, would have it.
    """

    #: How many failures at most.
    failures: int
    #: How long the first redelivery is waited for: nobody knows the World's pauses then, s.
    first_s: float
    #: How long a World with short pauses may be silent before its message counts as lost, s.
    silence_s: float
    #: Pauses that would lead beyond this time are not waited for, s.
    budget_s: float


def choose_patience(effort: Effort) -> Patience:
    """Return how long a World is followed at an effort."""
    match effort.id:
        case "quick":
            return Patience(failures=4, first_s=15, silence_s=15, budget_s=8)
        case "standard":
            return Patience(failures=6, first_s=330, silence_s=60, budget_s=60)
    return Patience(failures=12, first_s=930, silence_s=120, budget_s=900)


class Pursuit(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a message whose handler failed."""

    deliveries: tuple[Delivery, ...]
    #: Between the failure and the next delivery, s.
    pauses: tuple[float, ...]
    #: How long the World had been silent when it was given up; 0 when it never was.
    silent_s: float


def pursue(app: App, sent: Sent, patience: Patience) -> Pursuit:
    """Follow a message until it was consumed, is lost, or the budget does not reach further.

    Its plan must fail as often as wanted and then consume it.
    """
    began = time.monotonic()
    while True:
        came = app.of(sent)
        pauses = _measure(app, came)
        predicted = _predict(pauses)
        over_budget = time.monotonic() - began + predicted > patience.budget_s
        if len(came) > patience.failures or (len(came) > 1 and over_budget):
            return Pursuit(deliveries=came, pauses=pauses, silent_s=0)
        limit_s = max(patience.silence_s, 4 * predicted) if pauses else patience.first_s
        if len(app.wait(sent, len(came) + 1, limit_s)) <= len(came):
            return Pursuit(deliveries=came, pauses=pauses, silent_s=limit_s)


def fail_often(patience: Patience) -> Plan:
    """Return the plan of a handler that fails as often as is followed, and then succeeds."""
    return [*[ERROR] * patience.failures, ACK]


def expect_again(app: App, lost: Mapping[str, tuple[Sent, int]], patience: Patience) -> None:
    """See that messages come whose delivery was prevented.

    How long that may take is told by a message whose handler fails once: a World that is quick to
    repeat that one would be quick with the others. Without it, silence proves nothing: a lease may
    last for minutes.

    Args:
        app: Where they must come.
        lost: What must come -> the message, and how many deliveries of it there must be.
        patience: How long the World is followed.
    """
    yardstick = app.send(app.new_runs(1)[0], (ERROR, ACK))
    began = time.monotonic()
    pauses = _measure(app, app.wait(yardstick, 2, patience.first_s))
    limit_s = max(patience.silence_s, 4 * pauses[0]) if pauses else 0.0
    for what, (sent, count) in lost.items():
        left_s = max(0.0, limit_s - (time.monotonic() - began))
        if len(app.wait(sent, count, left_s)) >= count:
            continue
        if not pauses:
            raise Inconclusive(
                f"{what} did not come within {patience.first_s:g} s; but neither did one whose "
                "handler had failed"
            )
        violate(
            f"{what} must come, but did not within {limit_s:.0f} s; one whose handler had failed "
            f"came again after {pauses[0]:.1f} s"
        )


def write_pauses(pauses: Sequence[float]) -> str:
    """Return pauses as text for a World's profile: rounded, so that it is stable."""
    return ", ".join(f"{pause:.0f} s" if pause >= 0.5 else "none" for pause in pauses)


def _measure(app: App, came: Sequence[Delivery]) -> tuple[float, ...]:
    return tuple(
        max(0.0, (later.at - app.settled_ms(earlier)) / 1000)
        for earlier, later in itertools.pairwise(came)
    )


def _predict(pauses: Sequence[float]) -> float:
    if not pauses:
        return 0.0
    growth = pauses[-1] / pauses[-2] if len(pauses) > 1 and pauses[-2] > 0.1 else 1.0
    return pauses[-1] * max(1.0, growth)
