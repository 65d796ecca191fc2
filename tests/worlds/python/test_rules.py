"""Rules of the Python Worlds that the contract's checks do not cover."""

from __future__ import annotations

from typing import Any

import pytest

from harness.adapters.protocol import Call
from harness.adapters.world import Refusal, WorldClient
from suites.conformance.calls import EventCalls, fresh_id
from tests.worlds.python.running import Place

pytestmark = pytest.mark.slow

EVENTS = EventCalls(5)


def do(world: WorldClient, call: Call) -> Any:
    return world.call(call.method, *call.args)


@pytest.fixture
def run_id(world: WorldClient) -> str:
    run_id = fresh_id("wrun")
    do(world, EVENTS.run_created(run_id))
    do(world, EVENTS.run_started(run_id))
    return run_id


def list_types(world: WorldClient, run_id: str, **pagination: Any) -> list[str]:
    page = world.events.list({"runId": run_id, "pagination": pagination})
    return [event["eventType"] for event in page["data"]]


def test_a_resume_written_twice_is_one_event(place: Place) -> None:
    assert place.run("resume_twice") == {
        "ids": 1,
        "refused": ["HookResumeConflictError"] * 2,
        "resumes": ["resume_1"],
    }


def test_a_repeated_hook_conflict_is_logged_once(world: WorldClient, run_id: str) -> None:
    token = fresh_id("token")
    do(world, EVENTS.hook_created(run_id, "hook_winner", token))
    lost = EVENTS.hook_created(run_id, "hook_loser", token)
    assert do(world, lost)["event"]["eventType"] == "hook_conflict"
    with pytest.raises(Refusal, match="EntityConflictError"):
        do(world, lost)
    assert list_types(world, run_id).count("hook_conflict") == 1


def test_starting_a_step_of_an_ended_run_is_refused_with_a_conflict(
    world: WorldClient, run_id: str
) -> None:
    do(world, EVENTS.step_created(run_id, "step_1"))
    do(world, EVENTS.run_cancelled(run_id))
    # On any other error the handler fails, and is called again.
    with pytest.raises(Refusal, match="EntityConflictError"):
        do(world, EVENTS.step_started(run_id, "step_1"))


def test_a_run_may_fail_without_an_error(world: WorldClient, run_id: str) -> None:
    do(world, EVENTS.create(run_id, "run_failed", None, {"error": None}))
    assert list_types(world, run_id)[-1] == "run_failed"


def test_a_start_without_a_run_logs_run_created_first(world: WorldClient) -> None:
    run_id = fresh_id("wrun")
    data = {"input": b"x", "deploymentId": "d", "workflowName": "w", "attributes": {"a": "1"}}
    started = do(world, EVENTS.create(run_id, "run_started", None, data))
    assert (started["run"]["status"], started["run"]["attributes"]) == ("running", {"a": "1"})
    assert list_types(world, run_id) == ["run_created", "run_started"]


def test_a_growing_log_can_be_listed_in_both_directions(world: WorldClient, run_id: str) -> None:
    for number in range(5):
        do(world, EVENTS.step_created(run_id, f"step_{number}"))
    for order in ("asc", "desc"):
        seen, cursor, more = [], None, True
        while more:
            pagination = {"limit": 2, "cursor": cursor, "sortOrder": order}
            page = world.events.list({"runId": run_id, "pagination": pagination})
            seen += [event["eventId"] for event in page["data"]]
            cursor, more = page["cursor"], page["hasMore"]
        assert seen == sorted(seen, reverse=order == "desc")
        assert len(seen) == 7
    page = world.events.list({"runId": run_id, "pagination": {"cursor": None}})
    do(world, EVENTS.step_created(run_id, "step_late"))
    assert list_types(world, run_id, cursor=page["cursor"]) == ["step_created"]


def test_listing_without_new_events_returns_the_same_cursor(
    world: WorldClient, run_id: str
) -> None:
    cursor = world.events.list({"runId": run_id})["cursor"]
    page = world.events.list({"runId": run_id, "pagination": {"cursor": cursor}})
    assert (page["data"], page["cursor"], page["hasMore"]) == ([], cursor, False)


def test_repeating_each_call_after_an_unknown_commit_has_the_documented_effect(
    place: Place,
) -> None:
    found = place.run("repeat_calls")
    refused = {name: error for name, (_, more, error) in found.items() if error and not more}
    assert refused == {
        **dict.fromkeys(("hook_created", "step_created", "step_completed"), "EntityConflictError"),
        "hook_disposed": "HookNotFoundError",
    }
    unchanged = {name for name, (_, more, error) in found.items() if not error and not more}
    assert unchanged == {"run_started", "hook_received", "streams_close", "queue"}
    logged_again = {"run_cancelled", "attr_set without a correlation id", "step_started"}
    assert all(found[name][1:] == [1, ""] for name in logged_again)
    twice = {name for name, (once, more, _) in found.items() if once and more == once}
    assert twice - logged_again == {
        *("streams_write", "queue without a key", "hook_received without a resume id"),
        "run_created without an id",
    }


def test_changing_events_that_were_read_does_not_change_later_reads(place: Place) -> None:
    assert place.run("change_read_events") is True


def test_large_chunks_are_read_a_few_at_a_time(place: Place) -> None:
    found = place.run("read_large_chunks")
    assert found["pages"] == [[3_000_000, 3_000_000], [10, 9_000_000], [10]]
    assert found["read"] == [3_000_000, 3_000_000, 10, 9_000_000, 10]
