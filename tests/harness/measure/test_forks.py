"""A fork runs every scenario, judges every sample, and goes on after a run that went wrong."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import msgspec
import psutil
import pytest

from harness.deployments import client
from harness.deployments.client import Ledger, SampleReply, SampleRequest, StreamRequest
from harness.descriptions import Cell, Mode, Scenario
from harness.errors import DeploymentError
from harness.measure.forks import Deployer, count_samples, make_request, run_fork
from harness.measure.plan import Fork
from harness.programs.servers import Usage
from harness.results.records import Counts, ForkEnd, Kind, Sample, StepTimes
from suites import workflows
from tests.harness.deployments.observing import assert_gone, await_that
from tests.harness.measure.deploying import PretendedApp, PretendingPreparer, TinyDeployer

CELL = Cell("tiny", "tiny", "tiny")


def scenario(name: str, **changes: object) -> Scenario:
    """A scenario whose name, up to a number, says how the tiny app runs it."""
    plain = Scenario(
        id=name,
        title=name,
        workflow=name.rstrip("0123456789"),
        arguments=("{seed}",),
        expects="echo",
        family=name,
        size=0,
    )
    return msgspec.structs.replace(plain, **changes)


def run(
    deployer: Deployer,
    scenarios: Sequence[Scenario],
    *,
    kind: Kind = "timing",
    attempt: int = 1,
    cell: Cell = CELL,
) -> tuple[list[Sample], ForkEnd]:
    """Run a fork to its end."""
    names = tuple(item.id for item in scenarios)
    fork = Fork(id=f"{kind}-1/{cell.id}", kind=kind, block=1, cell=cell, scenarios=names, seed=7)
    described = {item.id: item for item in scenarios}
    taken = run_fork(deployer, fork, attempt, described, workflows.BENCH.check_answer)
    records = [record for record in taken if record is not None]
    end = records.pop()
    assert isinstance(end, ForkEnd)
    samples = [record for record in records if isinstance(record, Sample)]
    assert len(samples) == len(records)
    return samples, end


def outcomes(samples: Sequence[Sample]) -> list[tuple[str, str]]:
    return [(sample.scenario, sample.outcome) for sample in samples]


@pytest.fixture
def deployer(tmp_path: Path) -> TinyDeployer:
    return TinyDeployer(tmp_path)


class TestARunThatGoesWrong:
    """Real processes: each of these has its own way of ending, or of not ending."""

    def test_is_a_bad_sample_and_the_fork_continues(self, deployer: TinyDeployer) -> None:
        names = ("good1", "wrong", "fail", "fail-silently", "time-out", "die", "good2")
        samples, end = run(deployer, [scenario(name) for name in names])
        assert outcomes(samples) == [
            *[("good1", "correct")] * 2,
            *[("wrong", "incorrect")] * 2,
            *[("fail", "failed")] * 2,
            *[("fail-silently", "failed")] * 2,
            # The rest of these is left out, and the app starts again: twice.
            ("time-out", "timeout"),
            ("die", "failed"),
            *[("good2", "correct")] * 2,
        ]
        assert deployer.starts == 3
        assert (end.outcome, end.reason) == ("finished", "")
        why = {sample.scenario: sample.error for sample in samples}
        assert why["good1"] is None
        assert "answered 'something else' instead of" in str(why["wrong"])
        assert why["fail"] == "FatalError: no luck"
        assert why["fail-silently"] == "the app gave no reason"
        assert why["time-out"] == "no end within 200 ms"
        assert "| last words" in str(why["die"])
        assert f"the whole log: {deployer.log}" in str(why["die"])

    def test_because_the_app_never_answers_ends_all_the_same(
        self, deployer: TinyDeployer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "_ANSWER_GRACE_S", 0.1)
        hanging = scenario("hang", samples=3, timeout_s=0.1)
        samples, end = run(deployer, [hanging, scenario("good", timeout_s=60)])
        assert outcomes(samples) == [("hang", "failed"), *[("good", "correct")] * 2]
        assert "did not answer while it ran hang" in str(samples[0].error)
        assert deployer.starts == 2
        assert end.outcome == "finished"
        assert_gone(psutil.Process(pid) for pid in deployer.pids if psutil.pid_exists(pid))

    def test_too_often_makes_the_fork_fail(self, deployer: TinyDeployer) -> None:
        names = ("die1", "die2", "die3", "good")
        samples, end = run(deployer, [scenario(name) for name in names])
        assert outcomes(samples) == [(name, "failed") for name in names[:3]]
        assert deployer.starts == 3
        assert end.outcome == "failed"
        assert "gave up after 2 restarts with 1 scenarios left" in end.reason


class TestBetweenTwoWorkflows:
    def test_the_app_is_suspended_until_the_next_record_is_asked_for(
        self, deployer: TinyDeployer
    ) -> None:
        described = {item.id: item for item in (scenario("good"), scenario("wrong"))}
        fork = Fork(id="one", kind="timing", block=1, cell=CELL, scenarios=tuple(described), seed=1)
        records = run_fork(deployer, fork, 1, described, workflows.BENCH.check_answer)

        def status() -> str:
            return psutil.Process(deployer.pids[0]).status()

        taken, suspended = 0, []
        for record in records:
            if record is None:
                await_that(lambda: status() == psutil.STATUS_STOPPED)
                suspended.append(taken)
            elif isinstance(record, Sample):
                taken += 1
                assert status() != psutil.STATUS_STOPPED
        assert (suspended, taken) == ([2], 4)

    def test_its_rest_is_not_counted_as_its_time(self, deployer: TinyDeployer) -> None:
        described = {item.id: item for item in (scenario("good"), scenario("wrong"))}
        fork = Fork(id="one", kind="timing", block=1, cell=CELL, scenarios=tuple(described), seed=1)
        began = time.monotonic()
        for record in run_fork(deployer, fork, 1, described, workflows.BENCH.check_answer):
            if record is None:
                time.sleep(0.3)
        assert isinstance(record, ForkEnd)
        assert record.seconds <= time.monotonic() - began - 0.3


def test_a_fork_whose_app_does_not_start_fails_with_the_reason(tmp_path: Path) -> None:
    deployer = TinyDeployer(tmp_path, "die")
    samples, end = run(deployer, [scenario("good")])
    assert not samples
    assert deployer.starts == 1
    assert end.outcome == "failed"
    assert "the app died before it was healthy" in end.reason
    assert f"the whole log: {deployer.log}" in end.reason


def test_a_fork_that_is_left_ends_its_app(deployer: TinyDeployer) -> None:
    fork = Fork(id="x", kind="timing", block=1, cell=CELL, scenarios=("good",), seed=7)
    records = run_fork(deployer, fork, 1, {"good": scenario("good")}, workflows.BENCH.check_answer)
    next(records)
    app = psutil.Process(deployer.pids[0])
    assert app.is_running()
    records.close()
    assert_gone([app])


class TestTheSamplesOfAFork:
    def reply(self, request: SampleRequest) -> SampleReply:
        return SampleReply(outcome="completed", called_at_ms=1.0, answer=request.arguments[0])

    def test_are_one_to_warm_up_and_then_as_many_as_the_scenario_says(self) -> None:
        preparer = PretendingPreparer(self.reply)
        scenarios = [scenario("a", samples=2), scenario("b")]
        samples, _ = run(preparer, scenarios, attempt=3)
        assert [(item.scenario, item.warmup, item.sequence) for item in samples] == [
            ("a", True, 0),
            ("a", False, 1),
            ("a", False, 2),
            ("b", True, 3),
            ("b", False, 4),
        ]
        assert {item.attempt for item in samples} == {3}
        assert preparer.recordings == [False]

    def test_warm_up_each_workflow_once_with_the_smallest_scenario_that_runs_it(self) -> None:
        scenarios = [
            scenario("large", workflow="steps", size=50),
            scenario("other"),
            scenario("small", workflow="steps", size=10),
        ]
        samples, _ = run(PretendingPreparer(self.reply), scenarios)
        assert [(item.scenario, item.warmup) for item in samples] == [
            ("small", True),
            ("large", False),
            ("other", True),
            ("other", False),
            ("small", False),
        ]

    def test_warm_up_again_after_a_restart_of_the_app(self) -> None:
        def reply(request: SampleRequest) -> SampleReply:
            hangs = request.workflow == "hang"
            return (
                SampleReply(outcome="timeout", called_at_ms=1.0) if hangs else self.reply(request)
            )

        scenarios = [
            scenario("small", workflow="steps", size=10),
            scenario("hang"),
            scenario("large", workflow="steps", size=50),
        ]
        samples, end = run(PretendingPreparer(reply), scenarios)
        assert [(item.scenario, item.warmup, item.sequence) for item in samples] == [
            ("small", True, 0),
            ("small", False, 1),
            ("hang", True, 2),
            ("large", True, 3),
            ("large", False, 4),
        ]
        assert end.outcome == "finished"

    def test_contain_no_compile_of_a_server_that_compiles_each_workflow_when_first_asked(
        self,
    ) -> None:
        compiled: set[str] = set()

        def reply(request: SampleRequest) -> SampleReply:
            took_ms = 1.0 if request.workflow in compiled else 5_000.0
            compiled.add(request.workflow)
            return msgspec.structs.replace(
                self.reply(request), created_at_ms=1.0, completed_at_ms=1.0 + took_ms
            )

        scenarios = [
            scenario("large", workflow="steps", size=50, samples=2),
            scenario("small", workflow="steps", size=10),
            scenario("other"),
        ]
        samples, _ = run(PretendingPreparer(reply), scenarios)
        took = [(sample.warmup, sample.completed_ms) for sample in samples]
        assert {time for is_warmup, time in took if not is_warmup} == {1.0}
        assert {time for is_warmup, time in took if is_warmup} == {5_000.0}

    @pytest.mark.parametrize("mode", get_args(Mode))
    def test_wait_until_a_dev_server_is_idle_and_for_no_build(
        self, mode: Mode, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What a server puts off until it has answered would otherwise run beside them."""
        left = 0
        busy: list[bool] = []

        def reply(request: SampleRequest) -> SampleReply:
            nonlocal left
            busy.append(left > 0)
            left = 3 if len(busy) == 1 else left
            return self.reply(request)

        def use(app: PretendedApp) -> Usage:
            nonlocal left
            app.used_ms += 1_000.0 if left else 0.0
            left = max(0, left - 1)
            return Usage(app.used_ms, 2**20)

        monkeypatch.setattr(PretendedApp, "usage", use)
        cell = msgspec.structs.replace(CELL, mode=mode)
        run(PretendingPreparer(reply), [scenario("a")], cell=cell)
        assert busy == [False, mode == "production"]

    def test_are_one_cold_one_a_scenario_when_it_counts(self) -> None:
        preparer = PretendingPreparer(self.reply)
        samples, end = run(preparer, [scenario("a", samples=2), scenario("b")], kind="counting")
        assert [(item.scenario, item.warmup) for item in samples] == [("a", False), ("b", False)]
        assert preparer.recordings == [True]
        assert end.kind == "counting"

    def test_are_as_many_as_were_announced(self) -> None:
        scenarios = [scenario("a", samples=2), scenario("b")]
        for kind in ("timing", "counting"):
            samples, _ = run(PretendingPreparer(self.reply), scenarios, kind=kind)
            fork = Fork(id="x", kind=kind, block=1, cell=CELL, scenarios=("a", "b"), seed=7)
            assert count_samples(fork, {item.id: item for item in scenarios}) == len(samples)

    def test_differ_in_their_arguments_and_are_the_same_for_the_same_seed(self) -> None:
        preparers = [PretendingPreparer(self.reply) for _ in range(2)]
        for preparer in preparers:
            run(preparer, [scenario("a", samples=5)])
        first, second = ([item.arguments for item in one.requests] for one in preparers)
        assert first == second
        assert len(set(first)) == 6

    def test_have_times_relative_to_the_call_of_start(self, deployer: TinyDeployer) -> None:
        (_, sample), end = run(deployer, [scenario("good")])
        assert (sample.created_ms, sample.started_ms, sample.completed_ms) == (1.0, 2.0, 10.0)
        assert (sample.start_returned_ms, sample.answered_ms) == (4.5, 10.25)
        assert sample.steps == (StepTimes(3.0, 3.5, "one"),)
        assert sample.request_ms > 0
        assert sample.memory_bytes is not None
        assert sample.memory_bytes > 2**20
        assert end.startup_ms is not None
        assert end.startup_ms > 0

    def test_carry_what_the_app_used_and_what_it_counted(self) -> None:
        ledger = Ledger(
            invocations={"flow": 1}, world_calls={"get": 2}, queue_messages={"q": 3}, bytes={}
        )
        reply = SampleReply(outcome="completed", called_at_ms=1.0, answer=None, ledger=ledger)
        (_, sample), end = run(PretendingPreparer(lambda request: reply), [scenario("a")])
        assert (sample.cpu_ms, sample.memory_bytes) == (4.0, 2**20)
        assert sample.counts == Counts(
            invocations={"flow": 1}, world_calls={"get": 2}, queue_messages={"q": 3}, bytes={}
        )
        assert end.startup_ms == 5.0

    def test_that_are_bad_keep_their_error_in_one_line_of_the_file(self) -> None:
        def fail(request: SampleRequest) -> SampleReply:
            raise DeploymentError(
                "it died", cause="of nothing\n    | at all", remedy="read the log"
            )

        (sample,), _ = run(PretendingPreparer(fail), [scenario("a", samples=9)])
        assert b"\n" not in msgspec.json.encode(sample)
        assert (
            sample.error
            == "it died\n  because: of nothing\n    | at all\n  what to do: read the log"
        )


def test_a_request_says_what_is_run_and_which_streams_are_read() -> None:
    plain = scenario("a", arguments=(5, "{seed}"), timeout_s=2.5, streams=1)
    request = make_request(plain, 42)
    assert request.arguments == (5, 42)
    assert request.timeout_ms == 2500
    assert request.streams == (StreamRequest(),)
    many = make_request(scenario("a", streams=2, namespaced=True), 1)
    assert [stream.namespace for stream in many.streams] == ["source-0", "source-1"]
    assert make_request(scenario("a"), 1).streams == ()
    assert make_request(scenario("a", streams=1, framed=True), 1).streams[0].framed
