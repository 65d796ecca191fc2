"""Mutants of the log: what it keeps, in which order, and under which ids."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Mapping
from typing import Any

from harness.contract.model import EntityRow, Model, write_slot
from harness.contract.model.events import EVENT_TYPES
from harness.contract.model.log import Request
from harness.contract.model.values import Entity
from worlds.mutants import mutant
from worlds.mutants.hesitation import Hesitant
from worlds.reference import ReferenceWorld


@mutant("EVT-APPEND-ONLY", "a listed step_created changed: eventData.input")
class ForgetsInputsOfCompletedSteps(Model):
    """The log no longer has the input of a step that is completed."""

    def complete_step(self, request: Request) -> dict[str, Any]:
        """Complete a step, and clean up behind it."""
        outcome: dict[str, Any] = super().complete_step(request)
        log = self.log_of(request.run_id)
        for place, row in enumerate(log):
            if row.value.get("correlationId") == request.correlation_id:
                data = dict(row.value.get("eventData", {}))
                data.pop("input", None)
                if data:
                    log[place] = EntityRow(row.serial, {**row.value, "eventData": data})
        return outcome


@mutant("EVT-APPEND-ONLY", "is missing from a later list")
class DropsEventsOfDisposedHooks(Model):
    """When a hook is disposed of, what it received is taken out of the log."""

    def dispose_hook(self, request: Request) -> dict[str, Any]:
        """Dispose of a hook, and clean up behind it."""
        outcome: dict[str, Any] = super().dispose_hook(request)
        self.state.logs[request.run_id] = [
            row for row in self.log_of(request.run_id) if row.value["eventType"] != "hook_received"
        ]
        return outcome


@mutant("EVT-APPEND-ONLY", "a list of the log while others append must succeed")
class ReadsEventsThatAreHalfWritten(Hesitant):
    """A list that comes while an event is being written fails to read it."""

    _writing = 0

    async def perform(self, method: str, args: list[object]) -> Any:
        """Answer a call; meanwhile the file is half there."""
        if method == "events.list" and self._writing:
            raise SyntaxError("unexpected end of JSON input")
        self._writing += method == "events.create"
        try:
            return await super().perform(method, args)
        finally:
            self._writing -= method == "events.create"


class SortedByStamp(Model):
    """Lists events by a stamp that comes with them."""

    def append_event(self, request: Request, **more: Any) -> Entity:
        """Append an event at the place that its stamp gives it."""
        event = super().append_event(request, **more)
        log = self.log_of(request.run_id)
        row = log.pop()
        stamp = request.params.get("stamp", 0)
        stamped = EntityRow(row.serial, {**row.value, "stamp": stamp})
        later = [place for place, other in enumerate(log) if other.value.get("stamp", 0) > stamp]
        log.insert(later[0] if later else len(log), stamped)
        return event


@mutant("EVT-PREFIX", "became visible at place")
class StampsEventsBeforeItStoresThem(Hesitant):
    """An event's place is given out first, and only then is the event stored."""

    model_kind = SortedByStamp

    def look(self, run_id: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Take the time of the call as its place."""
        return {"stamp": time.time_ns()}


@mutant("EVT-ORDER-CAUSAL", "is not in its place")
class CountsEventsPerProcess(ReferenceWorld):
    """Each process counts its own events, and lists are sorted by these counts."""

    def __init__(self, env: Mapping[str, str], rules: Any, model_type: type[Model]) -> None:
        super().__init__(env, rules, SortedByStamp)
        self._stamps = itertools.count(random.randrange(1, 10) * 1000)  # noqa: S311 - variety

    async def perform(self, method: str, args: list[object]) -> Any:
        """Answer a call; an event gets a stamp."""
        if method == "events.create":
            given = args[2] if len(args) > 2 and isinstance(args[2], Mapping) else {}
            args = [*args[:2], {**given, "stamp": next(self._stamps)}]
        return await super().perform(method, args)


@mutant("EVT-ORDER-CAUSAL", "is listed at place")
class SortsEventsOfOneMillisecondByName(Model):
    """Events of one millisecond are listed in the order of their correlation ids."""

    def list_events(self, options: object = None) -> Entity:
        """Answer `events.list`."""
        rows = self.read_log(str(options["runId"]) if isinstance(options, dict) else "")
        mixed = sorted(
            rows,
            key=lambda row: (
                row.value["createdAt"].replace(microsecond=0),
                str(row.value.get("correlationId", ""))[::-1],
            ),
        )
        return self.page_events(mixed, options)


@mutant("EVT-SLOT-DENSE", "is missing from the log")
class LosesASlotToEveryConflict(Model):
    """A hook that loses its token takes two slots, of which one stays empty."""

    def name_event(self, run_id: str) -> str:
        """Return the next event's slot."""
        log = self.read_log(run_id)
        lost = sum(row.value["eventType"] == "hook_conflict" for row in log)
        return write_slot(len(log) + 1 + lost)


class Reserving(Model):
    """Gives out slots before they are filled."""

    METHODS = Model.METHODS | {"events.reserve": "reserve_slot"}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._last: dict[str, int] = {}
        self._reserved: int | None = None

    def reserve_slot(self, run_id: object) -> int:
        """Give out the next slot of a run."""
        name = str(run_id)
        self._last[name] = max(self._last.get(name, 0), len(self.read_log(name))) + 1
        return self._last[name]

    def create_event(self, run_id: object, sent: object, params: object = None) -> Entity:
        """Answer `events.create`, in the slot that was given out for it."""
        slot = params.get("slot") if isinstance(params, dict) else None
        self._reserved = slot if isinstance(slot, int) else None
        return super().create_event(run_id, sent, params)

    def name_event(self, run_id: str) -> str:
        """Return the slot of the present call; what comes with it takes the next ones."""
        if self._reserved is not None:
            slot, self._reserved = self._reserved, None
            return write_slot(slot)
        return write_slot(self.reserve_slot(run_id))

    def append_event(self, request: Request, **more: Any) -> Entity:
        """Append an event at the place of its slot."""
        event = super().append_event(request, **more)
        self.log_of(request.run_id).sort(key=lambda row: str(row.value["eventId"]))
        return event


@mutant("EVT-SLOT-DENSE", "is missing from the log")
class ReservesASlotForEveryCall(Hesitant):
    """A slot is given out before a call is checked; of a refused call it stays empty."""

    model_kind = Reserving

    def look(self, run_id: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Take a slot for the call."""
        if run_id not in self.model.state.runs:
            return {}
        return {"slot": self.apply("events.reserve", [run_id])}


@mutant("EVT-SLOT-DENSE", "is missing from the log")
class KeepsTheSlotOfAResumeThatWasCutOff(ReservesASlotForEveryCall):
    """A resume takes its slot before it is stored; killed in between, it keeps it for ever."""

    def look(self, run_id: str, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Take a slot for a resume that will be accepted."""
        is_resume = sent.get("eventType") == "hook_received"
        is_live = (run_id, sent.get("correlationId")) in self.model.state.hooks
        return super().look(run_id, sent) if is_resume and is_live else {}


@mutant("EVT-NOOP-SEAL", "is missing from the log")
class LeavesSlotsOfDeadWritersOpen(ReservesASlotForEveryCall):
    """The slot of a writer that died stays empty for ever."""


@mutant("EVT-RESOLVE-NONE", "lacks")
class LeavesOutAllDataWithThePayloads(Model):
    """Without payloads, an event has no data at all."""

    def strip_event(self, event: Entity, resolve: object) -> Entity:
        """Return an event for the outside."""
        shown = super().strip_event(event, "all")
        if resolve == "none":
            shown.pop("eventData", None)
        return shown


@mutant("EVT-RESOLVE-NONE", "a run from runs.get still has its input")
class ResolvesRunsAlways(Model):
    """A run comes with its payloads also when nobody wants them."""

    def show_run(self, run: Entity, options: object) -> Entity:
        """Return a run for the outside."""
        return super().show_run(run, None)


@mutant("EVT-RESOLVE-NONE", "events.get still has the input")
class ResolvesSingleEventsAlways(Model):
    """`events.get` gives payloads also when nobody wants them."""

    def get_event(self, run_id: object, event_id: object, options: object = None) -> Entity:
        """Answer `events.get`."""
        return super().get_event(run_id, event_id, None)


@mutant("EVT-TYPE-GUARD", "accepted: noop, hook_conflict")
class WritesNoopsForClients(Model):
    """What only a World may write is taken from anybody."""

    def check_event_type(self, event_type: object) -> None:
        """Refuse types that nobody knows."""
        if event_type not in {"noop", "hook_conflict"}:
            super().check_event_type(event_type)

    def create_event(self, run_id: object, sent: object, params: object = None) -> Entity:
        """Answer `events.create`."""
        if isinstance(sent, dict) and sent.get("eventType") in {"noop", "hook_conflict"}:
            request = self.read_request(run_id, sent, params)
            return {"event": self.append_event(request)}
        return super().create_event(run_id, sent, params)

    def check_event_data(self, request: Request) -> None:
        """Refuse an event that lacks what its entity is made of."""
        if request.type in EVENT_TYPES:
            super().check_event_data(request)


@mutant("EVT-GET", "of another run must be refused")
class FindsEventsInAnyRun(Model):
    """`events.get` looks for an event in all runs."""

    def get_event(self, run_id: object, event_id: object, options: object = None) -> Entity:
        """Answer `events.get`."""
        for log in [self.read_log(str(run_id)), *self.state.logs.values()]:
            for row in log:
                if row.value["eventId"] == event_id:
                    return self.strip_event(row.value, None)
        return super().get_event(run_id, event_id, options)
