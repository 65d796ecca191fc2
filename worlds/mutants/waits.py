"""Mutants of waits."""

from __future__ import annotations

from typing import Any

from harness.contract.model import Model, Refused
from harness.contract.model.log import Request
from harness.contract.model.values import Entity
from worlds.mutants import mutant
from worlds.mutants.hasty import Hasty, Lax


@mutant("WAIT-CREATE-ATOMIC", "a second wait_created must be refused", line="v4")
class CreatesWaitsAgain(Model):
    """A wait that exists can be created again."""

    def claim_wait(self, request: Request) -> None:
        """Claim nothing."""


class _LaxWaits(Lax):
    def claim_wait(self, request: Request) -> None:
        if not self.decided:
            super().claim_wait(request)

    def check_wait_open(self, wait: Entity) -> None:
        if not self.decided:
            super().check_wait_open(wait)


@mutant("WAIT-CREATE-ATOMIC", "creations of one wait at once exactly one must succeed")
class CreatesWaitsHastily(Hasty):
    """Whether a wait exists is found out first, and the wait created later."""

    hasty = ("wait_created",)
    lax = _LaxWaits


@mutant("WAIT-COMPLETE-ONCE", "a second wait_completed must be refused", line="v4")
class CompletesWaitsAgain(Model):
    """A wait can be completed any number of times."""

    def check_wait_open(self, wait: Entity) -> None:
        """Refuse nothing."""


@mutant("WAIT-COMPLETE-ONCE", "completions of one wait at once exactly one must succeed")
class CompletesWaitsHastily(Hasty):
    """Whether a wait is over is found out first, and its completion written later."""

    hasty = ("wait_completed",)
    lax = _LaxWaits


@mutant("WAIT-COMPLETE-NEEDS-WAIT", "wait_completed for a wait that does not exist must be refused")
class CompletesWaitsThatAreNot(Model):
    """A wait need not have been created."""

    def find_wait(self, request: Request) -> Entity:
        """Return the wait, or make one up."""
        try:
            return super().find_wait(request)
        except Refused:
            return {**self.make_wait_from_nothing(request), "status": "waiting"}

    def make_wait_from_nothing(self, request: Request) -> Entity:
        """Make what is known of a wait that was never created."""
        return {"waitId": request.correlation_id, "runId": request.run_id}


@mutant("WAIT-COMPLETE-NEEDS-WAIT", "wait_created after the refusal must succeed")
class LeavesALockBehind(Model):
    """The refusal of a completion leaves a lock that keeps the wait from being created."""

    def complete_wait(self, request: Request) -> dict[str, Any]:
        """Lock, and look then."""
        if self.key_of(request.run_id, request.correlation_id) not in self.state.waits:
            self.claim_wait(request)
        return super().complete_wait(request)


@mutant("WAIT-ENTITY", "was answered with resumeAt")
class CutsWaitsToSeconds(Model):
    """The end of a wait loses its milliseconds."""

    def make_wait(self, request: Request) -> Entity:
        """Build a wait that ends on a full second."""
        wait = super().make_wait(request)
        return {**wait, "resumeAt": wait["resumeAt"].replace(microsecond=0)}


@mutant("WAIT-ENDED-RUN", "wait_created after run_completed must be refused", line="v4")
class TakesWaitsAfterTheEnd(Model):
    """A run that has ended takes waits."""

    def create_wait(self, request: Request) -> dict[str, Any]:
        """Create a wait without a look at its run."""
        self.claim_wait(request)
        wait = self.make_wait(request)
        key = self.key_of(request.run_id, request.correlation_id)
        return {"event": self.append_event(request), "wait": self.put(self.state.waits, key, wait)}


class _LaxRuns(Lax):
    def check_open_run(self, request: Request) -> Entity:
        if self.decided:
            return self.find_run(request.run_id)
        return super().check_open_run(request)


@mutant("WAIT-ENDED-RUN", "wait_created stand behind run_")
class TakesWaitsHastily(Hasty):
    """Whether a run goes on is found out first, and its wait created later."""

    hasty = ("wait_created",)
    lax = _LaxRuns
