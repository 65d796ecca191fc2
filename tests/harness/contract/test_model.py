"""The model of a World: runs, steps, waits, attributes, and what a refused call leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from harness.contract.model import RULES, Model, Refused, Rehearsal, read_slot

BIRTH = {"deploymentId": "dpl_1", "workflowName": "work", "input": b"in"}
EVERY_LINE = tuple(RULES)
V5 = ("v5", "v5-latest")
ENDS: dict[str, dict[str, Any]] = {
    "run_completed": {"output": b"out"},
    "run_failed": {"error": b"bad", "errorCode": "USER_ERROR"},
    "run_cancelled": {},
}


def rehearse(line: str) -> Rehearsal:
    return Rehearsal(Model(RULES[line]))


@pytest.fixture(params=EVERY_LINE)
def world(request: pytest.FixtureRequest) -> Rehearsal:
    return rehearse(request.param)


def refusal(call: Callable[..., Any], *args: Any, **params: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(*args, **params)
    return caught.value.name


def missing_run(world: Rehearsal) -> str:
    return "RuntimeError" if world.model.rules.line == "py" else "WorkflowRunNotFoundError"


def make_step(world: Rehearsal, run: str, name: str = "step_1", *, starts: int = 0) -> str:
    world.create(run, "step_created", name, {"stepName": "add", "input": b"x"})
    for _ in range(starts):
        world.create(run, "step_started", name)
    return name


class TestRuns:
    def test_a_run_is_created_once(self, world: Rehearsal) -> None:
        run = world.begin_run(started=False)
        assert refusal(world.create, run, "run_created", data=BIRTH) == "EntityConflictError"
        assert world.list_types(run) == ["run_created"]
        assert world.call("runs.get", run)["status"] == "pending"

    def test_the_world_names_a_run_that_has_no_id(self, world: Rehearsal) -> None:
        made = world.create(None, "run_created", data=BIRTH)
        assert made["run"]["runId"] == made["event"]["runId"]
        assert world.call("runs.get", made["run"]["runId"])["input"] == b"in"

    @pytest.mark.parametrize("age", [timedelta(hours=25), -timedelta(minutes=6)])
    def test_an_id_with_a_distant_time_is_refused(self, world: Rehearsal, age: timedelta) -> None:
        run = world.name("wrun")
        world.now += age
        assert refusal(world.create, run, "run_created", data=BIRTH) == "WorkflowWorldError"

    @pytest.mark.parametrize("run", ["../../x", "wrun_", "*", "wrun_" + "I" * 26, "x" * 5000])
    def test_an_invalid_run_id_is_refused(self, world: Rehearsal, run: str) -> None:
        assert refusal(world.create, run, "run_created", data=BIRTH) == "WorkflowWorldError"

    def test_a_second_start_appends_nothing_and_moves_nothing(self, world: Rehearsal) -> None:
        run = world.begin_run()
        first = world.call("runs.get", run)
        again = world.create(run, "run_started")
        assert "event" not in again
        assert again["run"] == first
        assert world.list_types(run) == ["run_created", "run_started"]

    def test_a_start_with_data_makes_the_run_and_its_creation_comes_first(
        self, world: Rehearsal
    ) -> None:
        run = world.name("wrun")
        made = world.create(run, "run_started", data=BIRTH)
        assert made["run"]["status"] == "running"
        created, started = world.call("events.list", {"runId": run})["data"]
        assert (created["eventType"], created["eventData"]) == ("run_created", BIRTH)
        assert started["eventType"] == "run_started"
        assert "eventData" not in started
        assert made["event"] == started
        assert refusal(world.create, run, "run_created", data=BIRTH) == "EntityConflictError"

    def test_a_start_without_data_needs_a_run(self, world: Rehearsal) -> None:
        run = world.name("wrun")
        assert refusal(world.create, run, "run_started") == missing_run(world)
        assert world.list_types(run) == []

    @pytest.mark.parametrize("end", ENDS)
    def test_an_end_is_final(self, world: Rehearsal, end: str) -> None:
        run = world.begin_run()
        assert world.create(run, end, data=ENDS[end])["run"]["status"] == end.removeprefix("run_")
        for other in ENDS:
            if {end, other} != {"run_cancelled"}:
                assert refusal(world.create, run, other, data=ENDS[other]) == "EntityConflictError"
        late = "EntityConflictError" if world.model.rules.line == "py" else "RunExpiredError"
        assert refusal(world.create, run, "run_started") == late
        assert world.list_types(run) == ["run_created", "run_started", end]

    def test_a_run_can_be_cancelled_twice(self, world: Rehearsal) -> None:
        run = world.begin_run()
        world.create(run, "run_cancelled")
        assert world.create(run, "run_cancelled")["run"]["status"] == "cancelled"

    @pytest.mark.parametrize("end", ENDS)
    def test_nothing_new_begins_in_an_ended_run(self, world: Rehearsal, end: str) -> None:
        run = world.begin_run()
        world.create(run, "hook_created", "hook_1", {"token": "t"})
        world.create(run, "wait_created", "wait_1", {"resumeAt": world.now})
        world.create(run, end, data=ENDS[end])
        length = len(world.list_types(run))
        step = {"stepName": "add", "input": 1}
        conflict = "EntityConflictError"
        assert refusal(world.create, run, "step_created", "step_1", step) == conflict
        assert refusal(world.create, run, "hook_created", "hook_2", {"token": "u"}) == conflict
        assert refusal(world.create, run, "wait_created", "w", {"resumeAt": world.now}) == conflict
        assert refusal(world.create, run, "wait_completed", "wait_1") == "WorkflowWorldError"
        gone = "HookNotFoundError"
        assert refusal(world.create, run, "hook_received", "hook_1", {"payload": 1}) == gone
        assert refusal(world.create, run, "hook_disposed", "hook_1") == gone
        assert len(world.list_types(run)) == length

    @pytest.mark.parametrize(
        ("event_type", "data"),
        [
            ("run_completed", {}),
            ("run_failed", {"error": 1}),
            ("run_cancelled", {}),
            ("step_created", {"stepName": "add", "input": 1}),
            ("step_started", {}),
            ("step_completed", {"result": 1}),
            ("hook_created", {"token": "t"}),
            ("hook_received", {"payload": 1}),
            ("wait_created", {"resumeAt": "2026-01-01T00:00:00Z"}),
            ("wait_completed", {}),
        ],
    )
    def test_every_event_needs_its_run(
        self, world: Rehearsal, event_type: str, data: dict[str, Any]
    ) -> None:
        run = world.name("wrun")
        name = None if event_type.startswith("run") else "any_1"
        assert refusal(world.create, run, event_type, name, data) == missing_run(world)
        assert world.list_types(run) == []

    def test_a_run_of_a_later_spec_is_not_touched(self, world: Rehearsal) -> None:
        run = world.name("wrun")
        event = {"eventType": "run_created", "specVersion": 99, "eventData": BIRTH}
        world.call("events.create", run, event)
        assert refusal(world.create, run, "run_started") == "RunNotSupportedError"

    @pytest.mark.parametrize("event_type", ["foo_bar", "noop", "hook_conflict", None])
    def test_only_known_event_types_for_clients_are_accepted(
        self, world: Rehearsal, event_type: Any
    ) -> None:
        run = world.begin_run()
        assert refusal(world.create, run, event_type, "c_1", {"token": "t"}) == "WorkflowWorldError"
        assert world.list_types(run) == ["run_created", "run_started"]


class TestSteps:
    def test_creation_is_a_claim(self, world: Rehearsal) -> None:
        run = world.begin_run()
        step = make_step(world, run)
        shown = world.call("steps.get", run, step)
        assert (shown["status"], shown["attempt"], shown["input"]) == ("pending", 0, b"x")
        again = {"stepName": "add", "input": 1}
        assert refusal(world.create, run, "step_created", step, again) == "EntityConflictError"
        assert world.call("steps.get", run, step) == shown

    def test_each_start_counts(self, world: Rehearsal) -> None:
        run = world.begin_run()
        step = make_step(world, run)
        starts = [world.create(run, "step_started", step)["step"] for _ in range(4)]
        assert [shown["attempt"] for shown in starts] == [1, 2, 3, 4]
        assert len({shown["startedAt"] for shown in starts}) == 1

    @pytest.mark.parametrize("end", ["step_completed", "step_failed"])
    def test_an_outcome_is_final(self, world: Rehearsal, end: str) -> None:
        run = world.begin_run()
        step = make_step(world, run, starts=1)
        world.create(run, end, step, {"result": 7, "error": "bad"})
        for event_type in ("step_started", "step_completed", "step_failed", "step_retrying"):
            data = {"result": 1, "error": 1}
            assert refusal(world.create, run, event_type, step, data) == "EntityConflictError"
        shown = world.call("steps.get", run, step)
        assert shown["status"] == end.removeprefix("step_")
        assert shown.get("output") == (7 if end == "step_completed" else None)

    @pytest.mark.parametrize("line", V5)
    def test_a_start_with_the_input_creates_the_step(self, line: str) -> None:
        world = rehearse(line)
        run = world.begin_run()
        data = {"stepName": "add", "input": b"x"}
        made = world.create(run, "step_started", "step_1", data)
        assert made["stepCreated"] is True
        assert made["step"]["attempt"] == 1
        created, started = world.call("events.list", {"runId": run})["data"][2:]
        assert (created["eventType"], created["eventData"]) == ("step_created", data)
        assert (started["eventType"], started["eventData"]) == ("step_started", {"stepName": "add"})
        assert refusal(world.create, run, "step_started", "step_1", data) == "EntityConflictError"

    @pytest.mark.parametrize("line", ["v4", "py"])
    def test_other_lines_need_the_step_first(self, line: str) -> None:
        world = rehearse(line)
        run = world.begin_run()
        data = {"stepName": "add", "input": b"x"}
        assert refusal(world.create, run, "step_started", "s_1", data) == "WorkflowWorldError"

    def test_a_retry_goes_back_and_waits(self, world: Rehearsal) -> None:
        run = world.begin_run()
        step = make_step(world, run, starts=1)
        later = world.now + timedelta(seconds=1.5)
        started_at = world.call("steps.get", run, step)["startedAt"]
        world.create(run, "step_retrying", step, {"error": "bad", "retryAfter": later})
        shown = world.call("steps.get", run, step)
        assert (shown["status"], shown["attempt"], shown["error"]) == ("pending", 1, "bad")
        assert shown["retryAfter"] == later
        with pytest.raises(Refused) as caught:
            world.create(run, "step_started", step)
        assert (caught.value.name, caught.value.retry_after) == ("TooEarlyError", 2)
        assert world.call("steps.get", run, step) == shown
        world.wait(1.5)
        again = world.create(run, "step_started", step)["step"]
        assert (again["attempt"], again["startedAt"]) == (2, started_at)
        assert "retryAfter" not in again

    def test_only_a_running_step_may_end_after_its_run(self, world: Rehearsal) -> None:
        run = world.begin_run()
        running, pending = make_step(world, run, "s_1", starts=1), make_step(world, run, "s_2")
        world.create(run, "run_cancelled")
        assert refusal(world.create, run, "step_started", running) == "RunExpiredError"
        assert refusal(world.create, run, "step_completed", pending, {"result": 1}) == (
            "RunExpiredError"
        )
        world.create(run, "step_completed", running, {"result": 1})
        assert world.call("steps.get", run, running)["status"] == "completed"
        assert world.call("runs.get", run)["status"] == "cancelled"

    def test_a_step_belongs_to_its_run(self, world: Rehearsal) -> None:
        run, other = world.begin_run(), world.begin_run()
        step = make_step(world, run)
        assert refusal(world.call, "steps.get", other, step)
        assert refusal(world.create, other, "step_started", step) == "WorkflowWorldError"

    def test_v4_finds_a_step_without_its_run(self) -> None:
        world = rehearse("v4")
        step = make_step(world, world.begin_run())
        assert world.call("steps.get", None, step)["stepId"] == step


class TestWaits:
    def test_a_wait_is_created_once_and_completed_once(self, world: Rehearsal) -> None:
        run = world.begin_run()
        resume_at = world.now + timedelta(milliseconds=1234)
        assert refusal(world.create, run, "wait_completed", "w_1") == "WorkflowWorldError"
        wait = world.create(run, "wait_created", "w_1", {"resumeAt": resume_at})["wait"]
        assert (wait["status"], wait["resumeAt"]) == ("waiting", resume_at)
        data = {"resumeAt": resume_at}
        assert refusal(world.create, run, "wait_created", "w_1", data) == "EntityConflictError"
        done = world.create(run, "wait_completed", "w_1")["wait"]
        assert (done["status"], done["resumeAt"]) == ("completed", resume_at)
        assert refusal(world.create, run, "wait_completed", "w_1") == "EntityConflictError"
        assert world.list_types(run)[2:] == ["wait_created", "wait_completed"]


class TestAttributes:
    @pytest.fixture(params=["v5", "v5-latest", "py"])
    def world(self, request: pytest.FixtureRequest) -> Rehearsal:
        return rehearse(request.param)

    def set(self, world: Rehearsal, run: str, *changes: tuple[str, Any]) -> Any:
        data = {
            "changes": [{"key": key, "value": value} for key, value in changes],
            "writer": {"type": "workflow"},
        }
        return world.create(run, "attr_set", world.name("attr"), data)["run"]["attributes"]

    def test_changes_merge_in_order(self, world: Rehearsal) -> None:
        run = world.begin_run()
        assert self.set(world, run, ("a", "1"), ("b", "2")) == {"a": "1", "b": "2"}
        assert self.set(world, run, ("a", None), ("c", "")) == {"b": "2", "c": ""}

    @pytest.mark.parametrize(
        "changes",
        [
            [("", "1")],
            [("k" * 257, "1")],
            [("$root", "1")],
            [("k", "é" * 129)],
            [("k", 1)],
            [("k", "1"), ("k", "2")],
            [(f"k{index}", "1") for index in range(65)],
            [(f"k{index}", "1") for index in range(65)] + [("unknown", None)],
        ],
    )
    def test_limits_hold(self, world: Rehearsal, changes: list[tuple[str, Any]]) -> None:
        run = world.begin_run()
        invalid = (
            "WorkflowWorldError" if world.model.rules.line == "py" else "AttributeValidationError"
        )
        assert refusal(self.set, world, run, *changes) == invalid
        assert world.call("runs.get", run)["attributes"] == {}
        assert len(world.list_types(run)) == 2

    def test_limits_can_be_reached(self, world: Rehearsal) -> None:
        run = world.begin_run()
        full = [(f"k{index}".ljust(256, "-"), "é" * 128) for index in range(64)]
        assert len(self.set(world, run, *full)) == 64

    def test_a_name_is_a_claim(self, world: Rehearsal) -> None:
        run = world.begin_run()
        data = {"changes": [{"key": "a", "value": "1"}], "writer": {"type": "workflow"}}
        world.create(run, "attr_set", "attr_1", data)
        assert refusal(world.create, run, "attr_set", "attr_1", data) == "EntityConflictError"
        world.create(run, "run_completed", data={})
        assert refusal(world.create, run, "attr_set", "attr_2", data) == "EntityConflictError"
        missing = world.name("wrun")
        assert refusal(world.create, missing, "attr_set", "attr_3", data) == missing_run(world)


def test_v4_has_no_attributes() -> None:
    world = rehearse("v4")
    run = world.begin_run()
    assert "attributes" not in world.call("runs.get", run)
    assert refusal(world.create, run, "attr_set", "attr_1", {"changes": []}) == "WorkflowWorldError"


def test_v4_refuses_a_writer_that_has_not_seen_what_came_from_outside() -> None:
    world = rehearse("v4")
    run = world.begin_run()
    world.create(run, "hook_created", "hook_1", {"token": "t"})
    received = world.create(run, "hook_received", "hook_1", {"payload": 1})["event"]
    marker = int(received["createdAt"].timestamp() * 1000)
    step = {"stepName": "add", "input": 1}
    stale = refusal(world.create, run, "step_created", "s_1", step, stateUpdatedAt=marker - 1)
    assert stale == "PreconditionFailedError"
    world.create(run, "step_created", "s_1", step, stateUpdatedAt=marker)
    world.create(run, "step_completed", "s_1", {"result": 1}, stateUpdatedAt=marker)
    world.create(run, "run_completed", data={}, stateUpdatedAt=marker)


def test_slots_name_events_by_their_place() -> None:
    world = rehearse("v5-latest")
    run = world.begin_run()
    world.create(run, "step_started", "s_1", {"stepName": "add", "input": 1})
    refusal(world.create, run, "step_created", "s_1", {"stepName": "add"})
    world.create(run, "step_completed", "s_1", {"result": 1})
    events = world.call("events.list", {"runId": run})["data"]
    assert [read_slot(event["eventId"]) for event in events] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("line", ["v4", "v5", "py"])
def test_other_event_ids_rise(line: str) -> None:
    world = rehearse(line)
    run = world.begin_run()
    make_step(world, run, starts=20)
    ids = [event["eventId"] for event in world.call("events.list", {"runId": run})["data"]]
    assert ids == sorted(set(ids))
    assert read_slot(ids[0]) is None


def test_an_unknown_method_of_a_line_is_a_lookup_error() -> None:
    with pytest.raises(LookupError):
        rehearse("v4").call("events.createBatch", "wrun_1", [])
