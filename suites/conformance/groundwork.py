"""What checks of hooks, waits and processes begin with, and how they read a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from suites.conformance.answers import NO_HOOK, describe, expect_refused, field, maybe
from suites.conformance.arena import Arena, name_of
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.violations import violate

#: How a run can end, by the type of the event.
ENDS = ("run_completed", "run_failed", "run_cancelled")


def expect_all(replies: Sequence[Reply]) -> list[Any]:
    """Return the values of calls that must all succeed."""
    for reply in replies:
        if not reply.succeeded:
            violate(f"{name_of(reply.call)} must be accepted here, but was not: {describe(reply)}")
    return [reply.value for reply in replies]


def open_runs(arena: Arena, count: int, world: WorldClient | None = None) -> list[str]:
    """Create and start so many runs, and return their ids."""
    target = world or arena.world
    run_ids = [fresh_id("wrun") for _ in range(count)]
    expect_all(target.pipeline([arena.events.run_created(run_id) for run_id in run_ids]))
    expect_all(target.pipeline([arena.events.run_started(run_id) for run_id in run_ids]))
    return run_ids


def open_hooks(
    arena: Arena, run_ids: Sequence[str], world: WorldClient | None = None
) -> list[tuple[str, str]]:
    """Create one hook in each run given, and return the ids and tokens of the hooks."""
    hooks = [(fresh_id("hook"), fresh_token()) for _ in run_ids]
    calls = [
        arena.events.hook_created(run_id, hook_id, token)
        for run_id, (hook_id, token) in zip(run_ids, hooks, strict=True)
    ]
    for reply, value in zip(calls, expect_all((world or arena.world).pipeline(calls)), strict=True):
        if maybe(value, "event", "eventType") != "hook_created":
            violate(f"a fresh token was answered with {tell_event(value)}: {reply.args[1]}")
    return hooks


def end_run(arena: Arena, run_id: str, how: str) -> Call:
    """Make the call that ends a run in one of the `ENDS`."""
    makers: dict[str, Callable[[str], Call]] = {
        "run_completed": arena.events.run_completed,
        "run_failed": arena.events.run_failed,
        "run_cancelled": arena.events.run_cancelled,
    }
    return makers[how](run_id)


def tidy(arena: Arena, run_ids: Sequence[str]) -> None:
    """End runs that a check has done with: many live hooks make some Worlds slow."""
    arena.world.pipeline([arena.events.run_cancelled(run_id) for run_id in run_ids])


def tell_event(value: Any) -> str:
    """Return the type of the event that a create was answered with."""
    return str(maybe(value, "event", "eventType") or "no event")


def events_of(log: Sequence[Any], kind: str, correlation_id: str) -> list[Any]:
    """Return the events of one type that are about one step, hook or wait."""
    return [
        event
        for event in log
        if maybe(event, "eventType") == kind and maybe(event, "correlationId") == correlation_id
    ]


def find_behind(log: Sequence[Any], border: str, kinds: Sequence[str]) -> list[str]:
    """Return the types of events, of the kinds given, that stand behind the first `border`."""
    types = [str(maybe(event, "eventType")) for event in log]
    if border not in types:
        return []
    return [kind for kind in types[types.index(border) + 1 :] if kind in kinds]


def expect_same_log(arena: Arena, run_id: str, before: Sequence[Any], what: str) -> None:
    """See that a refused call appended nothing."""
    after = arena.log(run_id)
    if len(after) != len(before):
        added = ", ".join(str(maybe(event, "eventType")) for event in after[len(before) :])
        violate(f"{what} was refused, but the log grew by {added or 'something else'}")


def expect_holder(token: str, run_id: str, hook_id: str, reader: WorldClient) -> None:
    """See that a token leads to the hook that has it."""
    hook = reader.hooks.get_by_token(token, ALL)
    told = (field(hook, "runId"), field(hook, "hookId"), field(hook, "token"))
    if told != (run_id, hook_id, token):
        violate(f"the token {token!r} belongs to {hook_id} of {run_id}, but leads to {told}")


def expect_free(token: str, reader: WorldClient, what: str) -> None:
    """See that nobody has a token."""
    reply = reader.attempt(Call("hooks.getByToken", (token, ALL)))
    if reply.succeeded:
        holder = maybe(reply.value, "hookId")
        violate(f"{what}, but hooks.getByToken still finds {holder}")
    expect_refused(reply, NO_HOOK, f"hooks.getByToken once {what}")
