"""Mutants of the life of runs."""

from __future__ import annotations

from typing import Any

from harness.contract.model import Entity, EntityRow, Model
from harness.contract.model.log import Request
from harness.contract.model.values import read_option
from worlds.mutants import mutant
from worlds.mutants.windows import Window
from worlds.reference import ReferenceWorld

_ENDS = frozenset({"run_completed", "run_failed", "run_cancelled"})


class _ForgetsRuns(Model):
    def check_new_run(self, run_id: str) -> None:
        """Forget that the run may exist."""


@mutant("RUN-CREATE-ATOMIC", "creations of one run at once exactly one must succeed")
class CreatesARunTwice(Window):
    """Whether a run exists is looked up, and then it is created."""

    careless = _ForgetsRuns
    raced = frozenset({"run_created"})


@mutant("RUN-CREATE-ATOMIC", "run_created for a run that exists must be refused")
class CreatesEveryRun(Model):
    """A run that exists is created again."""

    def check_new_run(self, run_id: str) -> None:
        """Accept any id."""


@mutant("RUN-CREATE-ID", "a run is called")
class NamesEveryRunItself(Model):
    """A run gets an id of the World's own, whatever the client chose."""

    def create_run(self, request: Request) -> dict[str, Any]:
        """Create it without its id."""
        return super().create_run(_without_id(request))


def _without_id(request: Request) -> Request:
    return Request(
        run_id="",
        type=request.type,
        correlation_id=request.correlation_id,
        data=request.data,
        has_data=request.has_data,
        params=request.params,
        spec_version=request.spec_version,
    )


@mutant("RUN-CREATED-FIRST", "it logged run_started, run_created")
class LogsTheStartBeforeTheCreation(Model):
    """A start that creates its run has an earlier place in the log than the creation."""

    def start_run(self, request: Request) -> dict[str, Any]:
        """Change the places of the two events."""
        is_late = request.run_id not in self.state.runs
        answer = super().start_run(request)
        if is_late:
            log = self.log_of(request.run_id)
            first, second = log[-2:]
            log[-2:] = [
                EntityRow(first.serial, second.value),
                EntityRow(second.serial, first.value),
            ]
        return answer


class _CreatesWhenTold(Model):
    def start_run(self, request: Request) -> dict[str, Any]:
        """Create the run when it was missing before, also if it has come meanwhile."""
        if request.data.get("isLate"):
            self.state.runs.pop(request.run_id, None)
            self.create_late(request)
        return super().start_run(request)


@mutant("RUN-CREATED-FIRST", "a creation and starts with data raced, but the log has")
class CreatesALateRunTwice(Window):
    """Whether a start has to create its run is looked up, and then it is created."""

    careless = _CreatesWhenTold
    raced = frozenset({"run_started"})

    def look(self, args: list[object]) -> list[object]:
        """Find out whether the run is missing as of now."""
        run_id, event, *params = super().look(args)
        data = read_option(event, "eventData")
        if run_id in self.model.state.runs or not data or not isinstance(event, dict):
            return args
        return [run_id, {**event, "eventData": {**data, "isLate": True}}, *params]


@mutant("RUN-START-IDEMPOTENT", "appends nothing, but was answered with run_started")
class LogsEveryStart(Model):
    """A start of a running run is logged once more."""

    def start_run(self, request: Request) -> dict[str, Any]:
        """Append the event whatever the run's status."""
        answer = super().start_run(request)
        return answer if "event" in answer else {**answer, "event": self.append_started(request)}


@mutant("RUN-START-IDEMPOTENT", "first starts at once must succeed")
class StartsARunOnce(Model):
    """A start of a running run is refused."""

    def check_run_may_start(self, run: Entity) -> None:
        """Refuse what runs already."""
        super().check_run_may_start(run)
        if run["status"] == "running":
            raise self.refusal("EntityConflictError", "the run is running")


@mutant("RUN-STARTED-AT-ONCE", "startedAt of a run moved")
class MovesTheStart(Model):
    """Every start of a run sets its startedAt."""

    def start_run(self, request: Request) -> dict[str, Any]:
        """Set the time again."""
        answer = super().start_run(request)
        moved = {**answer["run"], "startedAt": self.now}
        return {**answer, "run": self.put(self.state.runs, request.run_id, moved)}


@mutant("RUN-START-TERMINAL", "run_started behind run_completed must be refused")
class StartsEndedRuns(Model):
    """A run that has ended starts again."""

    def check_run_may_start(self, run: Entity) -> None:
        """Accept any status."""


class _ForgetsEnds(Model):
    def check_open_run(self, request: Request) -> Entity:
        """Forget that the run may be over when it is to end."""
        if request.type in _ENDS:
            return self.find_run(request.run_id)
        return super().check_open_run(request)


@mutant("RUN-TERMINAL-ONCE", "ends of one run at once exactly one must succeed")
class EndsARunTwice(Window):
    """Whether a run goes on is looked up, and then it ends."""

    careless = _ForgetsEnds
    raced = _ENDS


@mutant("RUN-TERMINAL-ONCE", "run_completed behind run_failed must be refused")
class CompletesFailedRuns(Model):
    """A failed run can still be completed."""

    def check_open_run(self, request: Request) -> Entity:
        """Let a failed run be completed."""
        run = self.find_run(request.run_id)
        if request.type == "run_completed" and run["status"] == "failed":
            return run
        return super().check_open_run(request)


class _ForgetsEndsForSteps(Model):
    def check_open_run(self, request: Request) -> Entity:
        """Forget that the run may be over when a step is created."""
        if request.type == "step_created":
            return self.find_run(request.run_id)
        return super().check_open_run(request)


@mutant("RUN-TERMINAL-CLOSES", "the log goes on with step_created")
class CreatesStepsBehindTheEnd(Window):
    """Whether a run goes on is looked up, and then a step is created in it."""

    careless = _ForgetsEndsForSteps
    raced = frozenset({"step_created"})


@mutant("RUN-TERMINAL-CLOSES", "these were not refused: wait_created")
class TakesWaitsBehindTheEnd(Model):
    """An ended run takes new waits."""

    def check_open_run(self, request: Request) -> Entity:
        """Let waits in."""
        if request.type == "wait_created":
            return self.find_run(request.run_id)
        return super().check_open_run(request)


@mutant("RUN-CANCEL-IDEMPOTENT", "run_cancelled behind another must succeed")
class CancelsOnce(Model):
    """A cancel that is repeated is refused."""

    def cancel_again(self, request: Request, run: Entity) -> dict[str, Any]:
        """Refuse it."""
        raise self.refusal("EntityConflictError", "the run is cancelled")


@mutant("RUN-CANCEL-IDEMPOTENT", "run_cancelled behind run_completed must be refused")
class CancelsCompletedRuns(Model):
    """A cancel of a run that has ended otherwise is accepted and ignored."""

    def cancel_run(self, request: Request) -> dict[str, Any]:
        """Accept it."""
        run = self.find_run(request.run_id)
        return {"run": run} if self.is_ended(run) else super().cancel_run(request)


@mutant("RUN-MISSING", "a run that does not exist: run_failed")
class FailsMissingRuns(Model):
    """The failure of a run that nobody created is stored."""

    def fail_run(self, request: Request) -> dict[str, Any]:
        """Store the event without a run."""
        if request.run_id in self.state.runs:
            return super().fail_run(request)
        return {"event": self.append_event(request)}


@mutant("RUN-LIST-FILTER", "do not belong there")
class ForgetsTheStatusBesideTheName(Model):
    """A list of runs by name and status looks at the name only."""

    def matches(self, run: Entity, options: object) -> bool:
        """Look at one filter."""
        name = read_option(options, "workflowName")
        return super().matches(run, options) if name is None else bool(run["workflowName"] == name)


@mutant("RUN-LIST-FILTER", "hasMore")
class PromisesAPageMore(Model):
    """A page of runs that is full says that another follows."""

    def list_runs(self, options: object = None) -> Entity:
        """Guess from the page's length."""
        page = super().list_runs(options)
        limit = read_option(read_option(options, "pagination"), "limit")
        return {**page, "hasMore": len(page["data"]) == limit}


@mutant("RUN-WAIT-TERMINAL", "for a run that goes on ended after")
class DoesNotWait(ReferenceWorld):
    """Whoever waits for a run's end gets the run at once."""

    async def wait_for_end(self, args: list[object]) -> Any:
        """Read once."""
        return self.read("runs.get", args)
