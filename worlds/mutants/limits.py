"""Mutants of limits."""

from __future__ import annotations

from typing import Any

from harness.contract.model import Model
from harness.contract.model.log import Request
from harness.contract.model.values import Entity
from worlds.mutants import mutant


@mutant("LIMIT-EVENTS", "does not report maxEvents")
class ReportsNoLimit(Model):
    """Nobody is told how many events a run may have."""

    def answer_create(self, request: Request, outcome: dict[str, Any], known: int) -> Entity:
        """Build what `events.create` returns."""
        answer = super().answer_create(request, outcome, known)
        answer.pop("maxEvents", None)
        return answer


@mutant("LIMIT-EVENTS", "of which 50 are allowed, must succeed")
class RefusesEventsBehindTheLimit(Model):
    """Once the log is full, it takes nothing more but steps, not even the run's end."""

    def check_precondition(self, request: Request) -> None:
        """Refuse what comes behind the limit."""
        full = len(self.read_log(request.run_id)) >= self.rules.max_events
        if full and request.type.startswith("run_"):
            raise self.bad_request("the log is full")
