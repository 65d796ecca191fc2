"""Processes that are killed, and connections that are cut, in the midst of many kinds of calls."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from harness.certification.sites import Site
from harness.errors import ServiceError
from harness.programs.commands import list_tree
from suites.conformance.answers import maybe
from suites.conformance.arena import Arena
from suites.conformance.calls import fresh_id, fresh_token
from suites.conformance.outcomes import has_attributes, has_lazy_start
from suites.conformance.violations import Inconclusive, NotApplicable

#: How often a process makes its calls, at least and below, before the kill.
_ROUNDS_OF_LIFE = (1, 6)
#: How long a process works at most before its connections are cut, in seconds.
_LONGEST_LIFE_S = 0.12
#: How long a process makes calls of one kind at most before it is killed, in seconds.
_LONGEST_SERIES_S = 0.08
#: A kill or cut that comes between calls is tried again; so many in all for each that is wanted.
_TRIES = 3
#: How long the cutting itself may take, in seconds.
_CUT_S = 30.0


class Life:
    """What a process did until a fault ended it, with calls of every kind on a run of its own.

    Each kind of thing is created, and moved on once it is known to be there; so whatever is lost
    is the only open call on its thing.

    Args:
        arena: The check's arena.
        world: The process.
        chance: Orders the calls.
    """

    def __init__(self, arena: Arena, world: WorldClient, chance: random.Random) -> None:
        self.run_id = arena.running_run(world)
        self.replies: list[Reply] = []
        #: Ids of what was asked for, known to be there or not; hooks with their tokens.
        self.step_ids: list[str] = []
        self.tokens: dict[str, str] = {}
        self.child_ids: list[str] = []
        self._arena = arena
        self._world = world
        self._chance = chance
        #: Step -> what comes next.
        self._pending: list[str] = []
        self._running: list[str] = []
        self._waiting: list[str] = []
        self._hooks: list[str] = []
        self._children: list[str] = []

    @property
    def lost(self) -> list[Reply]:
        """The calls of which nobody knows whether they happened: none was wrong."""
        return [reply for reply in self.replies if not reply.succeeded]

    def go_on(self) -> list[Reply]:
        """Make a few calls of every kind without waiting in between."""
        calls = [*self._create(), *self._move_on()]
        self._chance.shuffle(calls)
        replies = self._world.pipeline(calls)
        self.replies.extend(replies)
        for reply in replies:
            if reply.succeeded:
                self._learn(reply)
        return replies

    def about(self, name: str) -> list[Reply]:
        """Return the calls that were about one step, hook, wait, attribute change or run."""
        return [
            reply
            for reply in self.replies
            if (maybe(reply.call.args, 1, "correlationId") or reply.call.args[0]) == name
        ]

    def _create(self) -> Iterator[Call]:
        events = self._arena.events
        for _ in range(3):
            self.step_ids.append(fresh_id("step"))
            yield events.step_created(self.run_id, self.step_ids[-1])
        if has_lazy_start(self._arena):
            self.step_ids.append(fresh_id("step"))
            yield events.lazy_step_started(self.run_id, self.step_ids[-1])
        for _ in range(2):
            hook_id, token = fresh_id("hook"), fresh_token()
            self.tokens[hook_id] = token
            yield events.hook_created(self.run_id, hook_id, token)
            yield events.wait_created(self.run_id, fresh_id("wait"))
            self.child_ids.append(fresh_id("wrun"))
            yield events.run_created(self.child_ids[-1])
        if has_attributes(self._arena):
            yield events.attr_set(self.run_id, fresh_id("attr"), **{fresh_id("key"): "value"})

    def _move_on(self) -> Iterator[Call]:
        events, run_id = self._arena.events, self.run_id
        for step_id in _take(self._running, 3):
            yield events.step_completed(run_id, step_id)
        for step_id in _take(self._pending, 3):
            yield events.step_started(run_id, step_id)
        for wait_id in _take(self._waiting, 1):
            yield events.wait_completed(run_id, wait_id)
        for hook_id in _take(self._hooks, 1):
            yield events.hook_disposed(run_id, hook_id)
        for child_id in _take(self._children, 1):
            yield events.run_cancelled(child_id)

    def _learn(self, reply: Reply) -> None:
        run_id, event = reply.call.args[:2]
        name = str(event.get("correlationId"))
        match event["eventType"]:
            case "step_created":
                self._pending.append(name)
            case "step_started":
                self._running.append(name)
            case "wait_created":
                self._waiting.append(name)
            case "hook_created":
                self._hooks.append(name)
            case "run_created":
                self._children.append(str(run_id))


def _take(names: list[str], count: int) -> list[str]:
    taken = names[:count]
    del names[:count]
    return taken


def prepare_kill(world: WorldClient) -> Callable[[], None]:
    """Return what kills a process at once: to look for what it started takes longer than a call."""
    tree = [process.pid for process in list_tree(world.process.pid)]

    def kill() -> None:
        for pid in reversed(tree):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        world.kill()

    return kill


def call_until_killed(
    world: WorldClient, make: Callable[[], Call], *, in_flight: int = 8
) -> list[Reply]:
    """Make calls of one kind without a pause until the process is killed amid; return them all.

    The first one is waited for: a process that has done nothing yet takes longer for it than it
    is given to live, and would die before it has written anything.
    """
    replies = [world.attempt(make())]
    life_s = random.uniform(0, _LONGEST_SERIES_S)  # noqa: S311 - variety
    killer = threading.Timer(life_s, prepare_kill(world))
    killer.start()
    try:
        while not any(reply.lost for reply in replies):
            replies.extend(world.pipeline([make() for _ in range(in_flight)]))
    finally:
        killer.join()
    return replies


def live_until_killed(arena: Arena, world: WorldClient, chance: random.Random) -> Life | None:
    """Have a process work until it is killed amid; `None` when the kill came too late for that."""
    life = Life(arena, world, chance)
    begun = time.monotonic()
    for _ in range(chance.randrange(*_ROUNDS_OF_LIFE)):
        begun = time.monotonic()
        life.go_on()
    killer = threading.Timer(chance.uniform(0, time.monotonic() - begun), prepare_kill(world))
    killer.start()
    try:
        life.go_on()
    finally:
        killer.join()
    return life if life.lost else None


def live_until_cut(
    arena: Arena, site: Site, world: WorldClient, chance: random.Random
) -> Life | None:
    """Have a process work until its connections were cut; `None` when no call suffered.

    Raises:
        NotApplicable: the World has no server.
    """
    life = Life(arena, world, chance)
    with _Cutter(site, chance.uniform(0, _LONGEST_LIFE_S)) as cutter:
        while not cutter.is_done and not life.lost:
            life.go_on()
    return life if life.lost and cutter.cut else None


class _Cutter:
    """Cuts a site's connections in some time; the block waits for it."""

    def __init__(self, site: Site, in_s: float) -> None:
        self.cut = 0
        self._site = site
        self._error: ServiceError | None = None
        self._timer = threading.Timer(in_s, self._act)

    @property
    def is_done(self) -> bool:
        return not self._timer.is_alive()

    def __enter__(self) -> _Cutter:
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.join(_CUT_S)
        if self._error is not None:
            raise NotApplicable(str(self._error)) from self._error

    def _act(self) -> None:
        try:
            self.cut = self._site.cut_connections()
        except ServiceError as error:
            self._error = error


def require_server(arena: Arena) -> None:
    """End the check as not applicable when the World has no server to be cut off from."""
    if not arena.subject.services:
        raise NotApplicable("this World has no server from which it could be cut off")


def kill_and_look(
    arena: Arena, chance: random.Random, look: Callable[[WorldClient, Life], Any]
) -> None:
    """Kill process after process; the next one looks at what each left behind.

    Raises:
        Inconclusive: every kill came between two calls.
    """
    site = arena.fresh_site()
    left: Life | None = None
    hits = kills = 0
    while True:
        world = site.open()
        if left is not None:
            look(world, left)
        if hits == arena.effort.kills or kills == arena.effort.kills * _TRIES:
            break
        arena.history.clear()
        left = live_until_killed(arena, world, chance)
        kills += 1
        hits += left is not None
    if not hits:
        raise Inconclusive(f"none of {kills} kills came amid a call")


def cut_and_look(
    arena: Arena, chance: random.Random, look: Callable[[WorldClient, Life], Any]
) -> None:
    """Cut a process off from its server, again and again, and look at what was left behind.

    Raises:
        Inconclusive: no cut came amid a call.
    """
    require_server(arena)
    site = arena.fresh_site()
    world = site.open()
    hits = cuts = 0
    while hits < arena.effort.kills and cuts < arena.effort.kills * _TRIES:
        arena.history.clear()
        life = live_until_cut(arena, site, world, chance)
        cuts += 1
        if world.process.exit_code is not None or _is_silent(life):
            world = site.open()
        if life is not None:
            hits += 1
            look(world, life)
    if not hits:
        raise Inconclusive(f"none of {cuts} cuts came amid a call")


def _is_silent(life: Life | None) -> bool:
    """Tell whether the process left calls unanswered."""
    return life is not None and any(reply.lost for reply in life.replies)
