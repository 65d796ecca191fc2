"""A process that dies in the middle of a run, and what the next one makes of the run."""

from __future__ import annotations

import time
from typing import Any, Literal, TypeAlias

import msgspec

from harness.errors import DeploymentError
from harness.nemesis.journal import Journal, JournalCall
from harness.nemesis.plans import Plan
from suites.engine.cases import Cases
from suites.engine.stage import PATIENCE_S, Ending, EngineError, Run, Stage, wait_until
from suites.engine.violations import Inconclusive, violate

#: How long a step that a process died in belongs to the message it was handled for, where the line
#: has such leases: 860 s by default, which no check can wait for.
LEASE_S = 2
LEASE_VARIABLE = "WORKFLOW_INLINE_OWNERSHIP_LEASE_SECONDS"
LEASE = {LEASE_VARIABLE: str(LEASE_S)}
#: A run that has not ended so long after a restart does not go on by itself.
BY_ITSELF_S = 12.0
#: How long a World that was started is given before the run is woken in any case.
_STARTED_S = 6.0
#: A run that has not ended so long after it was woken hangs: it needs a second, and the lease.
HANGS_S = 14.0
#: A run ends, or its process dies, within this time.
_FATE_S = 30.0

#: How a run stands that nothing changes anymore.
ENDED = {"completed", "failed", "cancelled"}

#: What made a run go on after a restart.
Cause: TypeAlias = Literal["itself", "the World's start", "a message", "nothing"]


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended after a restart."""

    ending: Ending
    cause: Cause
    #: What the World said when it was to be started and refused.
    refused: str = ""


def start_doomed(stage: Stage, shape: Any, plan: Plan) -> Run:
    """Start a run whose process may die before it has answered.

    Raises:
        Inconclusive: it died before the run had an id.
    """
    try:
        return stage.program(shape, plan=plan)
    except DeploymentError:
        ids = [item.run_id for item in stage.journal().records if item.run_id]
        if not ids:
            raise Inconclusive("the process died before the run had an id") from None
        return Run(stage, ids[-1])


def await_kill(stage: Stage, run: Run) -> bool:
    """Wait until the process has died, or its run ended without; tell whether it died."""
    deadline = time.monotonic() + _FATE_S
    while stage.is_alive() and time.monotonic() < deadline:
        try:
            ended = run.status().status in ENDED
        except (DeploymentError, EngineError):
            continue
        if ended:
            # The last point of a run's life lies behind its end.
            return stage.await_death(1.0)
        time.sleep(0.02)
    return not stage.is_alive()


def recover(stage: Stage, run: Run, *, patient: bool = False) -> Recovery:
    """Start another process on the storage, and see to it that the run goes on.

    A durable queue would deliver again what was not acknowledged. Of a World whose queue is memory
    only nothing comes: the run gets the message that Worlds queue for active runs.

    Args:
        stage: Its process has died.
        run: Was under way.
        patient: Whether to see first if the run goes on by itself, and if the World has to be
            started for it.

    Raises:
        Inconclusive: the World does not know the run: it died before the run was created.
    """
    stage.launch()
    try:
        if patient or stage.world.starts:
            ending = run.await_end(BY_ITSELF_S if patient else _STARTED_S)
            if ending.status in ENDED:
                return Recovery(ending=ending, cause="itself")
        refused = ""
        if patient and not stage.world.starts:
            ending, refused = _start_world(stage, run)
            if ending.status in ENDED:
                return Recovery(ending=ending, cause="the World's start")
        run.wake()
    except EngineError as error:
        raise Inconclusive(f"the World does not know the run: {error}") from error
    ending = run.await_end(HANGS_S)
    cause: Cause = "a message" if ending.status in ENDED else "nothing"
    return Recovery(ending=ending, cause=cause, refused=refused)


def _start_world(stage: Stage, run: Run) -> tuple[Ending, str]:
    """Start the World, which may refuse; return how the run stands, and what the World said."""
    try:
        stage.start_world()
    except EngineError as error:
        return run.status(), str(error)
    return run.await_end(BY_ITSELF_S), ""


def judge(run: Run, recovery: Recovery, expected: Any, kills: int = 1) -> None:
    """See that the run ended well, and that nothing was done again that was done.

    Raises:
        Violation: it did not.
    """
    ending, journal = recovery.ending, run.journal()
    if ending.status != "completed":
        violate(
            f"the run is {ending.describe()} {HANGS_S:.0f} s after a message that is to wake it"
            f"{explain_standstill(run, journal)}",
            run.witness(),
        )
    if ending.output != expected:
        violate(f"the run returned {str(ending.output)[:200]}", run.witness())
    refuse_repetition(run, journal, kills)


def refuse_repetition(run: Run, journal: Journal, kills: int) -> None:
    """See that no completed step was executed again, and no other too often.

    Raises:
        Violation: one was.
    """
    completed = {
        call.correlation_id: call.at_ms
        for call in journal.calls(event="step_completed")
        if call.error is None
    }
    entries: dict[str, int] = {}
    for item in journal.executions():
        entries[item.key] = entries.get(item.key, 0) + 1
        if item.entered_at_ms > completed.get(item.step_id, float("inf")):
            violate(
                "a step was executed again after its completion was written",
                run.witness({item.step_id}),
            )
        if entries[item.key] > 1 + kills:
            violate(
                f"a body was entered {entries[item.key]} times, though its process died "
                f"{kills} times",
                run.witness({item.step_id}),
            )


def explain_standstill(run: Run, journal: Journal) -> str:
    """Say where the World's records of a run that hangs contradict each other; or nothing."""
    logged: dict[str, set[str]] = {}
    for event in run.events():
        logged.setdefault(event.correlation_id or "", set()).add(event.event_type)
    for step_id, types in logged.items():
        if "step_started" in types and "step_created" not in types:
            return ": the World's log has a step_started, but not the step_created before it"
        ended = types & {"step_completed", "step_failed"}
        if not ended and _is_refused(journal, step_id):
            return ": the World says that a step has ended, but its log has no outcome of it"
    for call in reversed(journal.calls("events.create")):
        step_id = call.correlation_id or ""
        if call.error == "EntityConflictError" and step_id not in logged:
            return ": the World says that a step exists, but its log has nothing of it"
    return ""


def _is_refused(journal: Journal, step_id: str) -> bool:
    """Tell whether the last thing that was to be written of a step was a conflict."""
    calls: list[JournalCall] = [
        call for call in journal.calls("events.create") if call.correlation_id == step_id
    ]
    return bool(calls) and calls[-1].error == "EntityConflictError"


class Outage(msgspec.Struct, frozen=True, kw_only=True):
    """A World that was out of reach, once or several times."""

    #: What was done: `its server was killed`.
    what: str
    times: int = 1
    #: When a run has to have ended afterwards.
    within_s: float = PATIENCE_S


def judge_after(outage: Outage, stage: Stage, run: Run, cases: Cases) -> None:
    """See how a run ends after an outage; an app that ended with it is started again.

    Raises:
        Violation: it does not end well.
    """
    ended = wait_until(lambda: not stage.is_alive() or has_ended(run), outage.within_s)
    if not stage.is_alive():
        cases.answer("the app survives", "no")
        stage.launch()
        ended = wait_until(lambda: has_ended(run), outage.within_s)
    status = run.status()
    if not ended or status.status != "completed":
        journal = run.journal()
        violate(
            f"the run is {status.describe()} {outage.within_s:.0f} s after {outage.what}"
            f"{explain_standstill(run, journal)}",
            run.witness(),
        )
    refuse_repetition(run, run.journal(), outage.times + 1)


def has_ended(run: Run) -> bool:
    """Tell whether a run has ended, as far as its app and its World answer."""
    try:
        return run.status().status in ENDED
    except (DeploymentError, EngineError):
        return False
