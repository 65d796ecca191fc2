"""Judging histories: legal logs pass, injected errors are reported, orders are found."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contract.history import (
    Entities,
    TimedCall,
    UndecidedError,
    find_contradictions,
    find_illegal_moves,
    find_order,
    fold,
)
from harness.contract.model import RULES, Model, Refused, Rehearsal

NAMES = {
    "step": ("step_1", "step_2"),
    "hook": ("hook_1", "hook_2"),
    "wait": ("wait_1", "wait_2"),
    "attr": ("attr_1", "attr_2"),
}
DATA: dict[str, dict[str, Any]] = {
    "run_created": {"deploymentId": "d", "workflowName": "w", "input": b"in"},
    "step_created": {"stepName": "add", "input": [1]},
    "step_retrying": {"error": "bad"},
    "step_completed": {"result": 1},
    "step_failed": {"error": "bad"},
    "hook_created": {"token": "t"},
    "hook_received": {"payload": b"p"},
    "wait_created": {"resumeAt": 0},
    "run_completed": {"output": 1},
    "run_failed": {"error": 1},
    "attr_set": {"changes": [{"key": "k", "value": "v"}], "writer": {"type": "workflow"}},
}
TYPES = (
    *("run_created", "run_started", "run_completed", "run_failed", "run_cancelled"),
    *("step_created", "step_started", "step_completed", "step_failed", "step_retrying"),
    *("hook_created", "hook_received", "hook_disposed", "wait_created", "wait_completed"),
    "attr_set",
)
#: Ends come seldom, so that something happens before them.
MOVES = st.tuples(
    st.sampled_from([t for t in TYPES if not t.startswith("run_")] * 4 + list(TYPES)),
    st.integers(0, 1),
    st.integers(0, 1),
)
LINES = st.sampled_from(sorted(RULES))


def make_move(
    world: Rehearsal, runs: Sequence[str], move: tuple[str, int, int]
) -> tuple[str, tuple[Any, ...]]:
    event_type, which_run, which_name = move
    event: dict[str, Any] = {"eventType": event_type, "eventData": DATA.get(event_type, {})}
    kind = event_type.split("_")[0]
    if kind in NAMES:
        event["correlationId"] = NAMES[kind][which_name]
    return "events.create", (runs[which_run], event, {})


def read_log(world: Rehearsal, runs: Sequence[str]) -> list[dict[str, Any]]:
    return [event for run in runs for event in world.call("events.list", {"runId": run})["data"]]


def read_entities(world: Rehearsal) -> Entities:
    state = world.model.state
    return Entities(
        runs={key: row.value for key, row in state.runs.items()},
        steps={key: row.value for key, row in state.steps.items()},
        hooks={key: row.value for key, row in state.hooks.items()},
        waits={key: row.value for key, row in state.waits.items()},
    )


def begin(line: str = "v5") -> tuple[Rehearsal, str]:
    world = Rehearsal(Model(RULES[line]))
    return world, world.begin_run()


class TestContradictions:
    @given(LINES, st.lists(MOVES, max_size=40))
    @settings(max_examples=60, deadline=None)
    def test_the_model_never_contradicts_itself_and_refusals_leave_no_trace(
        self, line: str, moves: list[tuple[str, int, int]]
    ) -> None:
        world = Rehearsal(Model(RULES[line]))
        runs = [world.begin_run(), world.begin_run(started=False)]
        for move in moves:
            before = world.model.state.copy()
            try:
                world.perform(*make_move(world, runs, move))
            except Refused:
                assert world.model.state == before
        log = read_log(world, runs)
        assert find_contradictions(log, read_entities(world), world.model.rules) == []

    @given(st.lists(MOVES, min_size=5, max_size=30), st.randoms(use_true_random=False))
    @settings(max_examples=60, deadline=None)
    def test_an_event_that_is_lost_or_doubled_is_noticed(
        self, moves: list[tuple[str, int, int]], chance: random.Random
    ) -> None:
        world, run = begin("v5-latest")
        for move in moves:
            method, args = make_move(world, [run, run], move)
            try:
                world.perform(method, args)
            except Refused:
                continue
        log = read_log(world, [run])
        index = chance.randrange(len(log) - 1)
        for damaged in (log[:index] + log[index + 1 :], [*log[:index], log[index], *log[index:]]):
            assert find_contradictions(damaged, read_entities(world), world.model.rules)

    def plant(self, *more: tuple[str, str], line: str = "v5") -> list[str]:
        world, run = begin(line)
        world.create(run, "step_created", "step_1", DATA["step_created"])
        world.create(run, "step_started", "step_1")
        world.create(run, "hook_created", "hook_1", {"token": "t"})
        log = read_log(world, [run])
        for index, (event_type, name) in enumerate(more):
            data = DATA.get(event_type, {"token": "t"} if "hook" in event_type else {})
            extra = {"runId": run, "eventId": f"evnt_x{index}", "eventType": event_type}
            log.append({**extra, "correlationId": name, "eventData": data})
        return [text.split(":")[0] for text in find_illegal_moves(log, world.model.rules)]

    @pytest.mark.parametrize(
        ("events", "clause"),
        [
            ([("step_created", "step_1")], "STEP-CREATE-ATOMIC"),
            ([("step_started", "step_9")], "STEP-CREATE-COMPLETE"),
            ([("step_completed", "step_1"), ("step_started", "step_1")], "STEP-START-TERMINAL"),
            ([("step_completed", "step_1"), ("step_failed", "step_1")], "STEP-TERMINAL-ONCE"),
            ([("hook_created", "hook_1")], "HOOK-CREATE-REDELIVERY"),
            ([("hook_conflict", "hook_1")], "HOOK-CREATE-REDELIVERY"),
            ([("hook_created", "hook_2")], "HOOK-TOKEN-UNIQUE"),
            ([("hook_disposed", "hook_1"), ("hook_received", "hook_1")], "HOOK-RECEIVE-LIVE"),
            ([("hook_disposed", "hook_1"), ("hook_disposed", "hook_1")], "HOOK-DISPOSE-ONCE"),
            ([("wait_completed", "wait_1")], "WAIT-COMPLETE-NEEDS-WAIT"),
            ([("wait_created", "wait_1"), ("wait_created", "wait_1")], "WAIT-CREATE-ATOMIC"),
            ([("attr_set", "attr_1"), ("attr_set", "attr_1")], "ATTR-CLAIM"),
            ([("run_completed", ""), ("run_failed", "")], "RUN-TERMINAL-ONCE"),
            ([("run_completed", ""), ("run_cancelled", "")], "RUN-TERMINAL-ONCE"),
            ([("run_completed", ""), ("run_started", "")], "RUN-START-TERMINAL"),
            ([("run_completed", ""), ("step_created", "step_2")], "RUN-TERMINAL-CLOSES"),
            ([("run_completed", ""), ("step_started", "step_1")], "STEP-START-ENDED-RUN"),
            ([("run_completed", ""), ("hook_received", "hook_1")], "HOOK-RECEIVE-ENDED"),
            ([("run_completed", ""), ("wait_created", "wait_1")], "WAIT-ENDED-RUN"),
            ([("run_completed", ""), ("attr_set", "attr_1")], "ATTR-TERMINAL"),
            ([("run_created", "")], "RUN-CREATE-ATOMIC"),
            ([("foo_bar", "")], "EVT-TYPE-GUARD"),
        ],
    )
    def test_each_illegal_move_has_its_clause(
        self, events: list[tuple[str, str]], clause: str
    ) -> None:
        assert self.plant(*events) == [clause]

    @pytest.mark.parametrize(
        "events",
        [
            [("run_started", "")],
            [("run_cancelled", ""), ("run_cancelled", "")],
            [("run_completed", ""), ("step_completed", "step_1")],
            [("run_completed", ""), ("noop", "noop_7")],
            [("hook_conflict", "hook_2")],
            [("hook_disposed", "hook_1"), ("hook_created", "hook_2")],
        ],
    )
    def test_moves_that_a_world_may_make_are_not_reported(
        self, events: list[tuple[str, str]]
    ) -> None:
        assert self.plant(*events) == []

    def test_a_gap_in_the_slots_is_reported(self) -> None:
        world, run = begin("v5-latest")
        world.create(run, "run_cancelled")
        log = read_log(world, [run])
        assert find_illegal_moves([log[0], log[2]], world.model.rules)[0].startswith(
            "EVT-SLOT-DENSE"
        )

    def test_an_event_before_its_run_is_reported(self) -> None:
        world, run = begin()
        log = read_log(world, [run])
        found = find_illegal_moves([log[1], log[0]], world.model.rules)
        assert {text.split(":")[0] for text in found} == {"RUN-CREATED-FIRST"}

    def test_rows_and_events_must_match(self) -> None:
        world, run = begin()
        world.create(run, "step_created", "step_1", DATA["step_created"])
        world.create(run, "hook_created", "hook_1", {"token": "t"})
        log, rules = read_log(world, [run]), world.model.rules
        entities = read_entities(world)
        assert entities.steps is not None
        assert entities.hooks is not None
        step = entities.steps.pop((run, "step_1"))
        assert "is in the log and not stored" in find_contradictions(log, entities, rules)[0]
        entities.steps = {(run, "step_1"): {**step, "attempt": 3}, (run, "step_2"): step}
        found = find_contradictions(log, entities, rules)
        assert [text.split(":")[0] for text in found] == ["STEP-START-COUNT", "CRASH-ENTITY-EVENT"]
        entities.steps = None
        entities.hooks[("wrun_2", "hook_2")] = entities.hooks[(run, "hook_1")]
        assert find_contradictions(log, entities, rules)[-1].startswith("HOOK-TOKEN-UNIQUE")

    def test_a_time_may_lose_fractions_of_a_millisecond(self) -> None:
        world, run = begin()
        initial = world.model.copy()
        fine = world.now.replace(microsecond=1999)
        event = {
            "eventType": "wait_created",
            "correlationId": "wait_1",
            "eventData": {"resumeAt": fine},
        }
        call = record(world, "events.create", (run, event), 1, 2)
        waits = read_entities(world).waits
        assert waits is not None
        for coarse, agree in ((1000, True), (0, False)):
            seen = {**waits[(run, "wait_1")], "resumeAt": fine.replace(microsecond=coarse)}
            answer = msgspec.structs.replace(call, value={**call.value, "wait": seen})
            assert (find_order([answer], initial) is not None) is agree
            entities = Entities(waits={(run, "wait_1"): seen})
            log = read_log(world, [run])
            assert (find_contradictions(log, entities, world.model.rules) == []) is agree

    def test_the_fold_of_a_retry(self) -> None:
        world, run = begin()
        world.create(run, "step_started", "step_1", DATA["step_created"])
        world.create(run, "step_retrying", "step_1", {"error": "bad", "retryAfter": world.now})
        steps = fold(read_log(world, [run]), world.model.rules).steps
        assert steps is not None
        step = steps[(run, "step_1")]
        assert (step["status"], step["attempt"]) == ("pending", 1)
        assert step["retryAfter"] == world.call("steps.get", run, "step_1")["retryAfter"]


def record(
    world: Rehearsal, method: str, args: tuple[Any, ...], start: float, end: float
) -> TimedCall:
    try:
        value = world.perform(method, args)
    except Refused as refused:
        return TimedCall(method=method, args=args, start=start, end=end, refusal=refused.name)
    return TimedCall(method=method, args=args, start=start, end=end, value=value)


def answered(method: str, *args: Any, value: Any = None, refusal: str = "") -> TimedCall:
    """A call that ran together with all others that are made this way."""
    return TimedCall(method=method, args=args, start=1, end=9, value=value, refusal=refusal or None)


class TestOrders:
    def event(self, event_type: str, name: str, **data: Any) -> dict[str, Any]:
        return {"eventType": event_type, "correlationId": name, "eventData": data}

    @given(LINES, st.lists(MOVES, max_size=12), st.randoms(use_true_random=False))
    @settings(max_examples=50, deadline=None)
    def test_an_order_is_found_for_every_history_of_the_model(
        self, line: str, moves: list[tuple[str, int, int]], chance: random.Random
    ) -> None:
        world = Rehearsal(Model(RULES[line]))
        runs = [world.begin_run(), world.begin_run()]
        initial = world.model.copy()
        calls = []
        for moment, move in enumerate(moves):
            method, args = make_move(world, runs, move)
            start, end = moment - chance.random() * 6, moment + chance.random() * 6
            calls.append(record(world, method, args, start, end))
            if chance.random() < 0.3:
                listing = ("events.list", ({"runId": runs[move[1]]},))
                calls.append(record(world, *listing, start, end))
        chance.shuffle(calls)
        order = find_order(calls, initial)
        assert order is not None
        assert sorted(order) == list(range(len(calls)))
        later_starts_before = [
            calls[second].end < calls[first].start
            for place, first in enumerate(order)
            for second in order[place + 1 :]
        ]
        assert not any(later_starts_before)

    @pytest.mark.parametrize("winners", [0, 2])
    def test_a_claim_without_exactly_one_winner_has_no_order(self, winners: int) -> None:
        world, run = begin()
        claim = (run, self.event("step_created", "step_1", stepName="add"))
        won = world.model.copy().perform("events.create", claim, now=world.now, fresh=world.fresh)
        calls = [answered("events.create", *claim, value=won) for _ in range(winners)]
        calls += [
            answered("events.create", *claim, refusal="EntityConflictError")
            for _ in range(16 - winners)
        ]
        assert find_order(calls, world.model) is None
        one = answered("events.create", *claim, value=won)
        assert find_order([one, *calls[winners:]], world.model) is not None

    def test_attempts_must_differ(self) -> None:
        world, run = begin()
        world.create(run, "step_created", "step_1", DATA["step_created"])
        initial = world.model.copy()
        start = (run, self.event("step_started", "step_1"))
        values = [world.perform("events.create", start) for _ in range(12)]
        calls = [answered("events.create", *start, value=value) for value in reversed(values)]
        assert find_order(calls, initial) == list(range(11, -1, -1))
        calls[3] = calls[4]
        assert find_order(calls, initial) is None

    def test_an_order_respects_the_times_of_calls(self) -> None:
        world, run = begin()
        step = self.event("step_created", "step_1", stepName="add")
        created = TimedCall(
            method="events.create", args=(run, step), start=5, end=6, value={"event": step}
        )
        read = TimedCall(
            method="steps.get", args=(run, "step_1"), start=1, end=4, value={"status": "pending"}
        )
        assert find_order([created, read], world.model) is None
        together = TimedCall(
            method="steps.get", args=(run, "step_1"), start=1, end=5, value={"status": "pending"}
        )
        assert find_order([created, together], world.model) == [0, 1]

    def test_a_call_without_an_answer_may_or_may_not_have_happened(self) -> None:
        world, run = begin()
        lost = TimedCall(
            method="events.create",
            args=(run, self.event("step_created", "step_1", stepName="add")),
            start=1,
            lost=True,
        )
        found = TimedCall(
            method="steps.get", args=(run, "step_1"), start=5, end=6, value={"status": "pending"}
        )
        missing = TimedCall(
            method="steps.get", args=(run, "step_1"), start=7, end=8, refusal="WorkflowWorldError"
        )
        assert find_order([lost, found], world.model) == [0, 1]
        assert find_order([lost, missing], world.model) == [1]
        assert find_order([lost, found, missing], world.model) is None

    def test_a_returned_list_prunes_the_search(self) -> None:
        world, run = begin()
        world.create(run, "hook_created", "hook_1", {"token": "t"})
        initial = world.model.copy()
        calls = []
        for payload in range(14):
            args = (run, self.event("hook_received", "hook_1", payload=payload))
            calls.append(record(world, "events.create", args, 1, 9))
        listing = record(world, "events.list", ({"runId": run},), 10, 11)
        random.Random(7).shuffle(calls)
        assert find_order([*calls, listing], initial) is not None
        listing.value["data"].pop()
        assert find_order([*calls, listing], initial) is None

    def test_a_search_beyond_its_budget_is_undecided(self) -> None:
        world, run = begin()
        calls = [
            answered("streams.write", run, "out", bytes([index]), value=None) for index in range(12)
        ]
        wrong = {"tailIndex": 99, "done": False}
        calls.append(
            TimedCall(method="streams.getInfo", args=(run, "out"), start=10, end=11, value=wrong)
        )
        with pytest.raises(UndecidedError, match="fewer calls"):
            find_order(calls, world.model, budget=200)
