"""Plans, and every fault of a call, a body or the log, in both languages."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from harness.errors import UsageError
from harness.nemesis.plans import (
    Damage,
    Delay,
    Echo,
    Fail,
    Kill,
    Place,
    Redeliver,
    Slow,
    describe_faults,
    find_point,
)
from tests.harness.inside.nemesis.driving import Driver, RefusedError, drive

pytestmark = pytest.mark.slow

CREATING = Place(on="call", method="events.create")


class TestPlans:
    def test_a_plan_belongs_to_the_run_that_is_started(self, driver: Driver) -> None:
        fault = Slow(at=Place(on="call", method="queue"), ms=1)
        driver.ask("start", runId="wrun_1", plan=[fault])
        driver.ask("start", runId="wrun_2", plan=[])
        assert driver.journal("wrun_1").faults() == {0: 1}
        assert not driver.journal("wrun_2").faults()

    def test_later_faults_are_counted_behind_the_first(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Slow(at=Place(on="call", method="queue"), ms=1))
        driver.give_plan("wrun_1", Slow(at=CREATING, ms=1))
        driver.create("wrun_1", "run_created")
        assert driver.journal().faults() == {1: 1}

    @pytest.mark.parametrize(("nth", "times", "hit"), [(1, 1, [0]), (2, 2, [1, 2]), (4, 9, [3])])
    def test_a_fault_happens_to_the_matches_that_it_names(
        self, driver: Driver, nth: int, times: int, hit: list[int]
    ) -> None:
        error = {"name": "ThrottleError", "message": "too many"}
        driver.give_plan("wrun_1", Fail(at=CREATING, nth=nth, times=times, error=error))
        failed = []
        for number in range(4):
            driver.create("wrun_2", "run_created")
            try:
                driver.create("wrun_1", "attr_set")
            except RefusedError:
                failed.append(number)
        assert failed == hit
        assert driver.journal().faults() == {0: len(hit)}

    @pytest.mark.parametrize(
        "place",
        [
            Place(on="call", event="step_completed"),
            Place(on="call", step="once"),
            Place(on="call", method="events.create", event="step_completed", step="once"),
        ],
    )
    def test_a_place_is_as_narrow_as_it_says(self, driver: Driver, place: Place) -> None:
        driver.give_plan("wrun_1", Slow(at=place, ms=1, times=99))
        created = {"eventData": {"stepName": "step//x//twice"}}
        driver.create("wrun_1", "step_created", correlationId="step_2", **created)
        driver.create("wrun_1", "step_started", correlationId="step_2")
        driver.call("queue", "__wkf_workflow_it", {"runId": "wrun_1"}, {})
        assert not driver.journal().faults()
        created = {"eventData": {"stepName": "step//x//once"}}
        driver.create("wrun_1", "step_completed", correlationId="step_1", **created)
        assert driver.journal().faults() == {0: 1}

    @pytest.mark.parametrize(
        ("fault", "message"),
        [
            ({"do": "exlode", "at": {"on": "call"}}, "an unknown fault: exlode"),
            ({"do": "constructor", "at": {"on": "call"}}, "an unknown fault: constructor"),
            ({"do": "kill", "at": {"on": "moon"}}, "an unknown point: moon"),
            ({"do": "kill", "at": {"on": "body", "side": "after"}}, "only a call has sides"),
            (
                {"do": "damage", "at": {"on": "call"}, "change": "eat"},
                "damage has an unknown change: eat",
            ),
            (
                {"do": "redeliver", "at": {"on": "message"}, "when": "never"},
                "redeliver has an unknown when: never",
            ),
        ],
    )
    def test_what_the_nemesis_does_not_know_is_refused(
        self, driver: Driver, fault: dict[str, Any], message: str
    ) -> None:
        good = {"do": "slow", "at": {"on": "call"}, "ms": 1, "nth": 1, "times": 1}
        with pytest.raises(RefusedError, match=message):
            driver.ask("plan", runId="wrun_1", plan=[good, fault])
        driver.create("wrun_1", "run_created")
        assert not driver.journal().faults()

    def test_both_sides_agree_on_what_can_happen_where(self, driver: Driver) -> None:
        needed: dict[str, dict[str, Any]] = {
            "damage": {"change": "drop", "eventId": "e"},
            "echo": {"change": "twice"},
            "redeliver": {"when": "after"},
        }
        wrong = []
        for name, kind in describe_faults().items():
            for on in ("message", "call", "body"):
                fault = {"do": name, "at": {"on": on}, **needed.get(name, {})}
                try:
                    driver.ask("plan", runId="wrun_x", plan=[fault])
                    taken = True
                except RefusedError as error:
                    assert f"the fault {name} cannot happen at a {on}" in str(error)  # noqa: PT017
                    taken = False
                if taken != (on in kind.places):
                    wrong.append((name, on))
        assert not wrong

    @pytest.mark.parametrize(
        ("kind", "setting"), [(Damage, "change"), (Echo, "change"), (Redeliver, "when")]
    )
    def test_both_sides_agree_on_what_can_be_chosen(
        self, driver: Driver, kind: type[Any], setting: str
    ) -> None:
        name, at = kind.__name__.lower(), {"on": kind.places[0]}
        choices = get_args(get_type_hints(kind)[setting])
        assert choices
        for choice in choices:
            driver.ask("plan", runId="wrun_x", plan=[{"do": name, "at": at, setting: choice}])

    def test_the_description_refuses_it_too(self) -> None:
        with pytest.raises(UsageError, match="the fault delay cannot happen at a body"):
            Delay(at=Place(on="body"), ms=1)
        with pytest.raises(UsageError, match="the fault kill cannot happen after a message"):
            Kill(at=Place(on="message", side="after"))


class TestCalls:
    @pytest.mark.parametrize(("side", "written"), [("before", 0), ("after", 1)])
    def test_fail(self, driver: Driver, side: Any, written: int) -> None:
        error = {"name": "TooEarlyError", "message": "not yet", "retryAfter": 3}
        driver.give_plan(
            "wrun_1", Fail(at=Place(on="call", event="attr_set", side=side), error=error)
        )
        with pytest.raises(RefusedError, match="TooEarlyError: not yet") as caught:
            driver.create("wrun_1", "attr_set")
        carried = caught.value.error
        assert carried.get("retryAfter", carried.get("retry_after")) == 3
        assert len(driver.call("events.list", {"runId": "wrun_1"})["data"]) == written
        (call,) = driver.journal().calls("events.create")
        assert call.error == (None if written else "TooEarlyError")
        assert driver.journal().faults() == {0: 1}

    def test_slow(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Slow(at=Place(on="call", event="attr_set"), ms=400))
        event = {"eventType": "attr_set"}
        slow = driver.send("call", method="events.create", args=["wrun_1", event])
        driver.create("wrun_1", "run_started")
        driver.answer(slow)
        first, second = driver.call("events.list", {"runId": "wrun_1"})["data"]
        assert (first["eventType"], second["eventType"]) == ("run_started", "attr_set")
        (call,) = driver.journal().calls(event="attr_set")
        assert call.at_ms - call.began_at_ms > 300

    @pytest.mark.parametrize(("side", "recorded"), [("before", 0), ("after", 1)])
    def test_kill(self, driver: Driver, side: Any, recorded: int) -> None:
        driver.create("wrun_1", "run_created")
        driver.give_plan("wrun_1", Kill(at=Place(on="call", event="step_created", side=side)))
        event = {"eventType": "step_created"}
        driver.send("call", method="events.create", args=["wrun_1", event])
        assert driver.await_death() == -signal.SIGKILL
        assert len(driver.journal().calls(event="step_created")) == recorded
        assert driver.journal().faults() == {0: 1}

    def test_kill_in_a_body(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Kill(at=find_point("in-body").place("once"), nth=2))
        body = {"runId": "wrun_1", "step": "once"}
        driver.ask("body", key="a", **body)
        driver.ask("body", key="b", **{**body, "step": "twice"})
        driver.send("body", key="c", **body)
        assert driver.await_death() == -signal.SIGKILL
        outcomes = {item.key: item.outcome for item in driver.journal("wrun_1").executions()}
        assert outcomes == {"a": "left", "b": "left", "c": "cut off"}

    def test_kill_at_a_message(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Kill(at=Place(on="message", kind="wake")))
        driver.deliver("wrun_1", name="a", runInput={"input": 1})
        driver.send("deliver", message={"runId": "wrun_1", "name": "b"})
        assert driver.await_death() == -signal.SIGKILL
        assert [item.message for item in driver.journal().deliveries()] == ["start"]
        assert driver.journal().faults() == {0: 1}


class TestReading:
    @pytest.fixture
    def log(self, driver: Driver) -> list[str]:
        """Write four events; return their ids."""
        kinds = ("run_created", "run_started", "step_created", "step_started")
        return [driver.create("wrun_1", kind)["event"]["eventId"] for kind in kinds]

    def read(self, driver: Driver, cursor: str | None = None) -> list[tuple[str, str]]:
        pagination = {"pagination": {"cursor": cursor}} if cursor else {}
        page = driver.call("events.list", {"runId": "wrun_1", **pagination})
        return [(event["eventId"], event["eventType"]) for event in page["data"]]

    def test_damage_of_what_is_not_read_is_not_counted(
        self, driver: Driver, log: list[str]
    ) -> None:
        whole = self.read(driver)
        assert [event_id for event_id, _ in whole] == log
        driver.give_plan(
            "wrun_1",
            Damage(change="drop", event_id="evnt_none"),
            Damage(change="swap", event_id=log[0], other_id="evnt_none"),
        )
        assert self.read(driver) == whole
        assert not driver.journal().faults()

    def test_drop(self, driver: Driver, log: list[str]) -> None:
        driver.give_plan("wrun_1", Damage(change="drop", event_id=log[1]))
        assert [event_id for event_id, _ in self.read(driver)] == [log[0], log[2], log[3]]
        self.read(driver)
        assert driver.journal().faults() == {0: 2}

    def test_repeat(self, driver: Driver, log: list[str]) -> None:
        driver.give_plan("wrun_1", Damage(change="repeat", event_id=log[1]))
        ids, kinds = zip(*self.read(driver), strict=True)
        assert kinds == ("run_created", *["run_started"] * 2, "step_created", "step_started")
        assert list(ids) == sorted(set(ids))

    def test_again(self, driver: Driver, log: list[str]) -> None:
        driver.give_plan("wrun_1", Damage(change="again", event_id=log[1]))
        assert [event_id for event_id, _ in self.read(driver)] == [*log[:2], *log[1:]]

    def test_insert_and_replace_keep_the_order_of_the_ids(self, tmp_path: Path) -> None:
        with drive("typescript", tmp_path) as driver:
            log = [driver.create("wrun_1", kind)["event"]["eventId"] for kind in "abc"]
            driver.give_plan(
                "wrun_1",
                Damage(change="insert", event_id=log[1], event={"eventType": "new"}),
                Damage(change="replace", event_id=log[2], other_id=log[0]),
                Damage(change="replace", event_id=log[0], event={"eventType": "other"}),
                Damage(change="replace", event_id=log[0], other_id="evnt_none"),
            )
            ids, kinds = zip(*self.read(driver), strict=True)
            assert kinds == ("other", "b", "new", "a")
            assert list(ids) == sorted({*log, *ids})
            assert driver.journal().faults() == {0: 1, 1: 1, 2: 1}

    def test_swap(self, driver: Driver, log: list[str]) -> None:
        driver.give_plan("wrun_1", Damage(change="swap", event_id=log[1], other_id=log[2]))
        ids, kinds = zip(*self.read(driver), strict=True)
        assert kinds == ("run_created", "step_created", "run_started", "step_started")
        assert list(ids) == log

    def test_echo_twice(self, driver: Driver, log: list[str]) -> None:
        driver.give_plan("wrun_1", Echo(change="twice"))
        assert len(self.read(driver)) == 4
        assert not driver.journal().faults()
        assert [event_id for event_id, _ in self.read(driver, "2")] == [*log[2:], *log[2:]]
        assert driver.journal().faults() == {0: 1}

    def test_echo_early(self, driver: Driver, log: list[str]) -> None:
        driver.give_plan("wrun_1", Echo(change="early"))
        self.read(driver)
        assert [event_id for event_id, _ in self.read(driver, "2")] == log[1:]
        # Nothing new: there is nothing for it to come before.
        assert not self.read(driver, "4")
        assert driver.journal().faults() == {0: 1}
