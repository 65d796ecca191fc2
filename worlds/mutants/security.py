"""Mutants of what outsiders may do."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from harness.contract.model import Model
from harness.contract.model.log import Request
from harness.contract.model.state import EntityRow
from harness.contract.model.values import Entity
from worlds.mutants import mutant
from worlds.reference import ReferenceWorld
from worlds.reference.transport import QueueHandler, UserHandler


@mutant("SEC-PATH", "made a file outside of the storage")
class KeepsAFileAStep(ReferenceWorld):
    """Steps are written to files whose names are the ids, as they came."""

    def apply(self, method: str, args: list[object]) -> Any:
        """Write a file for each new step."""
        answer = super().apply(method, args)
        if isinstance(answer, dict) and "step" in answer:
            folder = self._folder / "steps"
            folder.mkdir(exist_ok=True)
            with contextlib.suppress(OSError, ValueError):
                (folder / str(answer["step"]["stepId"])).write_text("step", encoding="utf-8")
        return answer


@mutant("SEC-PATH", "a name that nothing has, gave")
class MatchesRunsByPattern(Model):
    """The name of a run is taken for a pattern."""

    def find_run(self, run_id: object) -> Entity:
        """Return the first run that matches."""
        for name, row in self.state.runs.items():
            if fnmatchcase(name, str(run_id)):
                return row.value
        return super().find_run(run_id)


@mutant("SEC-ROUTE", "without any header of the queue was handed")
class TakesRequestsWithoutHeaders(ReferenceWorld):
    """Headers that are missing are made up."""

    def create_queue_handler(self, prefix: str, handler: UserHandler) -> QueueHandler:
        """Return a handler that adds what is missing."""
        strict = super().create_queue_handler(prefix, handler)
        made_up = {
            "x-vqs-queue-name": prefix,
            "x-vqs-message-id": "msg_unknown",
            "x-vqs-message-attempt": "1",
        }

        async def handle(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
            return await strict({**made_up, **headers}, body)

        return handle


@mutant("SEC-WEBHOOK", "isWebhook False is read with isWebhook True")
class TakesEveryHookForAWebhook(Model):
    """Every hook can be resumed by the public route."""

    def make_hook(self, request: Request) -> Entity:
        """Build a webhook."""
        return {**super().make_hook(request), "isWebhook": True}


@mutant("SEC-TENANT", "steps.get of a step of another run must be rejected")
class FindsStepsOfAllRuns(Model):
    """A step is found by its id in whatever run."""

    def step_candidates(
        self, run_id: object, step_id: object
    ) -> list[tuple[tuple[str, str], EntityRow]]:
        """Return every step."""
        return list(self.state.steps.items())
