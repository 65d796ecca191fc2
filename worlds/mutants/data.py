"""Mutants of data: what comes back is not what was stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from harness.contract.model import Model, Rules
from harness.contract.model.log import Request
from harness.contract.model.values import Entity
from worlds.mutants import mutant
from worlds.mutants.hesitation import Hesitant
from worlds.reference import ReferenceWorld

_LIMIT = 1 << 20


def _change(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value with everything inside it changed."""
    if isinstance(value, Mapping):
        return {key: _change(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [_change(item, change) for item in value]
    return change(value)


class Changing(Model):
    """Stores something else than it is given."""

    def change(self, value: Any) -> Any:
        """Return what is stored in the place of a value."""
        return value

    def read_request(self, run_id: object, sent: object, params: object) -> Request:
        """Check the form of a request, and change its data."""
        request = super().read_request(run_id, sent, params)
        return msgspec.structs.replace(request, data=_change(request.data, self.change))


@mutant("DATA-BYTES", "is not bytes that read like JSON but str")
class ReadsBytesAsText(Changing):
    """Bytes that can be text become text."""

    def change(self, value: Any) -> Any:
        """Return bytes as text, where they are such."""
        if isinstance(value, bytes) and value.startswith(b"{"):
            return value.decode()
        return value


@mutant("DATA-BYTES", "is not no bytes at all but NoneType")
class StoresNoEmptyBytes(Changing):
    """No bytes become null."""

    def change(self, value: Any) -> Any:
        """Return null for no bytes."""
        return None if value == b"" else value


@mutant("DATA-BYTES", "bytes that were stored but")
class CutsLargeData(Changing):
    """Of large data, the first mebibyte is stored."""

    def change(self, value: Any) -> Any:
        """Return the beginning."""
        return value[:_LIMIT] if isinstance(value, bytes) else value


@mutant("DATA-BYTES", "a run is read while it is created, and the read fails with SyntaxError")
class ReadsRunsThatAreHalfWritten(Hesitant):
    """A run that is being written cannot be read."""

    _writing = 0

    async def perform(self, method: str, args: list[object]) -> Any:
        """Answer a call; meanwhile the file is half there."""
        if method == "runs.get" and self._writing:
            raise SyntaxError("unexpected end of JSON input")
        self._writing += method == "events.create"
        try:
            return await super().perform(method, args)
        finally:
            self._writing -= method == "events.create"


@mutant("DATA-JSON", "is not what was stored")
class ReadsDigitsAsNumbers(Changing):
    """A text of digits becomes a number."""

    def change(self, value: Any) -> Any:
        """Return a number for digits."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value


@mutant("DATA-JSON", "the result null of a step is")
class LosesNull(Model):
    """A field whose value is null is not stored."""

    def read_request(self, run_id: object, sent: object, params: object) -> Request:
        """Check the form of a request, and drop what is null."""
        request = super().read_request(run_id, sent, params)
        kept = {key: value for key, value in request.data.items() if value is not None}
        return msgspec.structs.replace(request, data=kept)


@mutant("DATA-DATES", "is no date but str")
class ListsTimesAsText(Model):
    """Lists show times as text."""

    def page_events(self, rows: list[Any], options: object) -> Entity:
        """Return one page of events."""
        page = super().page_events(rows, options)
        page["data"] = [
            {**event, "createdAt": event["createdAt"].isoformat()} for event in page["data"]
        ]
        return page


@mutant("DATA-DATES", "in the answer to its create and")
class ListsTimesToTheSecond(Model):
    """What is read later has times without a fraction."""

    def get_run(self, run_id: object, options: object = None) -> Entity:
        """Answer `runs.get`."""
        run = super().get_run(run_id, options)
        return {
            key: value.replace(microsecond=1000) if isinstance(value, datetime) else value
            for key, value in run.items()
        }


@mutant("DATA-DATES", "was given")
class CutsTimesToTheSecond(Changing):
    """Times that are given lose their fraction."""

    def change(self, value: Any) -> Any:
        """Return a time without its fraction."""
        return value.replace(microsecond=0) if isinstance(value, datetime) else value


class Sharing(Model):
    """Stores the objects that it is given, where there are such."""

    given: object = None

    def read_request(self, run_id: object, sent: object, params: object) -> Request:
        """Check the form of a request, and keep the very data that came with it."""
        request = super().read_request(run_id, sent, params)
        given, self.given = self.given, None
        data = given.get("eventData") if isinstance(given, dict) else None
        return msgspec.structs.replace(request, data=data) if isinstance(data, dict) else request


@mutant("DATA-ISOLATION", "changed with the object that the caller had handed over")
class KeepsTheObjectsOfItsCaller(ReferenceWorld):
    """What a caller hands over is stored itself, not as a copy."""

    def __init__(self, env: Mapping[str, str], rules: Rules, model_type: type[Model]) -> None:
        super().__init__(env, rules, Sharing)

    def apply(self, method: str, args: list[object]) -> Any:
        """Make a call with the very objects that it came with."""
        self.sync()
        if isinstance(self.model, Sharing) and method == "events.create":
            self.model.given = args[1]
        return super().apply(method, args)


@mutant("DATA-ISOLATION", "changed with")
class HandsOutWhatItStores(Model):
    """An answer is what is stored, not a copy of it."""

    def strip_event(self, event: Entity, resolve: object) -> Entity:
        """Return an event itself."""
        return event

    def strip_entity(self, entity: Entity, payloads: tuple[str, ...], resolve: object) -> Entity:
        """Return an entity itself."""
        return entity
