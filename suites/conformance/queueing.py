"""An app that a World delivers to, and messages of which every delivery can be told apart."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from harness.adapters.deliveries import ACK, Delivery, Fate, Inbox
from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from harness.certification.sites import Site
from harness.programs.ports import free_port
from suites.conformance.answers import expect_success, maybe
from suites.conformance.arena import Arena
from suites.conformance.calls import DEPLOYMENT, WORKFLOW, fresh_id
from suites.conformance.violations import violate

FLOW = "__wkf_workflow_"
STEP = "__wkf_step_"

#: How far two clocks of one machine (a timer, a server) may be apart, in ms.
CLOCKS_MS = 50
#: After so long without any delivery a World counts as slow beyond measure, in seconds.
PATIENCE_S = 30.0

#: What becomes of the deliveries of a message, one after another; the last for all further ones.
#: `None` holds a delivery until the check decides.
Plan = Sequence[Fate | None]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was queued."""

    #: Comes along in the message; nothing else has it.
    marker: str
    run_id: str
    reply: Reply


class App:
    """A process that has opened a World and serves what it delivers.

    Args:
        arena: The check's arena.
        world: The process.
        inbox: What is delivered to it.
        port: Where it serves.
    """

    def __init__(self, arena: Arena, world: WorldClient, inbox: Inbox, port: int) -> None:
        self.arena = arena
        self.world = world
        self.inbox = inbox
        self.port = port
        #: When it was opened, ms since 1970.
        self.opened_ms = time.time() * 1000
        self.topic = FLOW + WORKFLOW
        self._plans: dict[str, Plan] = {}
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()
        inbox.rule = self._decide

    def plan(self, plan: Plan, marker: str | None = None) -> str:
        """Say what becomes of the deliveries of a message that will be sent; return its marker."""
        marker = marker or fresh_id("mark")
        with self._lock:
            self._plans[marker] = plan
        return marker

    def write(self, run_id: str, marker: str, **options: Any) -> Call:
        """Make the call that queues a message for a run."""
        message = write_message(run_id, marker, self.arena.spec_version)
        return Call("queue", (self.topic, message, options))

    def send(self, run_id: str, plan: Plan = (ACK,), **options: Any) -> Sent:
        """Queue a message for a run, which the World must accept."""
        marker = self.plan(plan)
        reply = self.world.attempt(self.write(run_id, marker, **options))
        expect_success(reply, "queue()")
        return Sent(marker=marker, run_id=run_id, reply=reply)

    def send_all(self, run_ids: Sequence[str], plan: Plan = (ACK,)) -> list[Sent]:
        """Queue a message for each run, one right after the other."""
        markers = [self.plan(plan) for _ in run_ids]
        calls = [
            self.write(run_id, marker) for run_id, marker in zip(run_ids, markers, strict=True)
        ]
        replies = self.world.pipeline(calls)
        for reply in replies:
            expect_success(reply, "queue()")
        return [
            Sent(marker=marker, run_id=run_id, reply=reply)
            for marker, run_id, reply in zip(markers, run_ids, replies, strict=True)
        ]

    def new_runs(self, count: int) -> list[str]:
        """Create runs."""
        run_ids = [fresh_id("wrun") for _ in range(count)]
        events = self.arena.events
        for reply in self.world.pipeline([events.run_created(run_id) for run_id in run_ids]):
            expect_success(reply, "run_created")
        return run_ids

    def of(self, sent: Sent) -> tuple[Delivery, ...]:
        """Return the deliveries of a message so far."""
        return tuple(item for item in self.inbox.deliveries if mark_of(item) == sent.marker)

    def wait(self, sent: Sent, count: int, within_s: float) -> tuple[Delivery, ...]:
        """Wait for so many deliveries of a message, or until the time is over."""
        self.inbox.wait_for(
            lambda items: sum(mark_of(item) == sent.marker for item in items) >= count, within_s
        )
        return self.of(sent)

    def expect(self, sent: Sent, count: int, within_s: float, what: str) -> tuple[Delivery, ...]:
        """Wait for so many deliveries of a message, which must come."""
        came = self.wait(sent, count, within_s)
        if len(came) < count:
            told = f"came only {times(len(came))}" if came else "did not come"
            violate(f"{what}, but it {told} within {within_s:g} s")
        return came

    def wait_all(self, sents: Sequence[Sent], within_s: float) -> list[Sent]:
        """Wait until each of several messages came; return those that did not."""
        wanted = {sent.marker for sent in sents}
        came = self.inbox.wait_for(
            lambda items: wanted <= {mark_of(item) for item in items}, within_s
        )
        arrived = {mark_of(item) for item in came}
        return [sent for sent in sents if sent.marker not in arrived]

    def stay_quiet(self, for_s: float) -> None:
        """Go on receiving for some time."""
        self.inbox.wait_for(lambda items: False, for_s)

    def release(self, deliveries: Sequence[Delivery], decision: Fate = ACK) -> None:
        """Settle deliveries that were held."""
        for delivery in deliveries:
            self.inbox.decide(delivery, decision)

    def settled_ms(self, delivery: Delivery) -> float:
        """Return when the app was done with a delivery that another one followed."""
        return self.inbox.settled_at(delivery) or delivery.at

    def _decide(self, delivery: Delivery) -> Fate | None:
        marker = mark_of(delivery)
        with self._lock:
            plan = self._plans.get(marker)
            if plan is None:
                return ACK
            number = self._seen.get(marker, 0)
            self._seen[marker] = number + 1
        return plan[min(number, len(plan) - 1)]


def open_app(
    arena: Arena,
    site: Site,
    *,
    port: int | None = None,
    serves: bool = True,
    starts: bool = True,
    env: Mapping[str, str] | None = None,
) -> App:
    """Open a World in a process of its own, serve its queue, and start it.

    Args:
        arena: The check's arena.
        site: The storage.
        port: Where it serves; a free port by default.
        serves: Whether it serves at once; if not, `serve_late` does.
        starts: Whether it calls `start()`, where there is one.
        env: Environment beyond the description's.
    """
    port = port or free_port()
    world = site.open(port=port, env=env)
    inbox = world.serve(prefixes_of(arena), port) if serves else Inbox(world.process)
    app = App(arena, world, inbox, port)
    if starts:
        start(world)
    return app


def serve_late(app: App) -> None:
    """Begin to serve the queue of an app that was opened without."""
    app.world.operate("serve", prefixes=prefixes_of(app.arena), port=app.port)


def start(world: WorldClient) -> None:
    """Start a World, where it has a `start()`."""
    if world.has("start"):
        expect_success(world.attempt(Call("start")), "start()")


def prefixes_of(arena: Arena) -> list[str]:
    """Return what names of queues begin with on a line; steps have their own on line 4 only."""
    return [FLOW, STEP] if arena.line == "v4" else [FLOW]


def write_message(run_id: str, content: Any, spec_version: int) -> dict[str, Any]:
    """Return a message as the runtime sends it when it starts a run; `content` is its input."""
    return {
        "runId": run_id,
        "runInput": {
            "input": content,
            "deploymentId": DEPLOYMENT,
            "workflowName": WORKFLOW,
            "specVersion": spec_version,
        },
    }


def mark_of(delivery: Delivery) -> str:
    """Return the marker of a delivered message; empty for what no check queued."""
    marker = maybe(delivery.message, "runInput", "input")
    return marker if isinstance(marker, str) else ""


def run_of(delivery: Delivery) -> str:
    """Return the run that a delivered message is for."""
    return str(maybe(delivery.message, "runId") or "")


def times(count: int) -> str:
    """Say how often something happened."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def wait_until(condition: Callable[[], bool], inbox: Inbox, within_s: float) -> bool:
    """Wait until something is true that changes with what an inbox is told."""
    inbox.wait_for(lambda items: condition(), within_s)
    return condition()
