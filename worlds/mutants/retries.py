"""Mutants of retries and refusals."""

from __future__ import annotations

from typing import Any

from harness.contract.model import Entity, Model, Refused
from harness.contract.model.log import Request
from worlds.mutants import mutant
from worlds.mutants.windows import Window


@mutant("RETRY-ATTEMPT-AUTHORITY", "the first start of a step must be attempt 1")
class CountsDeliveriesAsAttempts(Model):
    """The attempt of a step is how often its run's message was delivered."""

    def count_start(self, step: Entity) -> int:
        """Take the queue's number where it is higher."""
        deliveries = [message.attempt for message in self.state.messages.values()]
        return max([super().count_start(step), *deliveries])


@mutant("RETRY-PRECONDITION", "a create that has seen all there was must succeed", line="v4")
class RefusesEqualMarkers(Model):
    """A writer that has seen everything counts as stale."""

    def check_precondition(self, request: Request) -> None:
        """Refuse an equal value, too."""
        super().check_precondition(request)
        seen = request.params.get("stateUpdatedAt")
        if seen is not None and seen == self.state.markers.get(request.run_id):
            raise self.refusal("PreconditionFailedError", "the run has changed")


@mutant("RETRY-PRECONDITION", "must be refused with PreconditionFailedError", line="v4")
class RefusesStaleWritersAsConflicts(Model):
    """A writer that missed something is refused under another name."""

    def check_precondition(self, request: Request) -> None:
        """Use the wrong name."""
        try:
            super().check_precondition(request)
        except Refused as refused:
            raise self.refusal("EntityConflictError", refused.message) from refused


@mutant("RETRY-CONFLICT-NO-EFFECT", "step_created was refused, but changed step")
class TouchesWhatItRefuses(Model):
    """A creation that is refused leaves its time at the step that exists."""

    def claim_step(self, request: Request) -> None:
        """Touch it before looking."""
        row = self.state.steps.get(self.key_of(request.run_id, request.correlation_id))
        if row is not None:
            self.put_step({**row.value, "updatedAt": self.now})
        super().claim_step(request)


@mutant("RETRY-CONFLICT-NO-EFFECT", "was refused, but changed the log")
class LogsWhatItRefuses(Model):
    """The second outcome of a step is logged, and then refused."""

    def end_step(self, request: Request, status: str, field: str, sent_as: str) -> dict[str, Any]:
        """Log it first."""
        step = self.find_step(request)
        if step["status"] in {"completed", "failed"}:
            self.append_event(request)
        return super().end_step(request, status, field, sent_as)


class _KeepsTheLastInput(Model):
    def claim_step(self, request: Request) -> None:
        """Write the input to the row before looking who claimed it."""
        row = self.state.steps.get(self.key_of(request.run_id, request.correlation_id))
        if row is not None:
            self.put_step({**row.value, "input": request.data.get("input")})
        super().claim_step(request)


@mutant("RETRY-CONFLICT-NO-EFFECT", "the step holds the input of a call that was refused")
class StoresTheInputOfLosers(Window):
    """Of several that create one step at once, the last to come writes the row."""

    careless = _KeepsTheLastInput
    raced = frozenset({"step_created"})


@mutant("RETRY-TRANSIENT-SAFE", "hook_created that was sent again was logged as hook_conflict")
class ConflictsWithItself(Model):
    """A hook that is created again loses its token to itself."""

    def check_new_hook(self, request: Request) -> None:
        """Forget that the hook exists."""


@mutant("RETRY-TRANSIENT-SAFE", "wait_created that was sent twice is 2 times in the log")
class CreatesEveryWait(Model):
    """Every creation of a wait succeeds, also of one that exists."""

    def claim_once(self, run_id: str, kind: str, name: str) -> None:
        """Forget who claimed a wait."""
        if kind == "wait":
            self.state.claims.discard((run_id, kind, name))
        super().claim_once(run_id, kind, name)


@mutant("ERR-NAMES", "WorkflowAPIError (status 409) instead of EntityConflictError")
class SpeaksInStatuses(Model):
    """Every refusal has the right status and one name for all."""

    def refusal(self, name: str, message: str, *, retry_after: int | None = None) -> Refused:
        """Hide the name."""
        refused = super().refusal(name, message, retry_after=retry_after)
        refused.name = "WorkflowAPIError"
        return refused


@mutant("ERR-NAMES", "RuntimeError", line="v4")
class CallsAMissingHookAnAccident(Model):
    """A hook that is not there is answered with an error that nobody knows."""

    def refusal(self, name: str, message: str, *, retry_after: int | None = None) -> Refused:
        """Misname one kind."""
        refused = super().refusal(name, message, retry_after=retry_after)
        if name == "HookNotFoundError":
            refused.name = "RuntimeError"
        return refused
