"""Moves: what a generated history is made of, small values that mean something on any stage."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from harness.adapters.world import WorldClient
from harness.contract.model import Rules


class Move(msgspec.Struct, frozen=True):
    """One thing to do."""

    #: A function of `plays.PLAYS`.
    kind: str
    #: Which run.
    run: int
    #: Which step, hook, wait, attribute change or stream of the run.
    name: int
    #: Varies the rest: tokens, payloads, limits, orders.
    value: int


#: Group -> its moves; one that is named twice comes twice as often. Groups come equally often.
GROUPS: dict[str, tuple[str, ...]] = {
    "runs": (
        *("create_run", "start_run", "start_run", "start_run_late", "cancel_run"),
        *("complete_run", "fail_run", "get_run", "get_run", "await_end"),
    ),
    "steps": ("create_step", "start_step", "start_step_lazily", "get_step"),
    "outcomes": ("start_step", "complete_step", "fail_step", "retry_step"),
    "hooks": (
        *("create_hook", "create_hook", "create_hook", "receive_hook", "receive_hook"),
        *("dispose_hook", "get_hook_by_token", "get_hook"),
    ),
    "waits": ("create_wait", "complete_wait", "complete_wait"),
    "attributes": ("set_attributes",),
    "logs": ("list_events", "list_events", "read_on", "list_by_name", "get_event"),
    "lists": ("list_steps", "list_hooks", "list_runs"),
    "streams": (
        *("write_chunk", "write_chunk", "write_chunks", "close_stream"),
        *("list_chunks", "get_stream_info", "list_streams", "read_stream", "read_stream"),
    ),
    "batches": ("create_batch",),
}

#: Moves that can be made at the same time as others: each is one event.
TOGETHER: tuple[str, ...] = (
    *("create_run", "start_run", "complete_run", "fail_run", "cancel_run"),
    *("create_step", "start_step", "start_step", "complete_step", "fail_step", "retry_step"),
    *("start_step_lazily", "create_hook", "create_hook", "receive_hook", "dispose_hook"),
    *("create_wait", "complete_wait", "set_attributes", "get_run", "get_step"),
    "get_hook_by_token",
)

#: Move -> the methods that a World needs for it; all need `events.create`.
NEEDS: dict[str, tuple[str, ...]] = {
    "list_steps": ("steps.list",),
    "list_hooks": ("hooks.list",),
    "list_runs": ("runs.list",),
    "list_by_name": ("events.listByCorrelationId",),
    "get_event": ("events.get",),
    "get_hook": ("hooks.get",),
    "write_chunk": ("streams.write",),
    "write_chunks": ("streams.writeMulti",),
    "close_stream": ("streams.close",),
    "list_chunks": ("streams.getChunks",),
    "get_stream_info": ("streams.getInfo",),
    "list_streams": ("streams.list",),
    "read_stream": ("streams.write", "streams.close"),
    "create_batch": ("events.createBatch",),
    "await_end": ("runs.waitForTerminalStatus",),
}

RUNS = 2
NAMES = 2
VALUES = 8


def choose_groups(world: WorldClient, rules: Rules) -> dict[str, SearchStrategy[Move]]:
    """Return the groups of moves that a World offers, each as a strategy."""
    found = {}
    for group, kinds in GROUPS.items():
        possible = [kind for kind in kinds if is_possible(kind, world, rules)]
        if possible:
            found[group] = make_moves(possible)
    return found


def choose_together(world: WorldClient, rules: Rules) -> SearchStrategy[Move]:
    """Return the moves that can be made at the same time as others."""
    return make_moves([kind for kind in TOGETHER if is_possible(kind, world, rules)])


def make_moves(kinds: list[str]) -> SearchStrategy[Move]:
    """Return a strategy for moves of some kinds; simpler ones come first."""
    return st.builds(
        Move,
        kind=st.sampled_from(kinds),
        # Most moves are about one run, so that something happens to it.
        run=st.sampled_from((0, 0, *range(RUNS))),
        name=st.sampled_from((0, *range(NAMES))),
        value=st.sampled_from(range(VALUES)),
    )


def is_possible(kind: str, world: WorldClient, rules: Rules) -> bool:
    """Tell whether a World of these rules offers what a move needs."""
    if kind == "set_attributes" and not rules.attributes:
        return False
    if kind == "start_step_lazily" and not rules.lazy_start:
        return False
    if kind == "read_on" and rules.shape == "py":
        return False
    return all(world.has(method) for method in NEEDS.get(kind, ()))
