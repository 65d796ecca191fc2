"""Runs: found by name and by status, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.adapters.protocol import Call
from suites.conformance.answers import field, is_refused, maybe
from suites.conformance.arena import Arena, page_of
from suites.conformance.calls import ALL, fresh_id
from suites.conformance.forms import decides
from suites.conformance.groundwork import expect_all
from suites.conformance.violations import violate

_LIMIT = 7
_STATUSES = ("pending", "running", "completed", "failed", "cancelled")


@decides("RUN-LIST-FILTER", cost=2)
def test_every_run_of_a_name_is_listed_once(arena: Arena) -> None:
    name = _fresh_name()
    # A full last page is where hasMore goes wrong most easily.
    count = _LIMIT * max(2, arena.effort.scaled(7))
    runs = _make_runs(arena, name, count)
    _make_runs(arena, _fresh_name(), 3)
    for order in ("asc", "desc"):
        found = _walk(arena, order, workflowName=name)
        _expect_runs(found, list(runs), f"runs.list of one workflow ({order})")
        for run in found:
            if field(run, "status") != runs[field(run, "runId")]:
                violate(f"runs.list says {run['status']} of a run that is {runs[run['runId']]}")
    arena.record("runs-sort-order", _tell_order(arena, name, list(runs)))


@decides("RUN-LIST-FILTER", cost=2)
def test_name_and_status_narrow_together(arena: Arena) -> None:
    name, other = _fresh_name(), _fresh_name()
    runs = _make_runs(arena, name, len(_STATUSES) * (_LIMIT + 2))
    _make_runs(arena, other, len(_STATUSES))
    for number, status in enumerate(_STATUSES):
        wanted = [run_id for run_id, has in runs.items() if has == status]
        order = ("asc", "desc")[number % 2]
        found = _walk(arena, order, workflowName=name, status=status)
        _expect_runs(found, wanted, f"runs.list of one workflow's {status} runs ({order})")


@decides("RUN-LIST-FILTER")
def test_a_status_alone_narrows(arena: Arena) -> None:
    mine = _make_runs(arena, _fresh_name(), len(_STATUSES))
    for status in _STATUSES:
        page = arena.world.runs.list({"status": status, "pagination": page_of(50, order="desc")})
        strangers = {field(run, "status") for run in field(page, "data")} - {status}
        if strangers:
            violate(f"runs.list of {status} runs also gave runs that are {', '.join(strangers)}")
        if not field(page, "data"):
            violate(f"runs.list of {status} runs gave none, though {mine} has one")


@decides("RUN-LIST-FILTER")
def test_what_a_list_of_statuses_does_is_recorded(arena: Arena) -> None:
    name = _fresh_name()
    _make_runs(arena, name, len(_STATUSES))
    wanted = ["completed", "failed"]
    options = {"workflowName": name, "status": wanted, "pagination": page_of(50), **ALL}
    reply = arena.try_(Call("runs.list", (options,)))
    if not reply.succeeded:
        arena.record("status-list", "refused" if is_refused(reply) else "an accident")
        return
    found = sorted(str(maybe(run, "status")) for run in field(reply.value, "data"))
    answers = {2: "narrows", 0: "finds nothing", len(_STATUSES): "ignored"}
    arena.record("status-list", answers.get(len(found), "other") if found != wanted else "narrows")


def _fresh_name() -> str:
    return f"workflow//./flows//{fresh_id('listed')}"


def _make_runs(arena: Arena, name: str, count: int) -> dict[str, str]:
    """Create runs of one workflow, of all statuses in turn; return run -> status."""
    runs = {fresh_id("wrun"): _STATUSES[number % len(_STATUSES)] for number in range(count)}
    events, world = arena.events, arena.world
    expect_all(world.pipeline([events.run_created(run, workflowName=name) for run in runs]))
    begun = [run for run, status in runs.items() if status != "pending"]
    expect_all(world.pipeline([events.run_started(run) for run in begun]))
    makers = {
        "completed": events.run_completed,
        "failed": events.run_failed,
        "cancelled": events.run_cancelled,
    }
    ends = [makers[status](run) for run, status in runs.items() if status in makers]
    expect_all(world.pipeline(ends))
    return runs


def _walk(arena: Arena, order: str, **filters: str) -> list[Any]:
    """Return what all pages of a list give; each says rightly whether another follows."""
    found: list[Any] = []
    cursor: str | None = None
    while True:
        pagination = page_of(_LIMIT, cursor, order)
        page = arena.world.runs.list({**filters, "pagination": pagination, "resolveData": "none"})
        data = field(page, "data")
        if len(data) > _LIMIT:
            violate(f"a page of runs with limit {_LIMIT} holds {len(data)}")
        if cursor is not None and not data:
            violate(f"hasMore was true behind {len(found)} runs, but the next page is empty")
        found.extend(data)
        if not field(page, "hasMore"):
            return found
        cursor = maybe(page, "cursor")
        if cursor is None:
            violate(f"hasMore is true behind {len(found)} runs, but the page has no cursor")
        if len(found) > 10_000:
            violate("10000 runs were listed, and the list still goes on")


def _expect_runs(found: Sequence[Any], wanted: Sequence[str], what: str) -> None:
    ids = [str(field(run, "runId")) for run in found]
    repeated = len(ids) - len(set(ids))
    missing, foreign = set(wanted) - set(ids), set(ids) - set(wanted)
    if repeated or missing or foreign:
        violate(
            f"{what} must give {len(wanted)} runs once each, but {len(missing)} are missing, "
            f"{repeated} came again and {len(foreign)} do not belong there"
        )


def _tell_order(arena: Arena, name: str, run_ids: Sequence[str]) -> str:
    """Say whether the order that was asked for is the order that comes."""
    ids = {
        order: [str(field(run, "runId")) for run in _walk(arena, order, workflowName=name)]
        for order in ("asc", "desc")
    }
    if ids["asc"] == ids["desc"]:
        return "ignored"
    return "as asked" if ids["asc"] == ids["desc"][::-1] else "by other times"
