"""The end of an example: the World's logs against the model's, and against its own entities."""

from __future__ import annotations

from typing import Any

from harness.adapters.protocol import Call
from harness.contract.history import Entities, find_contradictions
from harness.contract.model.values import is_absent
from suites.conformance.calls import ALL
from suites.properties.differences import Difference
from suites.properties.reading import compare_rows
from suites.properties.stage import PairStage, Turn

_LIMIT = 1000


def finish(stage: PairStage) -> None:
    """Compare every log with the model's, then with what the World says of its entities.

    Raises:
        Mismatch: they differ.
    """
    runs = sorted(stage.model.state.runs)
    for run_id in runs:
        log = read_log(stage, run_id)
        if log is None or stage.is_over:
            return
        expected = stage.peek("events.list", {"runId": run_id, "pagination": {"limit": _LIMIT}})
        compare_rows(stage, "events.list", expected["data"], log)
        judge_log(stage, run_id, log)


def read_log(stage: PairStage, run_id: str) -> list[Any] | None:
    """Return the World's log of a run; `None` when it cannot be read."""
    walked = stage.walk("events.list", {"runId": run_id, **ALL}, limit=_LIMIT, order="asc")
    return None if walked is None else walked[0]


def judge_log(stage: PairStage, run_id: str, log: list[Any]) -> None:
    """Fold a log, and see that the World's entities are what it stands for.

    Raises:
        Mismatch: the log is impossible, or an entity differs from it.
    """
    entities = read_entities(stage, run_id, log)
    for text in find_contradictions(log, entities, stage.model.rules):
        clause, _, what = text.partition(": ")
        stage.judge(Difference(clause=clause, text=f"in the log of a run, {what}"))


def read_entities(stage: PairStage, run_id: str, log: list[Any]) -> Entities:
    """Return the run, its steps and the hooks behind the tokens of its log, as the World tells."""
    steps = _named(log, "step_created")
    entities = Entities(runs={}, steps={}, hooks={})
    _read(stage, Call("runs.get", (run_id, ALL)), entities.runs, run_id)
    for step_id in steps:
        call = Call("steps.get", (run_id, step_id, ALL))
        _read(stage, call, entities.steps, (run_id, step_id))
    for token in {event["eventData"]["token"] for event in _of_type(log, "hook_created")}:
        _read(stage, Call("hooks.getByToken", (token, ALL)), entities.hooks, None)
    # A token can belong to another run by now.
    hooks = {key: hook for key, hook in (entities.hooks or {}).items() if key[0] == run_id}
    return Entities(runs=entities.runs, steps=entities.steps, hooks=hooks)


def _read(stage: PairStage, call: Call, into: Any, key: Any) -> None:
    reply = stage.world.attempt(call)
    stage.turns.append(Turn(reply))
    if reply.succeeded and not is_absent(reply.value):
        found = reply.value
        into[(found["runId"], found["hookId"]) if key is None else key] = found


def _of_type(log: list[Any], event_type: str) -> list[Any]:
    return [event for event in log if event["eventType"] == event_type]


def _named(log: list[Any], event_type: str) -> list[str]:
    names = [str(event.get("correlationId")) for event in _of_type(log, event_type)]
    return list(dict.fromkeys(names))
