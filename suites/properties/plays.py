"""How each move is made: from small values to calls on the stage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from harness.adapters.protocol import Call
from harness.adapters.world import Reply
from harness.contract.model import Model, Refused
from suites.conformance.calls import ALL
from suites.properties.differences import find_outcome_clause
from suites.properties.moves import Move
from suites.properties.names import Cast
from suites.properties.reading import READS
from suites.properties.stage import Bookmark, PairStage

#: A retry that is due, one that is not for a long time, one without a time.
_RETRIES: tuple[float | None, ...] = (None, -60, 3600, None)
_FAR_S = 1.0
#: Moves that begin a run themselves.
_BIRTHS = frozenset({"create_run", "start_run_late"})


def make_event(stage: PairStage, move: Move) -> Call:
    """Return the call for a move that is one event, or one look at an entity."""
    return EVENTS[move.kind](stage, Cast(stage.names, move), move)


def _birth(cast: Cast) -> dict[str, Any]:
    return {"workflowName": cast.workflow, "input": cast.payload}


def _create_run(stage: PairStage, cast: Cast, move: Move) -> Call:
    return stage.events.run_created(cast.run, **_birth(cast))


def _start_run_late(stage: PairStage, cast: Cast, move: Move) -> Call:
    data = {**stage.events.run_data(), **_birth(cast)}
    return stage.events.run_started(cast.run, data)


def _retry_step(stage: PairStage, cast: Cast, move: Move) -> Call:
    after_s = _RETRIES[move.value % len(_RETRIES)]
    return stage.events.step_retrying(cast.run, cast.find("step"), after_s=after_s)


def _set_attributes(stage: PairStage, cast: Cast, move: Move) -> Call:
    key = f"key_{move.value % 2}"
    value = None if move.value % 4 == 3 else f"value {move.value}"
    change = cast.find("attr") if move.value < 4 else None
    return stage.events.attr_set(cast.run, change, **{key: value})


def _create_wait(stage: PairStage, cast: Cast, move: Move) -> Call:
    # Its time has come already: whether an early completion is accepted is left open.
    resume_at = datetime.now(UTC) - timedelta(seconds=_FAR_S)
    data = {"resumeAt": resume_at.replace(microsecond=resume_at.microsecond // 1000 * 1000)}
    return stage.events.create(cast.run, "wait_created", cast.find("wait"), data)


def _get_step(stage: PairStage, cast: Cast, move: Move) -> Call:
    return Call("steps.get", (cast.run, cast.find("step"), _resolve(stage, move)))


def _resolve(stage: PairStage, move: Move) -> dict[str, str]:
    return {"resolveData": "none"} if move.value == 7 and not stage.is_python else ALL


EVENTS: dict[str, Callable[[PairStage, Cast, Move], Call]] = {
    "create_run": _create_run,
    "start_run": lambda stage, cast, move: stage.events.run_started(cast.run),
    "start_run_late": _start_run_late,
    "complete_run": lambda stage, cast, move: stage.events.run_completed(cast.run, cast.payload),
    "fail_run": lambda stage, cast, move: stage.events.run_failed(cast.run, cast.payload),
    "cancel_run": lambda stage, cast, move: stage.events.run_cancelled(cast.run),
    "create_step": lambda stage, cast, move: stage.events.step_created(
        cast.run, cast.find("step"), input=cast.payload
    ),
    "start_step": lambda stage, cast, move: stage.events.step_started(cast.run, cast.find("step")),
    "start_step_lazily": lambda stage, cast, move: stage.events.lazy_step_started(
        cast.run, cast.find("step"), input=cast.payload
    ),
    "complete_step": lambda stage, cast, move: stage.events.step_completed(
        cast.run, cast.find("step"), cast.payload
    ),
    "fail_step": lambda stage, cast, move: stage.events.step_failed(
        cast.run, cast.find("step"), cast.payload
    ),
    "retry_step": _retry_step,
    "create_hook": lambda stage, cast, move: stage.events.hook_created(
        cast.run, cast.find("hook"), cast.token, metadata=cast.payload
    ),
    "receive_hook": lambda stage, cast, move: stage.events.hook_received(
        cast.run, cast.find("hook"), cast.payload
    ),
    "dispose_hook": lambda stage, cast, move: stage.events.hook_disposed(
        cast.run, cast.find("hook")
    ),
    "create_wait": _create_wait,
    "complete_wait": lambda stage, cast, move: stage.events.wait_completed(
        cast.run, cast.find("wait")
    ),
    "set_attributes": _set_attributes,
    "get_run": lambda stage, cast, move: Call("runs.get", (cast.run, _resolve(stage, move))),
    "get_step": _get_step,
    "get_hook": lambda stage, cast, move: Call("hooks.get", (cast.find("hook"), ALL)),
    "get_hook_by_token": lambda stage, cast, move: Call("hooks.getByToken", (cast.token, ALL)),
    "await_end": lambda stage, cast, move: Call(
        "runs.waitForTerminalStatus", (cast.run, {"timeoutMs": 5, **ALL})
    ),
}


#: Move -> the moves before it, without which it has nothing to be about.
_NEEDED: dict[str, tuple[str, ...]] = {
    "start_step": ("create_step",),
    "complete_step": ("create_step", "start_step"),
    "fail_step": ("create_step", "start_step"),
    "retry_step": ("create_step", "start_step"),
    # A step that runs when its run ends can still have its outcome.
    "complete_run": ("create_step", "start_step"),
    "fail_run": ("create_step", "start_step"),
    "cancel_run": ("create_step", "start_step"),
    "receive_hook": ("create_hook",),
    "dispose_hook": ("create_hook",),
    "complete_wait": ("create_wait",),
    "read_stream": ("write_chunk", "close_stream"),
}
#: Moves of a smaller value are made as they are, although they may be about nothing.
_PREPARED = 2


def play(stage: PairStage, move: Move) -> None:
    """Make a move on both sides; what it is about is most often made first.

    Raises:
        Mismatch: the World and the model differ.
    """
    cast = Cast(stage.names, move)
    if move.kind not in _BIRTHS and cast.run not in stage.model.state.runs:
        stage.perform(_create_run(stage, cast, move))
        if move.value % 4 and move.kind != "start_run":
            stage.perform(stage.events.run_started(cast.run))
    if move.value >= _PREPARED:
        for kind in _NEEDED.get(move.kind, ()):
            if _is_missing(stage, cast, kind):
                _make(stage, cast, msgspec.structs.replace(move, kind=kind))
    _make(stage, cast, move)


def _is_missing(stage: PairStage, cast: Cast, kind: str) -> bool:
    """Tell whether what a move makes is not there yet."""
    state = stage.model.state
    if kind == "start_step":
        step = state.steps.get((cast.run, cast.find("step")))
        return step is not None and step.value["attempt"] == 0
    if kind in {"write_chunk", "close_stream"}:
        stream = stage.model.find_stream(cast.run, cast.find("strm"))
        return not stream.closed and (kind == "close_stream" or not stream.chunks)
    entity = kind.removeprefix("create_")
    return (cast.run, entity, cast.find(entity)) not in state.claims


def _make(stage: PairStage, cast: Cast, move: Move) -> None:
    if stage.is_over:
        return
    if move.kind == "create_batch":
        _play_batch(stage, cast, move)
    elif move.kind in EVENTS:
        _play_event(stage, cast, move)
    else:
        READS[move.kind](stage, cast, move)


def _play_event(stage: PairStage, cast: Cast, move: Move) -> None:
    call = make_event(stage, move)
    asked, expected = _ask_for_news(stage, cast, move, call)
    both = stage.perform(asked, expected)
    if both is not None and asked is not call and "sinceCursor" in asked.args[2]:
        _move_bookmark(stage, cast, *both)


def _ask_for_news(
    stage: PairStage, cast: Cast, move: Move, call: Call
) -> tuple[Call, tuple[Any, ...] | None]:
    """Let some events ask for what was appended since; return both sides' arguments."""
    if call.method != "events.create" or not stage.model.rules.delta or move.kind == "start_run":
        return call, None
    bookmark = stage.bookmarks.get(cast.run)
    if move.value in {3, 4} and bookmark is not None and stage.binds("EVT-SINCE-CURSOR"):
        asked = Call(call.method, (*call.args, {"sinceCursor": bookmark.seen}))
        return asked, (*call.args, {"sinceCursor": bookmark.expected})
    known = len(stage.model.read_log(cast.run))
    if move.value == 5 and stage.model.has_slots(cast.run) and known > 1:
        return Call(call.method, (*call.args, {"eventCount": known - 1})), None
    return call, None


def _move_bookmark(stage: PairStage, cast: Cast, seen: Any, expected: Any) -> None:
    if seen.get("cursor") and expected.get("cursor"):
        stage.bookmarks[cast.run] = Bookmark(seen["cursor"], expected["cursor"])


def _play_batch(stage: PairStage, cast: Cast, move: Move) -> None:
    """Send two or three events of different entities in one batch."""
    kinds = ["create_step", "start_step", "create_wait", "complete_wait", "receive_hook"]
    first = move.value % 4
    # A step may come twice only as creation and start; a wait not at all.
    chosen = [kinds[:2], [kinds[0], kinds[2]], [kinds[1], kinds[3]], [kinds[4], kinds[2]]][first]
    items = [{"event": EVENTS[kind](stage, cast, move).args[1]} for kind in chosen]
    copy = stage.model.copy()
    calls = [Call("events.create", (cast.run, item["event"])) for item in items]
    if not any(may_be_accepted(stage, call, copy) for call in calls):
        stage.perform(Call("events.createBatch", (cast.run, items)))


def may_be_accepted(stage: PairStage, call: Call, model: Model) -> bool:
    """Tell whether a model refuses a call by a clause that does not bind the World.

    Args:
        stage: Knows what binds.
        call: One event, or a look at something.
        model: Is asked, and keeps what it accepts.
    """
    answer = stage.ask(model, call, Reply(call=call, process=0))
    if not isinstance(answer, Refused):
        return False
    return not stage.binds(find_outcome_clause(call, answer.name, is_ended=stage.is_ended(call)))
