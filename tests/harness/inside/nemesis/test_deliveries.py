"""Every fault of a message, in both languages, around a tiny World."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from harness.inside.python.nemesis.world_harness_nemesis.faults import draw
from harness.nemesis.journal import Delivered, JournalDelivery
from harness.nemesis.plans import (
    Chaos,
    Delay,
    Hold,
    Hurry,
    Place,
    Redeliver,
    Refuse,
    Shuffle,
)
from tests.harness.inside.nemesis.driving import Driver, RefusedError
from tests.harness.inside.nemesis.waiting import wait_until

pytestmark = pytest.mark.slow

#: How many messages the seed decides about.
MESSAGES = 14


def causes(driver: Driver) -> list[str]:
    return [item.cause for item in driver.journal().deliveries()]


def await_deliveries(driver: Driver, count: int) -> tuple[list[JournalDelivery], dict[str, float]]:
    """Wait until so many deliveries have ended; return them, and when each ended."""

    def ended() -> dict[str, float]:
        records = driver.journal().records
        return {item.delivery: item.at_ms for item in records if isinstance(item, Delivered)}

    assert wait_until(lambda: len(ended()) >= count)
    return driver.journal().deliveries(), ended()


class TestRedeliver:
    def test_at_the_same_time(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Redeliver(copies=2))
        driver.deliver("wrun_1", name="a", ms=300)
        begun, ended = await_deliveries(driver, 3)
        assert max(item.at_ms for item in begun) < min(ended.values())
        assert sorted(item.cause for item in begun) == ["nemesis", "nemesis", "world"]
        assert sorted(item.attempt for item in begun) == [1, 2, 3]
        assert sorted(entry["attempt"] for entry in driver.seen()) == [1, 2, 3]
        assert driver.journal().faults() == {0: 1}

    def test_a_little_later_each(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Redeliver(copies=2, delay_ms=150))
        driver.deliver("wrun_1", name="a", ms=500)
        begun, ended = await_deliveries(driver, 3)
        assert [item.attempt for item in begun] == [1, 2, 3]
        first, second, third = (item.at_ms for item in begun)
        assert first + 100 < second < third
        assert second < ended[begun[0].delivery]

    @pytest.mark.parametrize("fails", [0, 1])
    def test_after_the_first_ended_well_or_not(self, driver: Driver, fails: int) -> None:
        driver.give_plan("wrun_1", Redeliver(when="after", copies=2))
        number = driver.send("deliver", message={"runId": "wrun_1", "ms": 50, "fails": fails})
        if fails:
            with pytest.raises(RefusedError):
                driver.answer(number)
        begun, ended = await_deliveries(driver, 3)
        assert [item.cause for item in begun] == ["world", "nemesis", "nemesis"]
        for one, next_one in itertools.pairwise(begun):
            assert ended[one.delivery] <= next_one.at_ms

    def test_late(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Redeliver(when="late", delay_ms=200))
        driver.deliver("wrun_1", ms=500)
        (first, copy), ended = await_deliveries(driver, 2)
        assert copy.cause == "nemesis"
        assert first.at_ms + 100 < copy.at_ms < ended[first.delivery]

    def test_a_copy_that_fails_comes_again(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Redeliver(when="after"))
        with pytest.raises(RefusedError):
            driver.deliver("wrun_1", name="a", fails=2)
        begun, _ = await_deliveries(driver, 3)
        assert [item.attempt for item in begun] == [1, 2, 3]

    def test_but_not_where_the_message_itself_is_to(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Redeliver(once=True))
        number = driver.send("deliver", message={"runId": "wrun_1", "name": "a", "fails": 2})
        with pytest.raises(RefusedError):
            driver.answer(number)
        await_deliveries(driver, 2)
        # The World's own next try: by then the copy would have come again.
        driver.give_plan("wrun_1", Delay(ms=1_000))
        driver.deliver("wrun_1", name="b")
        assert sorted(causes(driver)) == ["nemesis", "world", "world"]

    def test_a_copy_that_is_asked_to_comes_again_then(self, driver: Driver) -> None:
        driver.deliver("wrun_1", name="a", again=0.1)
        # The copy's first attempt is the second, so the engine asks for nothing more.
        driver.ask("again", runId="wrun_1", kind="wake", copies=2)
        begun, _ = await_deliveries(driver, 3)
        assert sorted(item.attempt for item in begun) == [1, 2, 3]

    def test_only_what_is_named(self, driver: Driver) -> None:
        place = Place(on="message", kind="step", step="once")
        driver.give_plan("wrun_1", Redeliver(at=place, times=9))
        driver.deliver("wrun_1", runInput={"input": 1})
        driver.deliver("wrun_1", stepId="step_1", stepName="step//x//twice")
        driver.deliver("wrun_2", stepId="step_2", stepName="step//x//once")
        assert not driver.journal().faults()
        driver.deliver("wrun_1", stepId="step_3", stepName="step//x//once")
        begun, _ = await_deliveries(driver, 5)
        assert [item.step_id for item in begun if item.cause == "nemesis"] == ["step_3"]


class TestKeepingBack:
    def test_delay(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Delay(ms=400))
        number = driver.send("deliver", message={"runId": "wrun_1", "name": "first"})
        driver.deliver("wrun_1", name="second")
        driver.answer(number)
        assert [entry["name"] for entry in driver.seen()] == ["second", "first"]
        assert driver.journal().faults() == {0: 1}

    def test_hold_until_the_gate_is_opened(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Hold(gate="g", times=3), Hold(gate="other", nth=9))
        numbers = [
            driver.send("deliver", message={"runId": "wrun_1", "name": name}) for name in "ab"
        ]
        driver.ask("open", runId="wrun_2", gate="g")
        driver.ask("open", runId="wrun_1", gate="other")
        driver.deliver("wrun_2", name="c")
        assert [entry["name"] for entry in driver.seen()] == ["c"]
        driver.ask("open", runId="wrun_1", gate="g")
        for number in numbers:
            driver.answer(number)
        # The gate stays open.
        driver.deliver("wrun_1", name="d")
        assert sorted(entry["name"] for entry in driver.seen()) == ["a", "b", "c", "d"]
        assert driver.journal().faults() == {0: 3}

    def test_a_gate_has_a_time_limit(self, driver: Driver) -> None:
        assert not driver.ask("pass", runId="wrun_1", gate="g", limitMs=50)
        waiting = driver.send("pass", runId="wrun_1", gate="g", limitMs=40_000)
        driver.ask("open", runId="wrun_1", gate="g")
        assert driver.answer(waiting)

    def test_refuse(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Refuse())
        with pytest.raises(RefusedError, match="the nemesis refused this delivery"):
            driver.deliver("wrun_1", name="a")
        assert not driver.seen()
        driver.deliver("wrun_1", name="a")
        assert len(driver.seen()) == 1
        assert driver.journal().faults() == {0: 1}


class TestShuffle:
    def order(self, seed: int, count: int) -> list[int]:
        return sorted(range(count), key=lambda place: draw(seed, place))

    def send(self, driver: Driver, count: int) -> list[int]:
        """Deliver so many messages at once; return the order in which they came."""
        numbers = [
            driver.send("deliver", message={"runId": "wrun_1", "name": str(index)})
            for index in range(count)
        ]
        for number in numbers:
            driver.answer(number)
        return [int(entry["name"]) for entry in driver.seen()][-count:]

    @pytest.mark.parametrize("seed", [1, 7, 2**40])
    def test_the_seed_determines_the_order(self, driver: Driver, seed: int) -> None:
        expected = self.order(seed, 4)
        assert expected != sorted(expected)
        driver.give_plan("wrun_1", Shuffle(count=4, seed=seed, times=4))
        assert self.send(driver, 4) == expected
        assert driver.journal().faults() == {0: 1}

    def test_messages_that_stay_alone_go_on_as_they_came(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Shuffle(count=9, seed=1, times=1))
        assert self.send(driver, 1) == [0]
        assert not driver.journal().faults()

    def test_an_order_that_did_not_change_is_not_counted(self, driver: Driver) -> None:
        seed = next(seed for seed in range(99) if self.order(seed, 3) == [0, 1, 2])
        driver.give_plan("wrun_1", Shuffle(count=3, seed=seed, times=3))
        assert self.send(driver, 3) == [0, 1, 2]
        assert not driver.journal().faults()

    def test_each_batch_is_shuffled_by_itself(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Shuffle(count=3, seed=1, times=6))
        expected = self.order(1, 3)
        assert self.send(driver, 3) == expected
        assert self.send(driver, 3) == expected
        assert driver.journal().faults() == {0: 2}


class TestChaos:
    def decide(self, seed: int, number: int, rate: float) -> str:
        """Say what the seed has in store, as docs/nemesis.md does."""
        if draw(seed, number, 1) >= rate:
            return ""
        choice = draw(seed, number, 2)
        kinds = (("together", 0.35), ("after", 0.6), ("late", 0.75), ("delay", 1.0))
        return next(kind for kind, limit in kinds if choice < limit)

    @pytest.mark.parametrize(("seed", "rate"), [(3, 0.5), (11, 1.0)])
    def test_the_seed_decides_alike_in_both_languages(
        self, driver: Driver, seed: int, rate: float
    ) -> None:
        expected = [self.decide(seed, number, rate) for number in range(1, MESSAGES + 1)]
        assert len(set(expected)) > 3
        driver.give_plan("wrun_1", Chaos(seed=seed, rate=rate))
        for number in range(1, MESSAGES + 1):
            driver.deliver("wrun_1", messageId=number, stepId=f"step_{number}")
        copied = [
            f"step_{number}" for number, kind in enumerate(expected, 1) if kind not in {"", "delay"}
        ]
        begun, _ = await_deliveries(driver, MESSAGES + len(copied))
        assert sorted(item.step_id or "" for item in begun if item.cause == "nemesis") == sorted(
            copied
        )
        assert driver.journal().faults() == {0: MESSAGES - expected.count("")}

    def test_at_a_rate_of_nothing_nothing_happened(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Chaos(seed=3, rate=0.0))
        driver.deliver("wrun_1")
        assert not driver.journal().faults()


class TestHurry:
    def test_a_message_that_is_to_come_back_later(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Hurry(at=Place(on="message"), most=1))
        answers: list[Any] = [
            driver.deliver("wrun_1"),
            driver.deliver("wrun_1", again=40),
            driver.deliver("wrun_1", again=40),
        ]
        assert answers == [None, {"timeoutSeconds": 0}, {"timeoutSeconds": 40}]
        assert driver.journal().faults() == {0: 1}

    def test_a_message_that_is_sent_to_come_later(self, driver: Driver) -> None:
        driver.give_plan("wrun_1", Hurry(at=Place(on="call", method="queue"), most=2))
        message = {"runId": "wrun_1"}
        delays = [
            driver.call("queue", "__wkf_workflow_it", message, options)["delaySeconds"]
            for options in ({}, *[{"delaySeconds": 30}] * 3)
        ]
        assert delays == [None, None, None, 30]
        assert driver.journal().faults() == {0: 2}
