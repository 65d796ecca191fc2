"""Hooks and their tokens: one holder at a time, found by everybody, never in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from suites.conformance.answers import (
    CONFLICT,
    NO_HOOK,
    describe,
    expect_one_success,
    expect_refused,
    field,
    maybe,
)
from suites.conformance.arena import Arena
from suites.conformance.calls import ALL, fresh_id, fresh_token
from suites.conformance.forms import ALONE, PROCESSES, RACING, decides
from suites.conformance.groundwork import (
    events_of,
    expect_all,
    expect_free,
    expect_holder,
    open_hooks,
    open_runs,
    tell_event,
    tidy,
)
from suites.conformance.racing import WIDTH, Race, Round
from suites.conformance.violations import violate

#: What a token may be made of. The unique part comes first, then this.
_ENDINGS = (
    *("/slash/../dots", "..", ".", "\\back", " space inside", "%2F%00", "*?[]", "_%", "'--"),
    *('"quoted"', ":colon", "#hash", "\u00fc\u00f1\u00ef", "\u6587\u5b57", "\U0001f511" * 24, "\t"),
)


@decides("HOOK-TOKEN-UNIQUE", *RACING, cost=3)
def test_of_runs_that_claim_one_token_at_once_one_gets_it(race: Race) -> None:
    # The runs take part in every round: each round has a token of its own.
    run_ids: list[str] = []

    def one_round(round_: Round) -> None:
        arena = round_.arena
        if not run_ids:
            run_ids.extend(open_runs(arena, WIDTH))
        token = fresh_token()
        claims = [(run_id, fresh_id("hook")) for run_id in run_ids[: round_.width]]
        replies = round_.together(
            *(arena.events.hook_created(run_id, hook_id, token) for run_id, hook_id in claims)
        )
        winner = _expect_one_holder(replies)
        expect_holder(token, *claims[winner], arena.worlds[-1])
        arena.do(arena.events.hook_disposed(*claims[winner]))

    race.arena.use_storage_apart()
    race(one_round)
    tidy(race.arena, run_ids)


def _expect_one_holder(replies: Sequence[Reply]) -> int:
    """See that one claim got the token and all others a conflict; return its place."""
    told = [tell_event(value) for value in expect_all(replies)]
    winners = [place for place, event in enumerate(told) if event == "hook_created"]
    if len(winners) != 1:
        violate(
            f"of {len(told)} claims of one token at once exactly one must get it, "
            f"but {len(winners)} got hook_created"
        )
    strangers = sorted(set(told) - {"hook_created", "hook_conflict"})
    if strangers:
        violate(f"a lost claim must be answered with hook_conflict, not {', '.join(strangers)}")
    for reply, event in zip(replies, told, strict=True):
        if event == "hook_conflict" and maybe(reply.value, "hook") is not None:
            violate("a claim that lost its token was answered with a hook of its own")
    return winners[0]


@decides("HOOK-TOKEN-UNIQUE", cost=2)
def test_a_token_that_is_taken_stays_with_its_holder(arena: Arena) -> None:
    holder, other = open_runs(arena, 2)
    token, hook_id = fresh_token(), fresh_id("hook")
    arena.do(arena.events.hook_created(holder, hook_id, token))
    answer = arena.do(arena.events.hook_created(other, fresh_id("hook"), token))
    if tell_event(answer) != "hook_conflict":
        violate(f"a claim of a taken token was answered with {tell_event(answer)}")
    expect_holder(token, holder, hook_id, arena.world)
    created = [event for event in arena.log(other) if field(event, "eventType") == "hook_created"]
    if created:
        violate("the run that lost the token has a hook_created in its log")


@decides("HOOK-CONFLICT-DATA", cost=2)
def test_a_conflict_names_token_loser_and_holder(arena: Arena) -> None:
    holder, other = open_runs(arena, 2)
    token, hook_id = fresh_token(), fresh_id("hook")
    arena.do(arena.events.hook_created(holder, hook_id, token))
    for claimer in (other, holder):
        loser = fresh_id("hook")
        answer = arena.do(arena.events.hook_created(claimer, loser, token))
        _expect_conflict(field(answer, "event"), token, loser, holder)
        logged = events_of(arena.log(claimer), "hook_conflict", loser)
        if len(logged) != 1:
            violate(f"a lost claim must leave one hook_conflict in the log, not {len(logged)}")
        _expect_conflict(logged[0], token, loser, holder)
        if maybe(answer, "hook") is not None:
            violate("a claim that lost its token was answered with a hook")
        if arena.has("hooks.get"):
            reply = arena.try_(Call("hooks.get", (loser, ALL)))
            expect_refused(reply, (), "hooks.get of a hook that never got its token")


def _expect_conflict(event: Any, token: str, loser: str, holder: str) -> None:
    if maybe(event, "eventType") != "hook_conflict":
        violate(f"a claim of a taken token was answered with {maybe(event, 'eventType')}")
    wanted = {
        "correlationId": (maybe(event, "correlationId"), loser),
        "token": (maybe(event, "eventData", "token"), token),
        "conflictingRunId": (maybe(event, "eventData", "conflictingRunId"), holder),
    }
    for name, (told, right) in wanted.items():
        if told != right:
            violate(f"hook_conflict must say {name} {right}, but says {told}")


@decides("HOOK-CREATE-REDELIVERY", cost=2)
def test_a_repeated_creation_is_refused_and_no_conflict(arena: Arena) -> None:
    run_id = arena.running_run()
    hook_id, token = fresh_id("hook"), fresh_token()
    call = arena.events.hook_created(run_id, hook_id, token)
    arena.do(call)
    for _ in range(2):
        _expect_no_clash_with_itself([arena.try_(call)])
    _expect_one_creation(arena, run_id, hook_id)
    expect_holder(token, run_id, hook_id, arena.world)


@decides("HOOK-CREATE-REDELIVERY", *RACING, cost=3)
def test_of_many_creations_of_one_hook_one_succeeds(race: Race) -> None:
    def one_round(round_: Round) -> None:
        arena = round_.arena
        run_id, hook_id, token = arena.running_run(), fresh_id("hook"), fresh_token()
        call = arena.events.hook_created(run_id, hook_id, token)
        replies = round_.together(*[call] * round_.width)
        _expect_no_clash_with_itself(replies)
        expect_one_success(replies, CONFLICT, "creations of one hook")
        _expect_one_creation(arena, run_id, hook_id)
        expect_holder(token, run_id, hook_id, arena.worlds[-1])
        tidy(arena, [run_id])

    race.arena.use_storage_apart()
    race(one_round)


def _expect_no_clash_with_itself(replies: Sequence[Reply]) -> None:
    for reply in replies:
        if reply.succeeded and tell_event(reply.value) == "hook_conflict":
            violate("a repeated hook_created was answered with a hook_conflict with itself")
    if len(replies) == 1:
        expect_refused(replies[0], CONFLICT, "a repeated hook_created")


def _expect_one_creation(arena: Arena, run_id: str, hook_id: str) -> None:
    log = arena.log(run_id)
    created = len(events_of(log, "hook_created", hook_id))
    clashes = len(events_of(log, "hook_conflict", hook_id))
    if (created, clashes) != (1, 0):
        violate(
            "a hook that was created repeatedly must have one hook_created and no hook_conflict, "
            f"but the log has {created} and {clashes}"
        )


@decides("HOOK-LOOKUP", ALONE, PROCESSES, cost=3)
def test_a_hook_is_found_by_a_token_of_any_characters(arena: Arena) -> None:
    arena.use_storage_apart()
    run_id = arena.running_run()
    tokens = [fresh_token() + ending for ending in _ENDINGS]
    hook_ids = [fresh_id("hook") for _ in tokens]
    created = arena.world.pipeline(
        [
            arena.events.hook_created(run_id, hook_id, token)
            for hook_id, token in zip(hook_ids, tokens, strict=True)
        ]
    )
    for reply, token in zip(created, tokens, strict=True):
        if not reply.succeeded or tell_event(reply.value) != "hook_created":
            told = tell_event(reply.value) if reply.succeeded else describe(reply)
            violate(f"a hook with the token {token!r} cannot be created: {told}")
    reader = arena.worlds[-1]
    for hook_id, token in zip(hook_ids, tokens, strict=True):
        expect_holder(token, run_id, hook_id, reader)
    if reader.has("hooks.get"):
        found = reader.hooks.get(hook_ids[0], ALL)
        if (field(found, "token"), field(found, "runId")) != (tokens[0], run_id):
            violate(f"hooks.get gives another hook than was asked for: {found}")
    tidy(arena, [run_id])


@decides("HOOK-LOOKUP", cost=2)
def test_a_token_with_a_nul_is_refused_or_found(arena: Arena) -> None:
    run_id = arena.running_run()
    hook_id, token = fresh_id("hook"), f"{fresh_token()}\x00end"
    reply = arena.try_(arena.events.hook_created(run_id, hook_id, token))
    if reply.succeeded:
        expect_holder(token, run_id, hook_id, arena.world)
    short = token.partition("\x00")[0]
    expect_free(short, arena.world, f"only {token!r} was claimed, not what stands before its NUL")


@decides("HOOK-LOOKUP", cost=2)
def test_tokens_that_differ_a_little_are_different(arena: Arena) -> None:
    arena.use_storage_apart()
    (run_id,) = open_runs(arena, 1)
    token = fresh_token()
    twins = [token, token.upper(), f"{token} ", f"{token}/", f"{token}e", f"{token}\u00e9"]
    for twin in twins:
        answer = arena.do(arena.events.hook_created(run_id, fresh_id("hook"), twin))
        if tell_event(answer) != "hook_created":
            violate(f"the token {twin!r} clashes with another of {twins}")
    for twin in twins:
        found = field(arena.world.hooks.get_by_token(twin, ALL), "token")
        if found != twin:
            violate(f"hooks.getByToken({twin!r}) gives the hook with the token {found!r}")


@decides("HOOK-LOOKUP", cost=2)
def test_an_unknown_token_or_hook_is_not_found(arena: Arena) -> None:
    arena.use_storage_apart()
    (run_id,) = open_runs(arena, 1)
    ((_, token),) = open_hooks(arena, [run_id])
    for stranger in (fresh_token(), "*", "%", token[:-1], f"{token[:-1]}_", ""):
        reply = arena.try_(Call("hooks.getByToken", (stranger, ALL)))
        expect_refused(reply, NO_HOOK, f"hooks.getByToken of the unknown token {stranger!r}")
    if arena.has("hooks.get"):
        reply = arena.try_(Call("hooks.get", (fresh_id("hook"), ALL)))
        expect_refused(reply, NO_HOOK, "hooks.get of an unknown hook")


@decides("HOOK-LIST", cost=3)
def test_a_list_of_hooks_holds_each_live_hook_once(arena: Arena) -> None:
    arena.require("hooks.list")
    # Storage of its own: the hooks of all runs are listed, too.
    world = arena.fresh_site().open()
    run_ids = open_runs(arena, 3, world)
    each = arena.effort.scaled(10, least=9)
    owners = [run_id for run_id in run_ids for _ in range(each)]
    hooks = open_hooks(arena, owners, world)
    arena.do(arena.events.hook_disposed(owners[0], hooks[0][0]), world)
    live = {run_id: set[str]() for run_id in run_ids}
    for run_id, (hook_id, _) in list(zip(owners, hooks, strict=True))[1:]:
        live[run_id].add(hook_id)
    for run_id, wanted in live.items():
        _expect_each_once(_walk_hooks(world, {"runId": run_id}), wanted)
    arena.do(arena.events.run_completed(run_ids[1]), world)
    _expect_each_once(_walk_hooks(world, {"runId": run_ids[1]}), set())
    _record_all_runs(arena, world, live[run_ids[0]] | live[run_ids[2]])


def _record_all_runs(arena: Arena, world: WorldClient, wanted: set[str]) -> None:
    reply = world.attempt(Call("hooks.list", ({"pagination": {"limit": 1000}, **ALL},)))
    if not reply.succeeded:
        arena.record("hooks-of-all-runs", f"refused with {describe(reply)}")
        return
    found = [field(hook, "hookId") for hook in field(reply.value, "data")]
    if sorted(found) == sorted(wanted):
        arena.record("hooks-of-all-runs", "listed without a run id")
    else:
        arena.record("hooks-of-all-runs", f"{len(found)} of {len(wanted)} listed without a run id")


def _walk_hooks(world: WorldClient, options: dict[str, Any], *, limit: int = 7) -> list[str]:
    """Return the ids on all pages; a walk that does not end is a violation."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        pagination: dict[str, Any] = {"limit": limit}
        if cursor is not None:
            pagination["cursor"] = cursor
        page = world.hooks.list({**options, "pagination": pagination, **ALL})
        ids = [str(field(hook, "hookId")) for hook in field(page, "data")]
        repeated = sorted(set(ids) & set(found))
        if repeated:
            violate(f"the pages of hooks.list hold {len(repeated)} hooks twice, as {repeated[0]}")
        found.extend(ids)
        cursor = maybe(page, "cursor")
        if not maybe(page, "hasMore"):
            return found
        if cursor is None or not ids:
            violate(f"hooks.list says that there is more after {len(found)}, but gives no way on")


def _expect_each_once(found: Sequence[str], wanted: set[str]) -> None:
    if len(found) != len(set(found)):
        violate(f"hooks.list gave {len(found)} hooks, but only {len(set(found))} different ones")
    missing, strangers = wanted - set(found), set(found) - wanted
    if missing or strangers:
        violate(
            f"of {len(wanted)} live hooks of a run hooks.list lacks {len(missing)} "
            f"and has {len(strangers)} that are over or not of this run"
        )
