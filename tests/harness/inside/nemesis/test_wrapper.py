"""The recorder, in both languages, and Worlds of every shape, around a tiny World."""

from __future__ import annotations

import ast
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.nemesis.plans import Fail, Kill, Place, find_point
from tests.harness.inside.nemesis.driving import PYTHON, Driver, Language, RefusedError, drive

pytestmark = pytest.mark.slow

CREATING = Place(on="call", method="events.create")


def test_the_python_wrapper_needs_nothing_but_python_and_the_sdk() -> None:
    allowed = {*sys.stdlib_module_names, "vercel", "world_harness_sdk"}
    for path in (PYTHON / "world_harness_nemesis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            else:
                continue
            assert {name.partition(".")[0] for name in names} <= allowed, path.name


class TestRecording:
    def test_a_run_without_a_plan_is_left_alone_and_recorded(self, driver: Driver) -> None:
        driver.create("wrun_1", "run_created")
        assert driver.deliver("wrun_1", name="a", runInput={"input": 1}) is None
        (entry,) = driver.seen()
        assert (entry["name"], entry["attempt"]) == ("a", 1)
        journal = driver.journal("wrun_1")
        (call,) = journal.calls()
        assert (call.method, call.event, call.event_id) == (
            *("events.create", "run_created"),
            "evnt_0010",
        )
        assert call.began_at_ms <= call.at_ms
        assert call.delivery is None
        (delivery,) = journal.deliveries()
        assert (delivery.message, delivery.attempt, delivery.cause) == ("start", 1, "world")
        assert delivery.delivery == entry["delivery"]
        assert journal.outcomes() == {delivery.delivery: "done"}
        assert not journal.faults()

    def test_messages_are_distinguished(self, driver: Driver) -> None:
        driver.deliver("wrun_1", runInput={"input": 1})
        driver.deliver("wrun_1", stepId="step_1", stepName="step//x//once")
        driver.deliver("wrun_1")
        found = [(item.message, item.step, item.step_id) for item in driver.journal().deliveries()]
        assert found == [
            ("start", None, None),
            ("step", "step//x//once", "step_1"),
            ("wake", None, None),
        ]

    def test_a_message_of_no_run_reaches_the_engine_unrecorded(self, driver: Driver) -> None:
        driver.ask("deliver", message={"__healthCheck": True, "correlationId": "c", "name": "h"})
        driver.ask("deliver", message={"__healthCheck": True, "runId": "wrun_1", "name": "h"})
        assert [entry["name"] for entry in driver.seen()] == ["h", "h"]
        assert not driver.journal().deliveries()

    def test_outcomes_tell_failures_and_wishes(self, driver: Driver) -> None:
        assert driver.deliver("wrun_1", name="a", again=40) == {"timeoutSeconds": 40}
        with pytest.raises(RefusedError, match="b fails"):
            driver.deliver("wrun_1", name="b", fails=1)
        first, second = driver.journal("wrun_1").outcomes().values()
        assert first == "again in 40 s"
        assert second.startswith("error")
        assert second.endswith("Error: b fails")

    def test_a_step_is_known_by_its_name_after_its_creation(self, driver: Driver) -> None:
        named = {"eventData": {"stepName": "step//x//once", "input": "x"}}
        driver.create("wrun_1", "step_started", correlationId="step_1", **named)
        driver.create("wrun_1", "step_completed", correlationId="step_1")
        started, completed = driver.journal().calls()
        assert started.lazy
        assert not completed.lazy
        assert {started.step, completed.step} == {"step//x//once"}
        assert {started.correlation_id, completed.correlation_id} == {"step_1"}
        assert driver.journal().calls(event="step_completed") == [completed]

    def test_messages_that_are_sent(self, driver: Driver) -> None:
        message = {"runId": "wrun_1", "stepId": "step_1", "stepName": "once"}
        driver.call("queue", "__wkf_workflow_it", message, {"idempotencyKey": "step_1"})
        (call,) = driver.journal("wrun_1").calls("queue")
        assert (call.message, call.step_id, call.step, call.key) == (
            *("step", "step_1", "once"),
            "step_1",
        )

    def test_an_error_passes_as_the_same_object_and_is_named(self, driver: Driver) -> None:
        with pytest.raises(RefusedError) as caught:
            driver.create("wrun_1", "throw")
        assert caught.value.error["own"]
        assert caught.value.error["message"] == "the World's own"
        (call,) = driver.journal("wrun_1").calls()
        assert call.error == "EntityConflictError"
        assert call.event_id is None

    def test_what_the_harness_asks_for_itself_is_not_recorded(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Fail(at=CREATING, error={"name": "E", "message": "m"}))
        asked: dict[str, Any] = {"method": "events.create"}
        driver.ask("quietly", args=["wrun_1", {"eventType": "run_created"}], **asked)
        assert not driver.journal().records

    def test_bodies(self, driver: Driver) -> None:
        body = {"runId": "wrun_1", "key": "k", "step": "once"}
        with pytest.raises(RefusedError, match="k fails"):
            driver.ask("body", fails=True, **body)
        assert driver.ask("body", **body) == {"entered": 2, "failed": 1}
        assert driver.ask("body", **{**body, "key": "other"}) == {"entered": 1, "failed": 0}
        first, second = driver.journal("wrun_1").executions("k")
        assert (first.outcome, second.outcome) == ("failed", "left")
        assert (first.step_id, first.attempt) == ("step_k", 1)
        assert len(driver.journal().executions()) == 3

    def test_an_effect_is_done_once(self, driver: Driver) -> None:
        odd = "step/../_*é"
        done = [driver.ask("effect", runId="wrun_1", key=key) for key in (odd, odd, "b")]
        assert done == [True, False, True]
        assert [item.first for item in driver.journal("wrun_1").effects()] == done


def test_a_python_stream_is_read_as_it_was(tmp_path: Path) -> None:
    with drive("python", tmp_path) as driver:
        assert driver.call("streams.get", "wrun_1", "s", 1) == ["chunk 1", "chunk 2"]
        error = {"name": "ConnectionError", "message": "cut"}
        driver.give_plan("wrun_1", Fail(at=Place(on="call", method="streams.get"), error=error))
        with pytest.raises(RefusedError, match="ConnectionError: cut"):
            driver.call("streams.get", "wrun_1", "s")
        first, second = driver.journal("wrun_1").calls("streams.get")
        assert (first.error, second.error) == (None, "ConnectionError")


class TestTypeScriptWorlds:
    """Worlds of every shape that the SDK's lines take."""

    language: Language = "typescript"

    @pytest.mark.parametrize(
        "subject",
        [
            "{ createWorld: () => new TinyWorld() }",
            "{ createWorld: async () => new TinyWorld() }",
            "{ createLocalWorld: () => new TinyWorld() }",
            "{ default: () => new TinyWorld() }",
            "{ default: new TinyWorld() }",
        ],
    )
    def test_every_way_to_make_one(self, tmp_path: Path, subject: str) -> None:
        with drive(self.language, tmp_path, subject=subject) as driver:
            driver.create("wrun_1", "run_created")
            driver.deliver("wrun_1", name="a")
            assert len(driver.seen()) == 1
            assert len(driver.journal().calls()) == 1

    @pytest.mark.parametrize(
        "subject", ["{ default: 7 }", "{}", "{ createWorld: () => ({ queue() {} }) }"]
    )
    def test_what_is_no_world_is_refused(self, tmp_path: Path, subject: str) -> None:
        with drive(self.language, tmp_path, subject=subject) as driver:
            assert driver.await_death() == 1
        assert "cannot be wrapped" in (tmp_path / "errors").read_text()

    def test_a_world_without_batches_stays_without(self, tmp_path: Path) -> None:
        with drive(self.language, tmp_path) as driver:
            assert sorted(driver.ask("members", area="events")) == ["create", "list"]

    def test_batches_are_recorded_and_their_events_are_points(self, tmp_path: Path) -> None:
        subject = "{ createWorld: () => new TinyWorld({ batches: true }) }"
        with drive(self.language, tmp_path, subject=subject) as driver:
            items = [
                {"event": {"eventType": kind, "correlationId": "step_1"}}
                for kind in ("step_completed", "run_completed")
            ]
            driver.call("events.createBatch", "wrun_1", items)
            (call,) = driver.journal("wrun_1").calls(event="run_completed")
            assert call.events == ("step_completed", "run_completed")
            driver.give_plan("wrun_1", Kill(at=find_point("before-the-end").place()))
            driver.send("call", method="events.createBatch", args=["wrun_1", items])
            assert driver.await_death() == -signal.SIGKILL
            assert len(driver.journal().calls()) == 1

    def test_flat_streams_name_their_run_second(self, tmp_path: Path) -> None:
        subject = "{ createWorld: () => new TinyWorld({ flat: true }) }"
        with drive(self.language, tmp_path, subject=subject) as driver:
            driver.call("writeToStream", "strm_1", "wrun_1", "chunk")
            (call,) = driver.journal("wrun_1").calls("writeToStream")
            assert call.error is None

    def test_a_method_that_answers_at_once_does_so_still(self, tmp_path: Path) -> None:
        with drive(self.language, tmp_path) as driver:
            assert driver.ask("session") == {"opened": True}
