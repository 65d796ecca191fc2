"""Runs one fork: a cell on empty storage, every scenario in order. Samples are kept raw."""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec

from harness.deployments.apps import CheckAnswer
from harness.deployments.client import SampleReply, SampleRequest, StreamRequest
from harness.descriptions import Cell, Scenario
from harness.errors import HarnessError
from harness.measure.plan import Fork
from harness.measure.recovery import Restarter, measure_recovery
from harness.programs.servers import Usage
from harness.results.records import (
    ChunkTimes,
    Counts,
    ForkEnd,
    Sample,
    SampleOutcome,
    StepTimes,
    StreamTimes,
)

#: How often a fork restarts its app after a run that hung or killed it.
_RESTARTS = 2

#: A dev server is idle when it uses less than this share of a core, for so many seconds.
_IDLE_SHARE = 0.1
_IDLE_FOR_S = 0.25
#: A dev server that is never idle is measured as it is, after this time.
_IDLE_WITHIN_S = 10.0


class Deployed(Protocol):
    """The part of a deployed app that a fork uses."""

    @property
    def startup_ms(self) -> float | None:
        """Time from the start of the process to its first healthy answer."""

    def take_sample(self, request: SampleRequest) -> SampleReply:
        """Run a workflow once."""

    def usage(self) -> Usage | None:
        """Return what the app has used so far."""

    def paused(self) -> AbstractContextManager[None]:
        """Suspend the app during the block, where it runs on this machine."""


class Deployer(Restarter, Protocol):
    """Starts cells."""

    def deploy(self, cell: Cell, *, recording: bool) -> AbstractContextManager[Deployed]:
        """Start a prepared cell on empty storage; remove both at the end of the block."""


class _Task(msgspec.Struct, frozen=True):
    """One sample to take."""

    scenario: Scenario
    warmup: bool


def run_fork(
    deployer: Deployer,
    fork: Fork,
    attempt: int,
    scenarios: Mapping[str, Scenario],
    check_answer: CheckAnswer,
) -> Generator[Sample | ForkEnd | None]:
    """Run a fork to its end; yield each sample when it is taken, and finally how the fork ended.

    A timing fork visits its app once for each workflow. Between two visits it yields `None`, and
    the app is suspended until the next record is asked for: meanwhile, other forks can be measured.

    A run that hangs or kills its app is a bad sample. The rest of its scenario is skipped, and the
    app restarts on empty storage for the next scenarios.
    """
    started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    started = time.monotonic()
    resting_s = 0.0
    startup_ms: float | None = None
    reason = ""
    seeds = random.Random(fork.seed)  # noqa: S311 - repeatable, not secret
    left = _list_samples(fork, scenarios)
    taken = restarts = 0
    while left and not reason:
        tasks = _add_warmups(left) if fork.kind == "timing" else left
        try:
            with deployer.deploy(fork.cell, recording=fork.kind == "counting") as deployed:
                startup_ms = startup_ms if startup_ms is not None else deployed.startup_ms
                while tasks:
                    task = tasks.pop(0)
                    about = _identify(fork, attempt, task, taken)
                    seed = seeds.randrange(2**31)
                    sample, fit = (
                        (_recover(deployer, task, about, check_answer), True)
                        if task.scenario.killed_runs
                        else _take_sample(deployed, task, seed, about, check_answer)
                    )
                    taken += 1
                    yield sample
                    _settle(deployed, fork, task)
                    if not fit:
                        tasks = [rest for rest in tasks if rest.scenario != task.scenario]
                        break
                    if fork.kind == "timing" and _ends_visit(task, tasks):
                        rested = time.monotonic()
                        with deployed.paused():
                            yield None
                        resting_s += time.monotonic() - rested
        except HarnessError as error:
            reason = str(error)
        left = [task for task in tasks if not task.warmup]
        restarts += 1
        if left and restarts > _RESTARTS:
            missed = len({task.scenario.id for task in left})
            reason = reason or f"gave up after {_RESTARTS} restarts with {missed} scenarios left"
    yield ForkEnd(
        fork=fork.id,
        attempt=attempt,
        kind=fork.kind,
        cell=fork.cell,
        block=fork.block,
        outcome="failed" if reason else "finished",
        reason=reason,
        started_at=started_at,
        seconds=time.monotonic() - started - resting_s,
        startup_ms=startup_ms,
    )


def _await_idle(deployed: Deployed) -> None:
    """Wait until a dev server has finished the work that it puts off until it has answered.

    Next.js, for example, writes its cache then: a second of CPU time beside the samples.
    """
    deadline = time.monotonic() + _IDLE_WITHIN_S
    before = deployed.usage()
    while before and time.monotonic() < deadline:
        time.sleep(_IDLE_FOR_S)
        after = deployed.usage()
        # The sum becomes smaller when one of several processes ends.
        if not after or 0 <= after.cpu_ms - before.cpu_ms < _IDLE_SHARE * _IDLE_FOR_S * 1000:
            return
        before = after


def count_samples(fork: Fork, scenarios: Mapping[str, Scenario]) -> int:
    """Return how many samples a fork takes, warm-ups included."""
    samples = _list_samples(fork, scenarios)
    return len(_add_warmups(samples) if fork.kind == "timing" else samples)


def _list_samples(fork: Fork, scenarios: Mapping[str, Scenario]) -> list[_Task]:
    """List the samples of each scenario; in a counting fork, one sample per scenario."""
    return [
        _Task(scenario, warmup=False)
        for scenario in (scenarios[name] for name in fork.scenarios)
        # An app that is killed has counted nothing.
        if fork.kind == "timing" or not scenario.killed_runs
        for _ in range(scenario.samples if fork.kind == "timing" else 1)
    ]


def _add_warmups(samples: Sequence[_Task]) -> list[_Task]:
    """Run each workflow once before it is timed, with the smallest scenario that runs it.

    A fresh process has to load and compile the workflow's code, which does not depend on the size.
    """
    smallest: dict[str, Scenario] = {}
    for scenario in (task.scenario for task in samples if not task.scenario.killed_runs):
        known = smallest.setdefault(scenario.workflow, scenario)
        if scenario.size < known.size:
            smallest[scenario.workflow] = scenario
    tasks: list[_Task] = []
    for task in samples:
        if warmup := smallest.pop(task.scenario.workflow, None):
            tasks.append(_Task(warmup, warmup=True))
        tasks.append(task)
    return tasks


def _settle(deployed: Deployed, fork: Fork, task: _Task) -> None:
    """Wait for a dev server, which may go on compiling after its first answer."""
    if task.warmup and fork.cell.mode == "development":
        _await_idle(deployed)


def _ends_visit(task: _Task, left: Sequence[_Task]) -> bool:
    return bool(left) and left[0].scenario.workflow != task.scenario.workflow


def make_request(scenario: Scenario, seed: int) -> SampleRequest:
    """Return the request for one run of a scenario."""
    namespaces: list[str | None] = (
        [f"source-{index}" for index in range(scenario.streams)]
        if scenario.namespaced
        else [None] * scenario.streams
    )
    return SampleRequest(
        workflow=scenario.workflow,
        arguments=tuple(
            seed if argument == "{seed}" else argument for argument in scenario.arguments
        ),
        answer=scenario.answer,
        streams=tuple(
            StreamRequest(namespace=name, framed=scenario.framed, stamped=scenario.stamped)
            for name in namespaces
        ),
        hooks=tuple(f"resume-{seed}-{number}" for number in range(scenario.hooks)),
        timeout_ms=scenario.timeout_s * 1000,
    )


def _identify(fork: Fork, attempt: int, task: _Task, sequence: int) -> dict[str, Any]:
    """Return the fields that identify a sample."""
    return {
        "fork": fork.id,
        "attempt": attempt,
        "kind": fork.kind,
        "cell": fork.cell,
        "scenario": task.scenario.id,
        "sequence": sequence,
        "warmup": task.warmup,
    }


def _take_sample(
    deployed: Deployed, task: _Task, seed: int, about: dict[str, Any], check_answer: CheckAnswer
) -> tuple[Sample, bool]:
    """Return the sample, and whether the app can take another one."""
    request = make_request(task.scenario, seed)
    before = deployed.usage()
    began, began_cpu = time.monotonic(), time.process_time()
    try:
        reply = deployed.take_sample(request)
    except HarnessError as error:
        return Sample(**about, outcome="failed", error=str(error)), False
    about["request_ms"] = (time.monotonic() - began) * 1000
    about["harness_cpu_ms"] = (time.process_time() - began_cpu) * 1000
    after = deployed.usage()
    outcome, error_text = judge_reply(task.scenario, request, reply, check_answer)
    sample = Sample(
        **about,
        outcome=outcome,
        error=error_text,
        **_relate_times(reply),
        woken_by=reply.woken_by,
        settled=reply.settled,
        partial=reply.partial,
        counts=_count(reply),
        cpu_ms=after.cpu_ms - before.cpu_ms if before and after else None,
        memory_bytes=after.memory_bytes if after else None,
    )
    return sample, outcome != "timeout"


def _recover(
    deployer: Restarter, task: _Task, about: dict[str, Any], check_answer: CheckAnswer
) -> Sample:
    """Kill apps of the cell that are not the fork's own, which goes on afterwards."""
    began, began_cpu = time.monotonic(), time.process_time()
    found = measure_recovery(deployer, about["cell"], task.scenario, check_answer)
    correct = found.outcome == "correct" and found.times is not None
    return Sample(
        **about,
        outcome=found.outcome,
        error=found.error,
        created_ms=0.0 if correct else None,
        completed_ms=max(found.times.completed_ms) if correct and found.times else None,
        recovery=found.times,
        request_ms=(time.monotonic() - began) * 1000,
        harness_cpu_ms=(time.process_time() - began_cpu) * 1000,
    )


def judge_reply(
    scenario: Scenario, request: SampleRequest, reply: SampleReply, check_answer: CheckAnswer
) -> tuple[SampleOutcome, str | None]:
    """Return the outcome of a run, and what is wrong with it."""
    if reply.outcome != "completed":
        return reply.outcome, reply.error or "the app gave no reason"
    wrong = check_answer(scenario, request.arguments, reply)
    return ("incorrect", wrong) if wrong else ("correct", None)


def _relate_times(reply: SampleReply) -> dict[str, Any]:
    """Return the reply's times since the call of `start()`, in ms, rounded to microseconds."""

    def since_call(at_ms: float | None) -> float | None:
        return None if at_ms is None else round(at_ms - reply.called_at_ms, 3)

    return {
        "created_ms": since_call(reply.created_at_ms),
        "started_ms": since_call(reply.started_at_ms),
        "completed_ms": since_call(reply.completed_at_ms),
        "start_returned_ms": since_call(reply.start_returned_at_ms),
        "answered_ms": since_call(reply.answered_at_ms),
        "steps": tuple(
            StepTimes(
                since_call(mark.entered_at_ms) or 0.0, since_call(mark.left_at_ms), mark.invocation
            )
            for mark in reply.steps
        ),
        "streams": tuple(
            StreamTimes(
                first_byte_ms=since_call(stream.first_byte_at_ms),
                ended_ms=since_call(stream.ended_at_ms) or 0.0,
                bytes=stream.bytes,
                chunks=tuple(
                    ChunkTimes(
                        since_call(chunk.written_at_ms) or 0.0,
                        since_call(chunk.arrived_at_ms) or 0.0,
                    )
                    for chunk in stream.chunks
                ),
            )
            for stream in reply.streams
        ),
        "resumed_ms": tuple(since_call(at_ms) or 0.0 for at_ms in reply.resumed_at_ms),
    }


def _count(reply: SampleReply) -> Counts | None:
    ledger = reply.ledger
    if ledger is None:
        return None
    return Counts(
        invocations=ledger.invocations,
        world_calls=ledger.world_calls,
        queue_messages=ledger.queue_messages,
        bytes=ledger.bytes,
    )
