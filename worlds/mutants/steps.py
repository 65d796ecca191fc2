"""Mutants of the life of steps."""

from __future__ import annotations

import math
from typing import Any

from harness.contract.model import Entity, EntityRow, Model
from harness.contract.model.log import Request
from harness.contract.model.values import read_option
from worlds.mutants import mutant
from worlds.mutants.windows import Window

_OUTCOMES = frozenset({"step_completed", "step_failed"})


class _ForgetsSteps(Model):
    def claim_step(self, request: Request) -> None:
        """Forget that somebody may have claimed it."""
        self.state.claims.add((request.run_id, "step", request.correlation_id))


@mutant("STEP-CREATE-ATOMIC", "creations of one step at once exactly one must succeed")
class CreatesAStepTwice(Window):
    """Whether a step exists is looked up, and then it is created."""

    careless = _ForgetsSteps
    raced = frozenset({"step_created"})


@mutant("STEP-CREATE-ATOMIC", "creations of one step at once exactly one must succeed")
class CreatesEveryStep(_ForgetsSteps):
    """Every creation of a step succeeds, also of one that exists."""


@mutant("STEP-CREATE-COMPLETE", "steps.get of a step that was created")
class LogsStepsWithoutRows(Model):
    """Of a run's steps only the first eight get a row; the events of all are logged."""

    def create_step(self, request: Request) -> dict[str, Any]:
        """Forget the row of one that is too many."""
        answer = super().create_step(request)
        own = [key for key in self.state.steps if key[0] == request.run_id]
        if len(own) > 8:
            del self.state.steps[own[-1]]
        return answer


@mutant("STEP-CREATE-COMPLETE", "a new step's attempt must be 0")
class CountsTheCreation(Model):
    """The creation of a step counts as its first attempt."""

    def make_step(self, request: Request) -> Entity:
        """Begin with 1."""
        return {**super().make_step(request), "attempt": 1}


@mutant("STEP-LAZY-START", "but logged step_started, step_created")
class LogsTheLazyStartFirst(Model):
    """The start that creates its step has an earlier place in the log than the creation."""

    def create_and_start(self, request: Request) -> dict[str, Any]:
        """Change the places of the two events."""
        answer = super().create_and_start(request)
        log = self.log_of(request.run_id)
        first, second = log[-2:]
        log[-2:] = [EntityRow(first.serial, second.value), EntityRow(second.serial, first.value)]
        return answer


@mutant("STEP-LAZY-START", "claims of one step at once exactly one must succeed")
class StartsAStepLazilyTwice(Window):
    """Whether a step exists is looked up, and then it is created and started."""

    careless = _ForgetsSteps
    raced = frozenset({"step_started", "step_created"})


class _KnowsOldAttempts(Model):
    def start_step(self, request: Request) -> dict[str, Any]:
        """Write the attempt that was counted before, if it was."""
        self._counted = request.data.get("attempt")
        return super().start_step(request)

    def count_start(self, step: Entity) -> int:
        """Return it."""
        return self._counted if isinstance(self._counted, int) else super().count_start(step)


@mutant("STEP-START-COUNT", "starts were accepted, but the step's attempt is")
class LosesStarts(Window):
    """The attempt is read, raised by one, and then written."""

    careless = _KnowsOldAttempts
    raced = frozenset({"step_started"})

    def look(self, args: list[object]) -> list[object]:
        """Count the attempt as of now."""
        run_id, event, *params = super().look(args)
        step_id = read_option(event, "correlationId")
        row = self.model.state.steps.get((str(run_id), str(step_id)))
        if row is None or not isinstance(event, dict):
            return args
        data = {**(event.get("eventData") or {}), "attempt": row.value["attempt"] + 1}
        return [run_id, {**event, "eventData": data}, *params]


class _ForgetsOutcomesAtStarts(Model):
    def check_start(self, step: Entity) -> None:
        """Look at the time only."""
        self.check_retry_time(step)


@mutant("STEP-START-TERMINAL", "in the log")
class StartsAStepBehindItsOutcome(Window):
    """Whether a step has its outcome is looked up, and then it is started."""

    careless = _ForgetsOutcomesAtStarts
    raced = frozenset({"step_started"})


@mutant("STEP-START-TERMINAL", "step_started behind step_completed must be refused")
class StartsEndedSteps(_ForgetsOutcomesAtStarts):
    """A step that has its outcome starts again."""


@mutant("STEP-START-ENDED-RUN", "step_started of a running step behind run_completed")
class StartsStepsOfEndedRuns(Model):
    """A running step starts once more although its run has ended."""

    def check_start_in_run(self, run: Entity) -> None:
        """Accept any run."""


class _ForgetsOutcomes(Model):
    def check_step_open(self, step: Entity) -> None:
        """Forget that the step may be over."""


@mutant("STEP-TERMINAL-ONCE", "outcomes of one step at once exactly one must succeed")
class EndsAStepTwice(Window):
    """Whether a step has an outcome is looked up, and then it gets one."""

    careless = _ForgetsOutcomes
    raced = _OUTCOMES


@mutant("STEP-TERMINAL-ONCE", "step_completed behind step_completed must be refused")
class EndsEveryStep(_ForgetsOutcomes):
    """A step that has its outcome gets another one."""


@mutant("STEP-LATE-OUTCOME", "of a step that was running before run_completed must succeed")
class RefusesLateOutcomes(Model):
    """Nothing about a step is taken once its run has ended."""

    def check_late_outcome(self, run: Entity, step: Entity) -> None:
        """Refuse all of it."""
        self.check_start_in_run(run)


@mutant("STEP-LATE-OUTCOME", "of a step that was pending before run_completed must be refused")
class EndsPendingStepsLate(Model):
    """A step that never ran gets an outcome once its run has ended."""

    def check_late_outcome(self, run: Entity, step: Entity) -> None:
        """Accept any step."""


@mutant("STEP-LATE-OUTCOME", "changed the completedAt of a run")
class EndsTheRunAgain(Model):
    """A late outcome of a step touches its run."""

    def end_step(self, request: Request, status: str, field: str, sent_as: str) -> dict[str, Any]:
        """Write the run's end once more."""
        answer = super().end_step(request, status, field, sent_as)
        run = self.find_run(request.run_id)
        if self.is_ended(run):
            self.put(self.state.runs, request.run_id, {**run, "completedAt": self.now})
        return answer


@mutant("STEP-RETRY-STATE", "step_retrying must keep attempt 1")
class ForgetsAttempts(Model):
    """A step that is to be tried again begins to count anew."""

    def make_retrying(self, step: Entity, request: Request) -> Entity:
        """Begin with 0."""
        return {**super().make_retrying(step, request), "attempt": 0}


@mutant("STEP-RETRY-STATE", "still has retryAfter")
class KeepsTheRetryTime(Model):
    """A step that was tried again keeps its retryAfter."""

    def make_running(self, step: Entity) -> Entity:
        """Leave it there."""
        running = super().make_running(step)
        return running | {key: step[key] for key in ("retryAfter",) if key in step}


@mutant("STEP-RETRY-AFTER", "step_started before retryAfter must be refused")
class StartsTooEarly(Model):
    """A step starts before its retryAfter."""

    def check_retry_time(self, step: Entity) -> None:
        """Accept any time."""


@mutant("STEP-RETRY-AFTER", "seconds that remain, but says")
class RoundsSecondsDown(Model):
    """The seconds that a step has to wait are rounded down."""

    def check_retry_time(self, step: Entity) -> None:
        """Refuse with too little."""
        retry_after = step.get("retryAfter")
        if retry_after is not None and self.now < retry_after:
            left = math.floor((retry_after - self.now).total_seconds())
            raise self.refusal("TooEarlyError", "too early", retry_after=left)


@mutant("STEP-GET", "the step of another run must reject")
class FindsStepsOfOtherRuns(Model):
    """A step is found by its id alone."""

    def step_candidates(self, run_id: object, step_id: object) -> list[tuple[Any, EntityRow]]:
        """Look through all runs."""
        return list(self.state.steps.items())
