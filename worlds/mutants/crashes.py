"""Mutants of crashes: what they write is not whole at every instant, or not there yet."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from harness.contract.model import Model, Rules
from harness.contract.model.log import Request
from harness.contract.model.state import EntityRow
from harness.contract.model.values import Entity
from worlds.mutants import mutant
from worlds.mutants.workers import WorkerMutant
from worlds.reference import ReferenceWorld
from worlds.reference.journal import Command, Journal
from worlds.reference.worker import Worker

#: How long lies between two halves of what should be one write, in seconds.
_BETWEEN_S = 0.005
#: The same of large records.
_HALVES_S = 0.05
#: How long after its answer a write is made that should have come before it, in seconds.
_LATER_S = 0.2


class _HoldingModel(Model):
    """Events take their place in the log by a call of their own."""

    METHODS = Model.METHODS | {"log.release": "release_events"}

    def __init__(self, rules: Rules, *state: Any) -> None:
        super().__init__(rules, *state)
        self._held: dict[str, list[EntityRow]] = {}

    def append_event(
        self, request: Request, *, event_type: str = "", data: dict[str, Any] | None = None
    ) -> Entity:
        event = super().append_event(request, event_type=event_type, data=data)
        held = self._held.setdefault(request.run_id, [])
        held.append(self.log_of(request.run_id).pop())
        return event

    def release_events(self, run_id: object) -> None:
        self.log_of(str(run_id)).extend(self._held.pop(str(run_id), []))


@mutant("CRASH-ENTITY-EVENT", "its log", line="v4")
class WritesRowsBeforeEvents(ReferenceWorld):
    """A row is written first and its event after it, in two writes."""

    def __init__(self, env: Mapping[str, str], rules: Rules, model_type: type[Model]) -> None:
        super().__init__(env, rules, _HoldingModel)

    def apply(self, method: str, args: list[object]) -> Any:
        """Write an event in two halves."""
        answer = super().apply(method, args)
        if method == "events.create" and args[0] is not None:
            time.sleep(_BETWEEN_S)
            super().apply("log.release", [args[0]])
        return answer


class _ClaimingModel(Model):
    """A step's name is taken by a call of its own, before the step is there."""

    METHODS = Model.METHODS | {"claims.take": "take_claim"}

    def take_claim(self, run_id: object, step_id: object) -> None:
        claim = (str(run_id), "step", str(step_id))
        if claim in self.state.claims:
            raise self.refusal("EntityConflictError", "the step exists")
        self.state.claims.add(claim)


@mutant("CRASH-RETRY-WORKS", "but its event is not in the log")
class TakesNamesOfStepsFirst(ReferenceWorld):
    """A step's name is taken in a first write; who died after it blocks the step for ever."""

    def __init__(self, env: Mapping[str, str], rules: Rules, model_type: type[Model]) -> None:
        super().__init__(env, rules, _ClaimingModel)

    def apply(self, method: str, args: list[object]) -> Any:
        """Take the name, and then create the step."""
        event = args[1] if method == "events.create" and len(args) > 1 else None
        if isinstance(event, dict) and event.get("eventType") == "step_created":
            super().apply("claims.take", [args[0], event.get("correlationId")])
            time.sleep(_BETWEEN_S)
        return super().apply(method, args)


class _BlindWorker(Worker):
    _has_looked = False

    def visit_owners(self) -> None:
        if not self._has_looked:
            super().visit_owners()
        self._has_looked = True


@mutant("CRASH-WAKE", "it came once a third process was started", effort="standard")
class LooksForTheDeadAtItsStart(WorkerMutant):
    """What a dead worker had in hand is taken back by a process that starts, and by no other."""

    worker_type = _BlindWorker


@mutant("CRASH-ATOMIC-FILES", "that was answered before its writer was killed is not there")
class AnswersBeforeItWrites(ReferenceWorld):
    """A step is answered at once and written a little later."""

    def write_command(self, command: Command) -> None:
        """Write steps later."""
        if b'"step_created"' not in msgspec.json.encode(command.args):
            super().write_command(command)
            return
        asyncio.get_running_loop().call_later(_LATER_S, self._write_late, command)

    def _write_late(self, command: Command) -> None:
        with self._journal.own():
            self.learn(self._journal.read_news(owned=True))
            super().write_command(command)


class _HalvingJournal(Journal):
    """Writes a command in two halves, and reads whatever is there."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._where = path

    def append(self, command: Command) -> None:
        line = msgspec.json.encode(command) + b"\n"
        half = len(line) // 2
        with self._where.open("ab", buffering=0) as file:
            file.write(line[:half])
            time.sleep(_HALVES_S)
            file.write(line[half:])
        self._known += len(line)

    def read_news(self, *, owned: bool = False) -> list[Command]:
        if owned or not self.has_news():
            return super().read_news(owned=owned)
        if os.pread(self._file, 1, os.fstat(self._file).st_size - 1) != b"\n":
            raise SyntaxError("Unexpected end of JSON input")
        return self._read_lines(cut=False)


@mutant("CRASH-ATOMIC-FILES", "Unexpected end of JSON input")
class ReadsWhatIsBeingWritten(ReferenceWorld):
    """A record is written piece by piece, and readers do not wait for its end."""

    def __init__(self, env: Mapping[str, str], rules: Rules, model_type: type[Model]) -> None:
        super().__init__(env, rules, model_type)
        self.reset()
        self._journal = _HalvingJournal(self._folder / "journal.jsonl")
