"""Liveness of what a workflow can use: hooks, cancellation, payloads, streams, attributes."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from hypothesis import strategies as st

from suites.engine.cases import Cases
from suites.engine.stage import EngineError, LoggedEvent, Run, Stage, wait_until
from suites.engine.violations import Inconclusive, violate

_STOP = 10_000
#: What an outcome of work that was under way may still be written as.
_LATE = {"step_completed", "step_failed", "step_retrying"}
_ENDS = {"run_completed", "run_failed"}
#: How long a cancelled run is watched: longer than what was under way takes.
_WATCH_S = 1.5


class Resumes(msgspec.Struct, frozen=True, kw_only=True):
    """Numbered payloads, sent to one hook by several callers at the same time."""

    callers: int
    each: int


class Cancel(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is cancelled after a time."""

    after_ms: int
    body_ms: int


class _Sent(msgspec.Struct, frozen=True):
    number: int
    began: float
    ended: float


@pytest.mark.engine("ENG-HOOK-ORDER", cost=10)
def test_payloads_reach_the_workflow_in_order(stage: Stage, cases: Cases) -> None:
    def play(case: Resumes) -> None:
        token = f"order-{uuid.uuid4().hex}"
        run = stage.start("listening", token)
        await_hook(run)

        def send(caller: int) -> list[_Sent]:
            numbers = range(caller * case.each, (caller + 1) * case.each)
            tried = [_send(stage, token, number) for number in numbers]
            return [item for item in tried if item is not None]

        with ThreadPoolExecutor(case.callers) as pool:
            sent = list(itertools.chain.from_iterable(pool.map(send, range(case.callers))))
        if len(sent) < case.callers * case.each / 2:
            raise Inconclusive(f"only {len(sent)} resumes succeeded")
        stage.resume(token, {"number": _STOP, "stop": True})
        ending = run.await_end()
        if ending.status != "completed":
            violate(f"the run is {ending.describe()}", run.witness())
        judge_order(run, sent, [number for number in ending.output if number != _STOP])

    numbers = ((4, 5), (1, 8), (8, 2))
    cases.run([Resumes(callers=callers, each=each) for callers, each in numbers], play)


def _send(stage: Stage, token: str, number: int) -> _Sent | None:
    """Send a payload; `None` when its resume is refused, which promises nothing."""
    began = time.monotonic()
    try:
        stage.resume(token, {"number": number})
    except EngineError:
        return None
    return _Sent(number, began, time.monotonic())


def judge_order(run: Run, sent: Sequence[_Sent], seen: Sequence[int]) -> None:
    """See that every payload was seen once, and after those whose resume had succeeded before.

    Raises:
        Violation: one was lost, seen twice, or out of order.
    """
    lost = {item.number for item in sent} - set(seen)
    if lost:
        violate(
            f"{len(lost)} of {len(sent)} payloads whose resume succeeded never reached the run",
            run.witness(),
        )
    if len(seen) != len(sent):
        violate(f"the workflow saw {len(seen)} payloads of {len(sent)}", run.witness())
    place = {number: index for index, number in enumerate(seen)}
    for earlier, later in itertools.permutations(sent, 2):
        if earlier.ended < later.began and place[earlier.number] > place[later.number]:
            violate(
                f"the workflow saw payload {later.number} before payload {earlier.number}, whose "
                "resume had succeeded before the other was sent",
                run.witness(),
            )


def await_hook(run: Run) -> None:
    """Wait until the run has a hook.

    Raises:
        Inconclusive: it never has.
    """
    if not wait_until(lambda: any(event.event_type == "hook_created" for event in run.events())):
        raise Inconclusive("the run never created its hook")


@pytest.mark.engine("ENG-HOOK-TOKEN", cost=5)
def test_hooks_are_refused_by_name(stage: Stage) -> None:
    token = f"claimed-{uuid.uuid4().hex}"
    owner = stage.start("claiming", token)
    await_hook(owner)
    other = stage.start("claiming", token).await_end()
    if other.output != {"refused": "HookConflictError"}:
        violate(f"a second run with the same token returned {other.output} {other.message[:120]}")
    stage.resume(token, "payload")
    if owner.await_end().output != {"payload": "payload"}:
        violate("the run that holds the token did not get its payload", owner.witness())
    for name in (token, f"unknown-{uuid.uuid4().hex}"):
        refused = name_refusal(stage, name)
        if refused != "HookNotFoundError":
            violate(f"resuming a hook that is not there ends with {refused or 'success'}")


def name_refusal(stage: Stage, token: str) -> str:
    """Resume a hook; return the name of the error that it ends with, or nothing."""
    try:
        stage.resume(token, "too late")
    except EngineError as error:
        return error.name
    return ""


@pytest.mark.engine("ENG-HOOK-TOKEN", cost=5)
def test_a_webhook_answers_and_its_request_reaches_the_run(stage: Stage) -> None:
    run = stage.start("calledBack")
    if not wait_until(lambda: bool(run.journal().executions())):
        raise Inconclusive("the run never told the token of its webhook")
    token = run.journal().executions()[0].key
    status, _ = stage.call_webhook(token, {"asked": 1})
    if status != 202:
        violate(f"the webhook answered with status {status}", run.witness())
    ending = run.await_end()
    if ending.output != {"asked": 1}:
        violate(f"the run is {ending.status} and got {ending.output}", run.witness())


@pytest.mark.engine("ENG-CANCEL", cost=10)
def test_nothing_begins_after_a_cancel(stage: Stage, cases: Cases) -> None:
    def play(case: Cancel) -> None:
        crowd = [{"step": f"crowd-{n}", "ms": case.body_ms} for n in range(5)]
        turns = [{"step": f"turn-{n}", "ms": case.body_ms} for n in range(4)]
        run = stage.program({"seq": [turns[0], {"all": crowd}, *turns[1:]]})
        time.sleep(case.after_ms / 1000)
        try:
            run.cancel()
        except EngineError as error:
            raise Inconclusive(f"the run could not be cancelled: {error}") from error
        ended = any(event.event_type in _ENDS for event in run.events())
        time.sleep(_WATCH_S)
        judge_cancel(run, ended)

    cancels = st.builds(Cancel, after_ms=st.integers(0, 500), body_ms=st.sampled_from([10, 100]))
    cases.explore(Cancel, cancels, play, examples=2.0)


def judge_cancel(run: Run, ended: bool) -> None:
    """See that the run stays cancelled, and that nothing begins in the log after that.

    Args:
        run: What was cancelled a while ago.
        ended: Whether its log had another end as soon as it was cancelled.

    Raises:
        Violation: something does.
        Inconclusive: the run had ended before.
    """
    status, events = read_cancelled(run), run.events()
    if not any(event.event_type == "run_cancelled" for event in events):
        if status == "cancelled":
            violate("the run is cancelled, but its log has no run_cancelled", run.witness())
        if not ended:
            violate(
                f"the run was cancelled with success, and goes on: it is {status}", run.witness()
            )
        raise Inconclusive(f"the run was {status} before it could be cancelled")
    after = find_after_cancel(events)
    ending = next((kind for kind in after if kind in _ENDS), None)
    if ending:
        violate(f"the log has a {ending} after run_cancelled; the run is {status}", run.witness())
    if status != "cancelled":
        violate(f"the log has a run_cancelled, but the run is {status}", run.witness())
    if after:
        violate(f"the log has a {after[0]} after run_cancelled", run.witness())


def read_cancelled(run: Run) -> str:
    """Return how a run stands.

    Raises:
        Violation: the World cannot tell.
    """
    try:
        return run.status().status
    except EngineError as error:
        reason = " ".join(str(error).split())[:160]
        violate(f"the World cannot tell how the run stands: {reason}", run.witness())


def find_after_cancel(events: Sequence[LoggedEvent]) -> list[str]:
    """Return the types of what follows run_cancelled, other than late outcomes."""
    types = [event.event_type for event in events]
    after = types[types.index("run_cancelled") + 1 :]
    return [kind for kind in after if kind not in _LATE]


@pytest.mark.engine("ENG-SERIALIZE-FAIL", cost=6)
def test_a_result_that_cannot_be_serialized_can_be_caught(stage: Stage, cases: Cases) -> None:
    run = stage.start("unserializable")
    ending = run.await_end()
    executions = len(run.journal().executions())
    if ending.status != "completed" or "caught" not in (ending.output or {}):
        violate(f"the run is {ending.describe()}", run.witness())
    if executions > 2:
        violate(f"the step, with one retry, was executed {executions} times", run.witness())
    cases.answer("the workflow catches", ending.output["caught"])
    cases.answer("executions of the step", executions)


@pytest.mark.engine("ENG-PAYLOADS", cost=6)
def test_odd_payloads_are_not_changed(stage: Stage) -> None:
    run = stage.start("odd")
    ending = run.await_end()
    if ending.status != "completed":
        violate(f"the run is {ending.describe()}", run.witness())
    if ending.output:
        violate(f"changed on the way: {'; '.join(ending.output)[:300]}", run.witness())


@pytest.mark.engine("ENG-STREAM-STEPS", cost=6)
def test_a_stream_of_several_steps_is_read_in_order(stage: Stage) -> None:
    parts, lines = 4, 25
    run = stage.start("streaming", parts, lines)
    text = run.stream()
    expected = "".join(f"{part}.{line}\n" for part in range(parts) for line in range(lines))
    if text != expected:
        got = text.splitlines()
        violate(
            f"the stream has {len(got)} lines of {parts * lines}"
            + ("" if sorted(got) != sorted(expected.splitlines()) else ", in another order"),
            run.witness(),
        )
    ending = run.await_end()
    if ending.output != parts * lines:
        violate(f"the run is {ending.status} and returned {ending.output}", run.witness())


@pytest.mark.engine("ENG-ATTRIBUTES", cost=3)
def test_attributes_are_on_the_run(stage: Stage) -> None:
    run = stage.start("attributed")
    ending = run.await_end()
    if ending.status != "completed":
        violate(f"the run is {ending.describe()}", run.witness())
    found = run.attributes()
    if found != {"phase": "ended", "stepped": "by a step"}:
        violate(f"the run has the attributes {found}", run.witness())
