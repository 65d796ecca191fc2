"""The journal: read from files of processes that may have died, or from an app elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ResultsError
from harness.nemesis.journal import (
    Delivered,
    Effect,
    Entered,
    Failed,
    Gate,
    Journal,
    JournalCall,
    JournalDelivery,
    Left,
    Struck,
    parse_journal,
    read_journal,
)

#: What each kind of record has beside what all have.
FIELDS: dict[str, dict[str, Any]] = {
    "delivery": {"delivery": "1-1", "message": "step", "attempt": 1, "cause": "world"},
    "delivered": {"delivery": "1-1", "outcome": "done"},
    "call": {"method": "queue", "beganAtMs": 0.5},
    "entered": {"key": "k", "step": "s", "stepId": "step_1", "attempt": 1, "execution": "1-1"},
    "left": {"key": "k", "step": "s", "stepId": "step_1", "attempt": 1, "execution": "1-1"},
    "failed": {
        "key": "k",
        "step": "s",
        "stepId": "step_1",
        "attempt": 1,
        "execution": "1-1",
        "error": "Error: no",
    },
    "fault": {"fault": 0, "do": "kill"},
    "effect": {"key": "k", "first": True},
    "gate": {"gate": "g", "expired": True},
}

Make = Callable[..., Journal]


def line(kind: str, at_ms: float = 1.0, **fields: Any) -> dict[str, Any]:
    base = {"kind": kind, "atMs": at_ms, "pid": 1, "order": 0, "runId": "wrun_1"}
    return {**base, **FIELDS[kind], **fields}


def write(folder: Path, pid: int, *lines: dict[str, Any], cut: str = "") -> None:
    text = "".join(f"{json.dumps({**item, 'pid': pid})}\n" for item in lines)
    (folder / f"journal-{pid}.jsonl").write_text(text + cut, encoding="utf-8")


class TestReading:
    def test_every_kind_of_record(self, tmp_path: Path) -> None:
        lines = [line(kind, order) for order, kind in enumerate(FIELDS)]
        write(tmp_path, 1, *lines)
        journal = read_journal(tmp_path)
        assert len(journal.records) == len(FIELDS)
        assert parse_journal(lines) == journal
        assert len({type(item) for item in journal.records}) == len(FIELDS)

    def test_what_is_not_told_has_its_default(self) -> None:
        (call,) = parse_journal([line("call", runId=None, delivery=None)]).calls()
        assert (call.run_id, call.event, call.events, call.lazy, call.error) == (
            *(None, None, ()),
            *(False, None),
        )

    @pytest.mark.parametrize("cut", ['{"kind":"call","atM', '{"kind":"cal', "{", '{"a":"\\'])
    def test_a_line_that_a_kill_cut_is_left_out(self, tmp_path: Path, cut: str) -> None:
        write(tmp_path, 1, line("fault"), cut=cut)
        assert len(read_journal(tmp_path).records) == 1

    def test_a_folder_without_journals_is_empty(self, tmp_path: Path) -> None:
        (tmp_path / "tallies").mkdir()
        assert read_journal(tmp_path) == Journal(())

    @pytest.mark.parametrize(
        "wrong", [line("fault", fault="first"), line("delivery", message="other")]
    )
    def test_a_whole_line_that_is_no_record_is_an_error(
        self, tmp_path: Path, wrong: dict[str, Any]
    ) -> None:
        write(tmp_path, 7, wrong)
        with pytest.raises(
            ResultsError, match=r"journal of journal-7.jsonl contains an invalid record"
        ):
            read_journal(tmp_path)
        with pytest.raises(ResultsError, match="journal of a remote app"):
            parse_journal([wrong])


class TestOrder:
    def test_processes_are_put_in_order_by_their_clocks(self, tmp_path: Path) -> None:
        write(tmp_path, 1, line("fault", 10, order=0), line("fault", 30, order=1))
        write(tmp_path, 2, line("fault", 20, order=0), line("fault", 40, order=1))
        found = [(item.at_ms, item.pid) for item in read_journal(tmp_path).records]
        assert found == [(10, 1), (20, 2), (30, 1), (40, 2)]

    def test_of_one_moment_a_process_tells_its_own_order(self) -> None:
        lines = [line("fault", 5, order=order, fault=order) for order in (2, 0, 1)]
        found = [item.order for item in parse_journal(lines).records]
        assert found == [0, 1, 2]

    def test_of_one_run(self) -> None:
        journal = parse_journal([line("fault", 2), line("fault", 1, runId="wrun_2")])
        assert [item.at_ms for item in journal.of("wrun_1").records] == [2]
        assert not journal.of("wrun_3").records


class TestExecutions:
    def test_each_ends_as_it_ended(self) -> None:
        journal = parse_journal(
            [
                line("entered", 1, execution="1-1"),
                line("failed", 2, execution="1-1"),
                line("entered", 3, execution="1-2", attempt=2),
                line("left", 4, execution="1-2", attempt=2),
            ]
        )
        first, second = journal.executions()
        assert (first.outcome, first.entered_at_ms, first.ended_at_ms) == ("failed", 1, 2)
        assert (second.outcome, second.attempt, second.ended_at_ms) == ("left", 2, 4)

    def test_one_that_its_process_did_not_survive_is_cut_off(self, tmp_path: Path) -> None:
        write(tmp_path, 1, line("entered", 1, execution="1-1"))
        write(tmp_path, 2, line("entered", 2, execution="2-2"), line("left", 3, execution="2-2"))
        first, second = read_journal(tmp_path).executions()
        assert (first.pid, first.outcome, first.ended_at_ms) == (1, "cut off", None)
        assert (second.pid, second.outcome) == (2, "left")

    def test_those_that_overlap_keep_their_own_ends(self) -> None:
        journal = parse_journal(
            [
                line("entered", 1, execution="1-1"),
                line("entered", 2, execution="1-2"),
                line("left", 3, execution="1-2"),
                line("left", 4, execution="1-1"),
            ]
        )
        assert [item.ended_at_ms for item in journal.executions()] == [4, 3]

    def test_keys_and_runs_are_distinguished(self) -> None:
        journal = parse_journal(
            [
                line("entered", 1, key="a"),
                line("entered", 2, key="b"),
                line("entered", 3, key="a", runId="wrun_2"),
                line("left", 4, key="a", runId="wrun_2"),
            ]
        )
        assert [item.outcome for item in journal.of("wrun_1").executions("a")] == ["cut off"]
        assert [item.outcome for item in journal.executions("a")] == ["cut off", "left"]
        assert len(journal.executions("b")) == 1


class TestAsking:
    def test_calls_by_method_and_by_event_alone_or_in_a_batch(self) -> None:
        create = {"method": "events.create"}
        journal = parse_journal(
            [
                line("call", 1, **create, event="run_created"),
                line("call", 2, method="events.createBatch", events=["step_created", "noop"]),
                line("call", 3, **create, event="step_created"),
                line("call", 4),
                line("delivery", 5),
            ]
        )
        assert [item.at_ms for item in journal.calls()] == [1, 2, 3, 4]
        assert [item.at_ms for item in journal.calls("queue")] == [4]
        assert [item.at_ms for item in journal.calls(event="step_created")] == [2, 3]
        assert [item.at_ms for item in journal.calls("events.create", "step_created")] == [3]

    def test_deliveries_and_their_outcomes(self) -> None:
        journal = parse_journal(
            [
                line("delivery", 1, delivery="1-1", message="start"),
                line("delivery", 2, delivery="1-2"),
                line("delivered", 3, delivery="1-2", outcome="again in 1 s"),
            ]
        )
        assert [item.delivery for item in journal.deliveries()] == ["1-1", "1-2"]
        assert [item.delivery for item in journal.deliveries("start")] == ["1-1"]
        assert journal.outcomes() == {"1-2": "again in 1 s"}

    def test_faults_are_counted_by_their_place_in_the_plan(self) -> None:
        journal = parse_journal([line("fault", fault=index) for index in (0, 2, 2)])
        assert journal.faults() == {0: 1, 2: 2}
        assert journal.faults()[1] == 0

    def test_effects(self) -> None:
        journal = parse_journal([line("effect", 1), line("effect", 2, first=False)])
        assert [item.first for item in journal.effects()] == [True, False]

    def test_each_record_is_of_its_kind(self) -> None:
        kinds = [type(parse_journal([line(kind)]).records[0]) for kind in FIELDS]
        expected: list[type] = [
            JournalDelivery,
            Delivered,
            JournalCall,
            Entered,
            Left,
            Failed,
            Struck,
        ]
        assert kinds == [*expected, Effect, Gate]
