"""Fault plans: what is written is read again; a slip of the pen is explained."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from harness.errors import UsageError
from harness.nemesis import plans
from harness.nemesis.plans import (
    Chaos,
    Damage,
    Delay,
    Echo,
    Fail,
    Fault,
    Hold,
    Hurry,
    Kill,
    Place,
    Redeliver,
    Refuse,
    Shuffle,
    Slow,
    describe_faults,
    describe_points,
    find_point,
    read_plan,
)

CALL = Place(on="call", method="events.create", event="step_completed", side="after", step="once")
FAULTS: list[Fault] = [
    Redeliver(copies=3, when="late", delay_ms=40, nth=2, times=3, once=True),
    Delay(at=Place(on="message", kind="wake"), ms=10),
    Hold(gate="g"),
    Refuse(at=Place(on="message", kind="step", step="once")),
    Shuffle(count=3, seed=4),
    Chaos(seed=2**40, rate=0.25),
    Fail(at=CALL, error={"name": "ThrottleError", "message": "slow down", "retryAfter": 3}),
    Slow(at=CALL, ms=100),
    Kill(at=Place(on="body", step="once")),
    Damage(change="swap", event_id="evnt_1", other_id="evnt_2"),
    Damage(change="insert", event_id="evnt_1", event={"eventType": "noop"}),
    Echo(change="early"),
    Hurry(most=2, at=Place(on="call", method="queue")),
]


def write(*faults: Fault) -> str:
    return msgspec.json.encode(faults).decode()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__.lower())
def test_every_fault_is_read_as_it_was_written(fault: Fault) -> None:
    assert read_plan(write(fault)) == (fault,)


def test_no_kind_of_fault_is_left_out_here() -> None:
    assert {type(fault) for fault in FAULTS} == set(describe_faults().values())


def test_names_are_camel_case_on_the_wire_and_counts_are_always_told() -> None:
    (entry,) = msgspec.json.decode(write(Redeliver(when="late", delay_ms=5)))
    assert entry == {
        "do": "redeliver",
        "at": {"on": "message"},
        "nth": 1,
        "times": 1,
        "copies": 1,
        "when": "late",
        "delayMs": 5,
        "once": False,
    }


def test_a_plan_of_nothing_is_empty() -> None:
    assert read_plan("[]") == ()


class TestPoints:
    def test_they_come_in_the_order_of_a_runs_life(self) -> None:
        names = list(describe_points())
        assert names[0] == "run-created"
        assert names.index("step-created") < names.index("in-body") < names.index("step-completed")
        assert names[-1] == "after-the-end"

    @pytest.mark.parametrize("name", describe_points())
    def test_a_point_stands_for_its_place(self, name: str) -> None:
        place = find_point(name).place()
        assert read_plan(f'[{{"do": "kill", "at": "{name}"}}]') == (Kill(at=place),)
        assert place.side == "before" or place.on == "call"

    def test_a_point_can_be_one_steps(self) -> None:
        point = find_point("step-completed")
        assert point.place("once") == msgspec.structs.replace(point.place(), step="once")

    def test_no_two_stand_for_the_same_place(self) -> None:
        places = [point.place() for point in describe_points().values()]
        assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("entry", "what", "hint"),
    [
        ({"do": "redelivr"}, "no fault is called 'redelivr'", "redeliver"),
        ({}, "no fault is called 'None'", "choose from: chaos, damage"),
        ({"do": "kill", "at": "step-complete"}, "no point is called", "step-completed"),
        ({"do": "redeliver", "copeis": 2}, "no setting of redeliver is called", "copies"),
        ({"do": "delay", "delay_ms": 2}, "no setting of delay is called 'delay_ms'", "ms"),
        (
            {"do": "kill", "at": {"on": "call", "evnt": "run_created"}},
            "no setting of a place is called 'evnt'",
            "event",
        ),
        ({"do": "delay"}, "the fault plan is not valid", "missing required field `ms`"),
        ({"do": "kill", "at": {"on": "calls"}}, "is not valid", "Invalid enum value 'calls'"),
        ({"do": "kill", "at": 7}, "is not valid", "Expected `object`"),
        ({"do": "kill", "at": "in-body", "nth": "first"}, "is not valid", "Expected `int`"),
        ({"do": "echo", "change": "thrice"}, "is not valid", "Invalid enum value 'thrice'"),
        ({"do": "slow", "at": "in-body", "ms": 1}, "slow cannot happen at a body", "at a call"),
        (
            {"do": "kill", "at": {"on": "body", "side": "after"}},
            "kill cannot happen after a body",
            "side",
        ),
    ],
)
def test_a_slip_is_explained(entry: dict[str, Any], what: str, hint: str) -> None:
    with pytest.raises(UsageError, match=what) as caught:
        read_plan(msgspec.json.encode([entry]))
    assert hint in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["", "kill", "{}", '[{"do": "kill"', "[1]", "null"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="the fault plan is not valid"):
        read_plan(text)


def test_a_name_that_is_close_to_nothing_gets_all_of_them() -> None:
    with pytest.raises(UsageError) as caught:
        find_point("zzz")
    assert all(name in caught.value.remedy for name in describe_points())
    assert "docs/nemesis.md" in caught.value.remedy


def test_every_fault_says_what_it_does() -> None:
    for kind in describe_faults().values():
        assert kind.__doc__
        assert kind.__doc__ != plans._Fault.__doc__
