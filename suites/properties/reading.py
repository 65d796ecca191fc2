"""Moves that read lists and streams, in pages of any size; the model tells what there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.adapters.protocol import Call
from harness.contract.model.values import read_option
from suites.conformance.calls import ALL
from suites.properties.differences import Difference, Unequal, find_answer_clause, find_rows
from suites.properties.moves import Move
from suites.properties.names import Cast
from suites.properties.stage import Bookmark, PairStage, Turn

_LIMITS = (1, 2, 3, 7, 1000)
_WHOLE = {"limit": 100_000}
_STREAM_MS = 2000.0


def _walk_events(stage: PairStage, method: str, options: dict[str, Any], move: Move) -> str | None:
    """Walk a list of events, compare it with the model's, and return the last cursor."""
    order = "desc" if move.value % 3 == 2 and not stage.is_python else "asc"
    walked = stage.walk(
        method, {**options, **ALL}, limit=_LIMITS[move.value % len(_LIMITS)], order=order
    )
    if walked is None:
        return None
    expected = stage.peek(method, {**options, **ALL, "pagination": {**_WHOLE, "sortOrder": order}})
    compare_rows(stage, method, expected["data"], walked[0])
    return walked[1] if order == "asc" else None


def compare_rows(stage: PairStage, method: str, expected: list[Any], seen: list[Any]) -> None:
    """See that a World's list holds what the model's does.

    Raises:
        Mismatch: it does not.
    """
    unequal = find_rows(expected, seen)
    if unequal is not None:
        clause = _find_order_clause(method, expected, seen) or find_answer_clause(
            Call(method), unequal
        )
        stage.judge(Difference(clause=clause, text=f"in {method}, {unequal.text}"))


def _find_order_clause(method: str, expected: list[Any], seen: list[Any]) -> str:
    """Return the clause of events that are all there, in another order; empty otherwise."""
    kinds = [[row.get("eventType") for row in rows] for rows in (expected, seen)]
    if (
        method != "events.list"
        or kinds[0] == kinds[1]
        or sorted(map(str, kinds[0])) != sorted(map(str, kinds[1]))
    ):
        return ""
    places = [rows.index("run_created") if "run_created" in rows else -1 for rows in kinds]
    return "EVT-ORDER-CAUSAL" if places[0] == places[1] else "RUN-CREATED-FIRST"


def _list_events(stage: PairStage, cast: Cast, move: Move) -> None:
    cursor = _walk_events(stage, "events.list", {"runId": cast.run}, move)
    rows = stage.model.read_log(cast.run)
    if cursor is None or not rows or stage.is_python:
        return
    if cursor:
        stage.bookmarks[cast.run] = Bookmark(cursor, stage.model.write_cursor(rows[-1:]) or "")
    else:
        text = "the last page of events.list has no cursor"
        stage.judge(Difference(clause="EVT-CURSOR-LAST", text=text))


def _read_on(stage: PairStage, cast: Cast, move: Move) -> None:
    bookmark = stage.bookmarks.get(cast.run)
    if bookmark is None:
        return
    limit = _LIMITS[move.value % len(_LIMITS)]
    options = {"runId": cast.run, **ALL}
    walked = stage.walk("events.list", options, limit=limit, order="asc", cursor=bookmark.seen)
    if walked is None:
        return
    pagination = {**_WHOLE, "sortOrder": "asc", "cursor": bookmark.expected}
    page = stage.peek("events.list", {**options, "pagination": pagination})
    compare_rows(stage, "events.list", page["data"], walked[0])
    if walked[1] and page["cursor"]:
        stage.bookmarks[cast.run] = Bookmark(walked[1], page["cursor"])


def _list_by_name(stage: PairStage, cast: Cast, move: Move) -> None:
    name = cast.find(("step", "hook", "wait")[move.value % 3])
    options = {"runId": cast.run, "correlationId": name}
    _walk_events(stage, "events.listByCorrelationId", options, move)


def _list_entities(stage: PairStage, method: str, options: dict[str, Any], move: Move) -> None:
    """Walk a list of entities; their order is each World's own affair."""
    key = {"runs.list": "runId", "steps.list": "stepId", "hooks.list": "hookId"}[method]
    limit, order = _LIMITS[move.value % len(_LIMITS)], ("asc", "desc")[move.value % 2]
    walked = stage.walk(method, {**options, **ALL}, limit=limit, order=order)
    if walked is None:
        return
    expected = stage.peek(method, {**options, **ALL, "pagination": _WHOLE})["data"]
    compare_rows(
        stage,
        method,
        sorted(expected, key=lambda row: str(row[key])),
        sorted(walked[0], key=lambda row: str(read_option(row, key))),
    )


def _list_steps(stage: PairStage, cast: Cast, move: Move) -> None:
    _list_entities(stage, "steps.list", {"runId": cast.run}, move)


def _list_hooks(stage: PairStage, cast: Cast, move: Move) -> None:
    _list_entities(stage, "hooks.list", {"runId": cast.run}, move)


def _list_runs(stage: PairStage, cast: Cast, move: Move) -> None:
    options: dict[str, Any] = {"workflowName": cast.workflow}
    status = (None, "running", "completed", "pending")[move.value % 4]
    if status:
        options["status"] = status
    _list_entities(stage, "runs.list", options, move)


def _get_event(stage: PairStage, cast: Cast, move: Move) -> None:
    """Read one event by the id that the World gave it."""
    walked = stage.walk("events.list", {"runId": cast.run, **ALL}, limit=1000, order="asc")
    log = [row for row in (walked[0] if walked else []) if row["eventType"] != "noop"]
    expected = stage.peek("events.list", {"runId": cast.run, **ALL, "pagination": _WHOLE})["data"]
    if len(log) == len(expected) and log:
        index = move.value % len(log)
        names = [rows[index]["eventId"] for rows in (log, expected)]
        call = Call("events.get", (cast.run, names[0], ALL))
        stage.perform(call, (cast.run, names[1], ALL))


def _write_chunk(stage: PairStage, cast: Cast, move: Move) -> None:
    stage.perform(Call("streams.write", (cast.run, cast.find("strm"), cast.payload)))


def _write_chunks(stage: PairStage, cast: Cast, move: Move) -> None:
    chunks = [bytes([1, number]) for number in range(1 + move.value % 3)]
    stage.perform(Call("streams.writeMulti", (cast.run, cast.find("strm"), chunks)))


def _close_stream(stage: PairStage, cast: Cast, move: Move) -> None:
    stage.perform(Call("streams.close", (cast.run, cast.find("strm"))))


def _get_stream_info(stage: PairStage, cast: Cast, move: Move) -> None:
    stage.perform(Call("streams.getInfo", (cast.run, cast.find("strm"))))


def _list_streams(stage: PairStage, cast: Cast, move: Move) -> None:
    reply = stage.world.attempt(Call("streams.list", (cast.run,)))
    expected = stage.peek("streams.list", cast.run)
    stage.turns.append(Turn(reply, expected))
    if not reply.succeeded or sorted(reply.value) != sorted(expected):
        unequal = Unequal(("streams",), expected, reply.value)
        stage.judge(Difference(clause="STREAM-LIST", text=f"in streams.list, {unequal.text}"))


def _list_chunks(stage: PairStage, cast: Cast, move: Move) -> None:
    """Walk the chunks of a stream in pages."""
    name, limit = cast.find("strm"), _LIMITS[move.value % len(_LIMITS)]
    chunks: list[Any] = []
    cursor: Any = None
    expected = stage.peek("streams.getChunks", cast.run, name, {"limit": 1000})
    # Chunks come one by one at least: one more page than chunks is enough.
    for _ in range(len(expected["data"]) + 2):
        options = {"limit": limit} if cursor is None else {"limit": limit, "cursor": cursor}
        reply = stage.world.attempt(Call("streams.getChunks", (cast.run, name, options)))
        stage.turns.append(Turn(reply))
        if not reply.succeeded:
            break
        chunks += [(chunk["index"], chunk["data"]) for chunk in reply.value["data"]]
        cursor = read_option(reply.value, "cursor")
        if not reply.value["hasMore"]:
            break
    wanted = [(chunk["index"], chunk["data"]) for chunk in expected["data"]]
    if chunks != wanted:
        text = f"in streams.getChunks, {Unequal(('chunks',), wanted, chunks).text}"
        stage.judge(Difference(clause="STREAM-CHUNKS", text=text))


def _read_stream(stage: PairStage, cast: Cast, move: Move) -> None:
    """Read a closed stream to its end."""
    name = cast.find("strm")
    stream = stage.model.find_stream(cast.run, name)
    if not stream.closed:
        return
    start = (0, 1, 2, 0)[move.value % 4]
    reading = stage.world.read(cast.run, name, start_index=start, for_ms=_STREAM_MS)
    wanted = b"".join(stream.chunks[start:])
    seen = b"".join(bytes(chunk) for chunk in reading.chunks)
    if seen != wanted:
        clause = "STREAM-START-INDEX" if start else "STREAM-CLOSE-FINAL"
        unequal = Unequal((f"a read from chunk {start} on",), wanted, seen)
        stage.judge(Difference(clause=clause, text=unequal.text))
    elif not reading.done and start < max(1, len(stream.chunks)):
        text = f"a read from chunk {start} on did not end, although the stream is closed"
        stage.judge(Difference(clause="STREAM-LIVE", text=text))


READS: dict[str, Callable[[PairStage, Cast, Move], None]] = {
    "list_events": _list_events,
    "read_on": _read_on,
    "list_by_name": _list_by_name,
    "list_steps": _list_steps,
    "list_hooks": _list_hooks,
    "list_runs": _list_runs,
    "get_event": _get_event,
    "write_chunk": _write_chunk,
    "write_chunks": _write_chunks,
    "close_stream": _close_stream,
    "get_stream_info": _get_stream_info,
    "list_streams": _list_streams,
    "list_chunks": _list_chunks,
    "read_stream": _read_stream,
}
