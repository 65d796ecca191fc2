"""Hooks whose creator is killed: created or not, and never in between."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from suites.conformance.answers import CONFLICT, describe, is_refused, maybe
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.crashing import call_until_killed
from suites.conformance.forms import CRASH, decides
from suites.conformance.groundwork import events_of, tell_event
from suites.conformance.violations import violate

#: How many creations are sent at a time, until the process is dead.
_CREATIONS = 16
#: How long a lock of a dead process may keep a repeated creation waiting.
_PATIENCE_S = 120.0


@decides("HOOK-AFTER-CRASH", CRASH, cost=50)
def test_a_creation_that_was_cut_off_can_be_repeated(arena: Arena) -> None:
    site = arena.fresh_site()
    cut: list[tuple[str, list[Reply]]] = []
    for _ in range(arena.effort.kills):
        arena.history.clear()
        world = site.open()
        run_id = arena.running_run(world)
        create = partial(_create, arena, run_id)
        cut.append((run_id, call_until_killed(world, create, in_flight=_CREATIONS)))
    arena.history.clear()
    world = site.open()
    # All at once, so that what the dead left locked is waited for only once.
    _repeat([reply for _, replies in cut for reply in replies if reply.lost], world)
    for run_id, replies in cut:
        arena.history.clear()
        _expect_whole(arena, world, run_id, replies)


def _create(arena: Arena, run_id: str) -> Call:
    return arena.events.hook_created(run_id, fresh_id("hook"), fresh_token())


def _repeat(lost: Sequence[Reply], world: WorldClient) -> None:
    """Repeat the creations whose answer never came: made now, or there already."""
    for reply in world.pipeline([reply.call for reply in lost], limit_s=_PATIENCE_S):
        told = tell_event(reply.value) if reply.succeeded else describe(reply)
        if told != "hook_created" and not is_refused(reply, CONFLICT):
            violate(
                "a hook_created that was cut off must succeed or be refused with "
                f"EntityConflictError when it is repeated, but ended with {told}"
            )


def _expect_whole(arena: Arena, world: WorldClient, run_id: str, replies: Sequence[Reply]) -> None:
    """See that every hook has one event, and its token."""
    log = arena.log(run_id, world)
    events = [reply.call.args[1] for reply in replies]
    tokens = [event["eventData"]["token"] for event in events]
    found = world.pipeline([Call("hooks.getByToken", (token, ALL)) for token in tokens])
    for reply, event, hook in zip(replies, events, found, strict=True):
        hook_id = event["correlationId"]
        when = "its answer was lost" if reply.lost else "it was answered"
        created = len(events_of(log, "hook_created", hook_id))
        clashes = len(events_of(log, "hook_conflict", hook_id))
        if (created, clashes) != (1, 0):
            violate(
                f"a hook ({when} when its process was killed) must have one hook_created and "
                f"no hook_conflict, but the log has {created} and {clashes}"
            )
        if not hook.succeeded or maybe(hook.value, "hookId") != hook_id:
            told = maybe(hook.value, "hookId") if hook.succeeded else describe(hook)
            violate(
                f"a hook ({when} when its process was killed) is in the log, but its token "
                f"leads to {told}"
            )
