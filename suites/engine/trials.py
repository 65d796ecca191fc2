"""A step whose failures are known beforehand, and what may not become of it.

The step is called the subject. Which of its executions fail is told by the order in which their
bodies begin, and never are they more than it may fail: whatever is delivered when, and however many
handlers start it, the subject may not be given up.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, TypeAlias

import httpx
import msgspec

from harness.nemesis.journal import Execution, Journal, JournalCall
from harness.nemesis.plans import Plan
from suites.engine.stage import Ending, Run, Stage, wait_until
from suites.engine.violations import Inconclusive, violate

Retries: TypeAlias = Literal[0, 1, 3]

#: The key of the step under test.
SUBJECT = "subject"
#: The subject's function, by how often it is tried again.
FUNCTIONS: dict[int, str] = {0: "triedOnce", 1: "triedTwice", 3: "triedOften"}
#: With so many other steps beside it the subject gets a message of its own on every line.
CROWD = 4
#: The lines whose handler executes steps by itself, in the delivery of the run's message.
INLINE = {"v5", "v5-latest"}
#: Clocks of two processes may be so far apart.
CLOCKS_MS = 5
#: What takes messages, on any line.
ROUTES = ("flow", "step")


class Trial(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the subject does; times in milliseconds."""

    retries: Retries
    #: The executions that fail: 1 is the first body that began. At most `retries` of them.
    failing: tuple[int, ...] = ()
    #: How long an execution takes that succeeds, and one that fails.
    ms: int = 0
    fail_ms: int = 0
    how: Literal["error", "retryable"] = "error"
    #: With `retryable`: how long it asks to be left alone.
    retry_after_ms: int = 1_000


def start_trial(stage: Stage, trial: Trial, bystanders: int, plan: Plan = ()) -> Run:
    """Start a run of the subject and of steps beside it."""
    return stage.start("trial", trial, bystanders, plan=plan)


def judge_trial(run: Run, ending: Ending, retries: int) -> None:
    """Raise what speaks against a run whose subject has failed less often than it may.

    Raises:
        Violation: the subject was given up, or the run did not complete for another reason.
        Inconclusive: the body failed more often than it was told to.
    """
    if ending.status == "completed":
        return
    journal = run.journal()
    executions = journal.executions(SUBJECT)
    steps = {item.step_id for item in executions}
    given_up = find_write(journal, steps, "step_failed")
    if given_up is None:
        violate(
            f"the step was not given up, but its run is {ending.describe()}",
            run.witness(steps),
        )
    failures = count_failures(executions, given_up)
    if failures > retries:
        raise Inconclusive(f"the body failed {failures} times, more than it was told to")
    place = (
        'before its body, with "exceeded max retries",'
        if "exceeded max retries" in ending.message
        else "after an error of its body"
    )
    violate(
        f"a step was given up {place} when {failures} of its executions had failed; it may fail "
        f"{retries} times. It had been started {count_starts(journal, steps, given_up)} times",
        run.witness(steps),
    )


def await_body(run: Run, after: int, within_s: float) -> Execution:
    """Wait until a body of the subject runs, and so many executions of it have failed.

    Raises:
        Inconclusive: that did not happen in time.
    """
    running: list[Execution] = []

    def runs_now() -> bool:
        bodies = run.journal().executions(SUBJECT)
        running[:] = [item for item in bodies if item.ended_at_ms is None]
        return bool(running) and sum(item.outcome == "failed" for item in bodies) >= after

    if not wait_until(runs_now, within_s):
        raise Inconclusive(f"no body ran after {after} failures")
    return running[0]


def count_failures(executions: Sequence[Execution], until_ms: float) -> int:
    """Return how many executions had failed at a time."""
    return sum(
        item.outcome == "failed" and item.ended_at_ms is not None and item.ended_at_ms <= until_ms
        for item in executions
    )


def count_starts(journal: Journal, steps: Collection[str], until_ms: float = float("inf")) -> int:
    """Return how often the World recorded, until a time, that one of the steps was started."""
    return sum(item.at_ms <= until_ms for item in list_starts(journal, steps))


def list_starts(journal: Journal, steps: Collection[str]) -> list[JournalCall]:
    """Return the calls by which the World recorded that one of the steps was started."""
    return _list_writes(journal, steps, "step_started")


def find_write(journal: Journal, steps: Collection[str], event: str) -> float | None:
    """Return when an event of one of the steps was first recorded."""
    return next((item.at_ms for item in _list_writes(journal, steps, event)), None)


def _list_writes(journal: Journal, steps: Collection[str], event: str) -> list[JournalCall]:
    return [
        item
        for item in journal.calls("events.create", event)
        if item.correlation_id in steps and item.error is None
    ]


def find_overlaps(executions: Sequence[Execution]) -> list[tuple[Execution, Execution]]:
    """Return, of the same step, each execution that began while an earlier one ran, and that."""
    found: list[tuple[Execution, Execution]] = []
    running: dict[str, Execution] = {}
    for item in executions:
        earlier = running.get(item.step_id)
        if earlier and lies_within(item.entered_at_ms + CLOCKS_MS, earlier):
            found.append((earlier, item))
        if not earlier or ends_at(item) > ends_at(earlier):
            running[item.step_id] = item
    return found


def ends_at(execution: Execution) -> float:
    """Return when it ended."""
    return float("inf") if execution.ended_at_ms is None else execution.ended_at_ms


def lies_within(at_ms: float, execution: Execution) -> bool:
    """Tell whether a moment lies inside an execution."""
    return execution.entered_at_ms < at_ms < ends_at(execution)


def ask_routes(stage: Stage) -> None:
    """Ask for the routes that take messages: a framework may load them not before that."""
    for route in ROUTES:
        httpx.post(f"{stage.app.base_url}/.well-known/workflow/v1/{route}", timeout=30.0)
