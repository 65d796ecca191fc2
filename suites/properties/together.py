"""Calls at the same time, after a history of calls one by one: some order must explain them."""

from __future__ import annotations

from harness.adapters.protocol import Call
from harness.adapters.world import Reply
from harness.contract.history import TimedCall, UndecidedError, find_order
from harness.contract.model import Model
from suites.conformance.answers import is_accident
from suites.conformance.calls import ALL
from suites.properties.differences import Difference, find_outcome_clause
from suites.properties.ending import finish, judge_log
from suites.properties.moves import Move
from suites.properties.plays import make_event, may_be_accepted, play
from suites.properties.shrinking import Scene
from suites.properties.stage import Mismatch, PairStage, Turn
from suites.properties.tolerances import find_situation, find_unpaired, name_of


def act(stage: PairStage, scene: Scene) -> bool:
    """Play a scene and judge it; tell whether it could be judged.

    Raises:
        Mismatch: no order of the calls explains what the World answered.
    """
    try:
        for move in scene.before:
            play(stage, move)
        looked = len(stage.turns)
        if not stage.is_over:
            finish(stage)
    except Mismatch:
        # Calls one by one have a test of their own, which says more about them.
        return True
    calls = _choose_calls(stage, scene.at_once)
    if stage.is_over or len(calls) < 2:
        return True
    model = stage.model
    # What was looked at only to see that all is well until here is no part of the history.
    del stage.turns[looked:]
    replies = stage.world.together(*calls)
    stage.turns += [Turn(reply, at_once=True) for reply in replies]
    return _judge(stage, model, replies)


def _choose_calls(stage: PairStage, moves: tuple[Move, ...]) -> list[Call]:
    """Return the calls whose answers do not depend on what the contract leaves open."""
    chosen: list[Call] = []
    for move in moves:
        call = make_event(stage, move)
        is_open = find_situation(stage.model, call) is not None or may_be_accepted(
            stage, call, stage.model.copy()
        )
        if not is_open and not any(find_unpaired(call, other, stage.binds) for other in chosen):
            chosen.append(call)
    return chosen


def _judge(stage: PairStage, model: Model, replies: list[Reply]) -> bool:
    for reply in replies:
        if reply.failure is not None and is_accident(reply.failure):
            text = f"{name_of(reply.call)} ended with {reply.failure.name}: {reply.failure.message}"
            stage.judge(Difference(clause="", text=text))
    touched = sorted(
        {reply.call.args[0] for reply in replies if reply.call.method == "events.create"}
    )
    looks = [Call("events.list", (_whole(stage, run_id),)) for run_id in touched]
    looks += [Call("runs.get", (run_id, ALL)) for run_id in touched]
    seen = [stage.world.attempt(call) for call in looks]
    stage.turns += [Turn(reply) for reply in seen]
    for run_id, reply in zip(touched, seen, strict=False):
        if reply.succeeded and reply.value["data"]:
            judge_log(stage, run_id, reply.value["data"])
    try:
        order = find_order([_time(reply) for reply in (*replies, *seen)], model)
    except UndecidedError:
        return False
    if order is None:
        names = ", ".join(name_of(reply.call) for reply in replies)
        text = f"no order of {names} at once explains their answers and the logs after them"
        stage.judge(Difference(clause=_find_clause(replies), text=text, parts=True))
    return True


def _whole(stage: PairStage, run_id: str) -> dict[str, object]:
    """Return the options of a list of all events; the Python SDK's interface knows no limit."""
    limit = {} if stage.is_python else {"pagination": {"limit": 1000}}
    return {"runId": run_id, **ALL, **limit}


def _find_clause(replies: list[Reply]) -> str:
    """Return the clause of calls that are all alike; with several kinds nobody can tell."""
    kinds = {name_of(reply.call) for reply in replies}
    if len(kinds) > 1:
        return ""
    return find_outcome_clause(replies[0].call, "EntityConflictError", is_ended=False)


def _time(reply: Reply) -> TimedCall:
    return TimedCall(
        method=reply.call.method,
        args=reply.call.args,
        start=reply.start,
        end=reply.end,
        value=reply.value,
        refusal=reply.failure.name or "error" if reply.failure is not None else None,
        lost=bool(reply.lost),
        process=reply.process,
    )
