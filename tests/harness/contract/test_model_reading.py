"""The model of a World: hooks and tokens, pages, deltas, streams, the queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from harness.contract.model import RULES, Model, Refused, Rehearsal

EVERY_LINE = tuple(RULES)
V5 = ("v5", "v5-latest")


def rehearse(line: str) -> Rehearsal:
    return Rehearsal(Model(RULES[line]))


@pytest.fixture(params=EVERY_LINE)
def world(request: pytest.FixtureRequest) -> Rehearsal:
    return rehearse(request.param)


@pytest.fixture
def latest() -> Rehearsal:
    return rehearse("v5-latest")


def claim(world: Rehearsal, run: str, hook: str, token: str = "t", **more: object) -> Any:
    return world.create(run, "hook_created", hook, {"token": token, "metadata": b"m", **more})


def walk(world: Rehearsal, method: str, options: dict[str, Any], limit: int) -> list[Any]:
    seen: list[Any] = []
    cursor = None
    while True:
        pagination = {**options.get("pagination", {}), "limit": limit, "cursor": cursor}
        page = world.call(method, {**options, "pagination": pagination})
        seen += page["data"]
        assert len(page["data"]) <= limit
        if not page["hasMore"]:
            return seen
        cursor = page["cursor"]


class TestHooks:
    def test_a_token_has_one_holder_and_the_loser_is_told(self, world: Rehearsal) -> None:
        run, other = world.begin_run(), world.begin_run()
        assert claim(world, run, "hook_1")["event"]["eventType"] == "hook_created"
        lost = claim(world, other, "hook_2")
        assert "hook" not in lost
        assert lost["event"]["eventType"] == "hook_conflict"
        assert lost["event"]["correlationId"] == "hook_2"
        assert lost["event"]["eventData"] == {"token": "t", "conflictingRunId": run}
        assert claim(world, run, "hook_3")["event"]["eventType"] == "hook_conflict"
        assert world.call("hooks.getByToken", "t")["hookId"] == "hook_1"
        assert len(world.call("hooks.list", {})["data"]) == 1

    def test_a_hook_never_clashes_with_itself(self, world: Rehearsal) -> None:
        run = world.begin_run()
        claim(world, run, "hook_1")
        with pytest.raises(Refused, match="EntityConflictError"):
            claim(world, run, "hook_1")
        assert world.list_types(run)[2:] == ["hook_created"]

    def test_every_resume_is_an_event_until_the_disposal(self, world: Rehearsal) -> None:
        run = world.begin_run()
        claim(world, run, "hook_1")
        for payload in range(3):
            world.create(run, "hook_received", "hook_1", {"payload": payload})
        world.create(run, "hook_disposed", "hook_1")
        for event_type in ("hook_received", "hook_disposed"):
            with pytest.raises(Refused, match="HookNotFoundError"):
                world.create(run, event_type, "hook_1", {"payload": 9})
        assert world.list_types(run)[3:] == ["hook_received"] * 3 + ["hook_disposed"]

    @pytest.mark.parametrize("end", ["hook_disposed", "run_completed", "run_failed"])
    def test_an_end_frees_the_token_at_once(self, world: Rehearsal, end: str) -> None:
        run, other = world.begin_run(), world.begin_run()
        claim(world, run, "hook_1")
        world.create(run, end, "hook_1" if end.startswith("hook") else None, {"error": 1})
        for method, name in (("hooks.getByToken", "t"), ("hooks.get", "hook_1")):
            with pytest.raises(Refused, match="HookNotFoundError"):
                world.call(method, name)
        assert claim(world, other, "hook_2")["event"]["eventType"] == "hook_created"

    def test_a_retained_token_outlives_its_run(self, latest: Rehearsal) -> None:
        run, other = latest.begin_run(), latest.begin_run()
        claim(latest, run, "hook_1", tokenRetentionUntil=latest.now + timedelta(hours=1))
        latest.create(run, "run_completed", data={})
        assert latest.call("hooks.getByToken", "t")["runId"] == run
        assert claim(latest, other, "hook_2")["event"]["eventType"] == "hook_conflict"
        latest.wait(3600)
        assert claim(latest, other, "hook_2")["event"]["eventType"] == "hook_created"

    def test_a_token_is_not_retained_for_ever(self, latest: Rehearsal) -> None:
        run = latest.begin_run()
        with pytest.raises(Refused) as caught:
            claim(latest, run, "h_1", tokenRetentionUntil=latest.now + timedelta(days=31))
        assert caught.value.status == 400

    def test_a_repeated_resume_is_one_event(self, latest: Rehearsal) -> None:
        run = latest.begin_run()
        claim(latest, run, "hook_1")
        first, second = (
            latest.create(run, "hook_received", "hook_1", {"payload": 1}, resumeId="r_1")["event"]
            for _ in range(2)
        )
        assert first == second
        assert latest.list_types(run)[3:] == ["hook_received"]


class TestPages:
    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("limit", [1, 7, 1000])
    def test_a_walk_sees_every_run_once(self, world: Rehearsal, order: str, limit: int) -> None:
        runs = [world.begin_run(started=index % 2 == 0) for index in range(20)]
        options = {"workflowName": "work", "status": "running", "pagination": {"sortOrder": order}}
        seen = [run["runId"] for run in walk(world, "runs.list", options, limit)]
        assert seen == runs[::2][:: 1 if order == "asc" else -1]
        assert world.call("runs.list", {"workflowName": "other"})["data"] == []

    def test_a_page_that_ends_exactly_has_no_more(self, world: Rehearsal) -> None:
        run = world.begin_run()
        page = world.call("events.list", {"runId": run, "pagination": {"limit": 2}})
        assert not page["hasMore"]
        world.create(run, "run_cancelled")
        rest = {"runId": run, "pagination": {"cursor": page["cursor"]}}
        assert [event["eventType"] for event in world.call("events.list", rest)["data"]] == [
            "run_cancelled"
        ]

    def test_several_statuses_and_none_at_all(self, latest: Rehearsal) -> None:
        latest.begin_run()
        latest.begin_run(started=False)
        assert len(latest.call("runs.list", {"status": ["running", "pending"]})["data"]) == 2
        assert latest.call("runs.list", {"status": []})["data"] == []

    def test_without_payloads_names_stay(self, world: Rehearsal) -> None:
        run = world.begin_run()
        claim(world, run, "hook_1")
        bare = {"resolveData": "none"}
        page = world.call("events.list", {"runId": run, **bare})
        assert page["data"][0]["eventData"] == {"deploymentId": "dpl_1", "workflowName": "work"}
        assert page["data"][2]["eventData"] == {"token": "t"}
        whole = world.call("runs.get", run)
        assert set(whole) - set(world.call("runs.get", run, bare)) == {"input"}
        assert "metadata" not in world.call("hooks.get", "hook_1", bare)

    def test_events_are_found_in_their_run_only(self, world: Rehearsal) -> None:
        run, other = world.begin_run(), world.begin_run()
        for owner in (run, other):
            world.create(owner, "step_created", "step_1", {"stepName": "add"})
        scoped = world.call("events.listByCorrelationId", {"correlationId": "step_1", "runId": run})
        assert [event["runId"] for event in scoped["data"]] == [run]
        event = scoped["data"][0]
        assert world.call("events.get", run, event["eventId"]) == event
        if not world.model.rules.slots:
            with pytest.raises(Refused):
                world.call("events.get", other, event["eventId"])

    def test_nobody_can_change_what_is_stored(self, world: Rehearsal) -> None:
        payload = {"list": [1, 2]}
        run = world.begin_run()
        world.create(run, "step_created", "step_1", {"stepName": "add", "input": payload})
        payload["list"].append(3)
        world.call("steps.get", run, "step_1")["input"]["list"].append(4)
        assert world.call("steps.get", run, "step_1")["input"] == {"list": [1, 2]}


class TestDeltas:
    @pytest.mark.parametrize("line", V5)
    def test_a_writer_learns_what_came_since_its_cursor(self, line: str) -> None:
        world = rehearse(line)
        run, other = world.begin_run(), world.begin_run()
        claim(world, other, "hook_9")
        cursor = world.call("events.list", {"runId": run})["cursor"]
        world.create(run, "step_created", "step_1", {"stepName": "add"})
        answer = world.create(run, "hook_created", "hook_1", {"token": "t"}, sinceCursor=cursor)
        types = [event["eventType"] for event in answer["events"]]
        assert types == ["step_created", "hook_conflict"]
        rest = {"runId": run, "pagination": {"cursor": answer["cursor"]}}
        assert world.call("events.list", rest)["data"] == []

    def test_a_count_is_bumped_and_reported(self, latest: Rehearsal) -> None:
        run = latest.begin_run()
        for index in range(3):
            latest.create(run, "step_created", f"s_{index}", {"stepName": "add"})
        answer = latest.create(run, "step_started", "s_0", eventCount=3)
        assert [event["correlationId"] for event in answer["events"]] == ["s_1", "s_2"]
        ahead = latest.create(run, "step_started", "s_1", eventCount=99)
        assert "events" not in ahead
        assert ahead["event"]["eventId"].endswith("7")

    def test_a_start_brings_the_events(self, world: Rehearsal) -> None:
        run = world.begin_run(started=False)
        answer = world.create(run, "run_started")
        page = world.call("events.list", {"runId": run})
        assert (answer["events"], answer["cursor"]) == (page["data"], page["cursor"])
        assert answer["maxEvents"] == 25_000
        again = world.create(run, "run_started")
        assert ("events" in again) is (world.model.rules.shape == "v5")
        assert "events" not in world.create(run, "run_started", skipPreload=True)

    def test_a_batch_answers_each_item(self, latest: Rehearsal) -> None:
        run = latest.begin_run()
        step = {"eventType": "step_created", "correlationId": "s_1", "eventData": {"stepName": "a"}}
        started = {"eventType": "step_started", "correlationId": "s_1"}
        items = [{"event": event} for event in (step, step, started)]
        answers = latest.call("events.createBatch", run, items)
        assert [answer["status"] for answer in answers] == [200, 409, 200]
        assert answers[1]["error"] == "EntityConflictError"
        assert latest.list_types(run)[2:] == ["step_created", "step_started"]
        with pytest.raises(Refused):
            latest.call("events.createBatch", run, [{"event": {"eventType": "run_cancelled"}}])


class TestStreams:
    def test_the_first_close_is_the_end(self, world: Rehearsal) -> None:
        for chunk in (b"a", b"", b"c"):
            world.call("streams.write", "wrun_1", "out", chunk)
        assert world.call("streams.getInfo", "wrun_1", "out") == {"tailIndex": 2, "done": False}
        world.call("streams.close", "wrun_1", "out")
        world.call("streams.writeMulti", "wrun_1", "out", [b"late"])
        world.call("streams.close", "wrun_1", "out")
        assert world.call("streams.getInfo", "wrun_1", "out") == {"tailIndex": 2, "done": True}
        assert world.model.glance("wrun_1", "out", 0) == ([b"a", b"c"], 3, True)
        assert world.model.glance("wrun_1", "out", 5) == ([], 5, True)
        starts = [world.model.find_start("wrun_1", "out", index) for index in (-5, -1, 0, 2)]
        assert starts == [0, 2, 0, 2]

    def test_pages_of_chunks(self, world: Rehearsal) -> None:
        world.call("streams.writeMulti", "wrun_1", "out", [bytes([index]) for index in range(25)])
        assert world.call("streams.list", "wrun_1") == ["out"]
        seen, cursor = [], None
        while True:
            options = {"limit": 7, "cursor": cursor}
            page = world.call("streams.getChunks", "wrun_1", "out", options)
            seen += page["data"]
            cursor = page["cursor"]
            if not page["hasMore"]:
                break
        assert [chunk["index"] for chunk in seen] == list(range(25))
        assert [chunk["data"][0] for chunk in seen] == list(range(25))
        assert page["done"] is False

    def test_an_unknown_stream_is_empty(self, world: Rehearsal) -> None:
        assert world.call("streams.getInfo", "wrun_1", "none") == {"tailIndex": -1, "done": False}
        assert world.call("streams.list", "wrun_1") == []


class TestQueue:
    def lease(self, world: Rehearsal, owner: str = "a") -> Any:
        return world.call("queue.lease", owner)

    def test_a_message_stays_until_it_was_consumed(self, world: Rehearsal) -> None:
        sent = world.call("queue", "__wkf_workflow_w", {"b": b"\x00"}, {})["messageId"]
        for attempt in (1, 2, 3):
            message = self.lease(world)
            assert (message.message_id, message.attempt) == (sent, attempt)
            assert message.payload == {"b": b"\x00"}
            assert self.lease(world) is None
            world.call("queue.fail", sent, "a", 0.2)
            assert self.lease(world) is None
            world.wait(0.2)
        self.lease(world)
        world.call("queue.ack", sent, "a")
        assert self.lease(world) is None

    def test_a_delay_holds_a_message_back(self, world: Rehearsal) -> None:
        world.call("queue", "q", 1, {"delaySeconds": 2})
        world.wait(1.9)
        assert self.lease(world) is None
        world.wait(0.2)
        assert self.lease(world)

    def test_deferring_a_message_does_not_count_as_an_attempt(self, world: Rehearsal) -> None:
        sent = world.call("queue", "q", 1)["messageId"]
        for _ in range(60):
            message = self.lease(world)
            assert message.attempt == 1
            world.call("queue.defer", sent, "a", 0)

    def test_a_key_holds_while_its_message_is_pending(self, world: Rehearsal) -> None:
        first = world.call("queue", "q", 1, {"idempotencyKey": "k"})
        self.lease(world)
        assert world.call("queue", "q", 1, {"idempotencyKey": "k"}) == first
        world.call("queue.ack", first["messageId"], "a")
        assert world.call("queue", "q", 1, {"idempotencyKey": "k"}) != first

    def test_messages_of_a_dead_owner_are_due_again(self, world: Rehearsal) -> None:
        world.call("queue", "q", 1)
        self.lease(world, "dead")
        assert world.call("queue.expire", "dead") == 1
        message = self.lease(world, "alive")
        assert message.attempt == 2
        world.call("queue.ack", message.message_id, "dead")
        assert world.model.state.messages
