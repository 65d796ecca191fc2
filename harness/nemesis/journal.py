"""The app's journal: every World call, delivery, execution of a step body, and fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from harness.errors import ResultsError
from harness.nemesis.plans import MessageKind


class _Record(
    msgspec.Struct, frozen=True, rename="camel", tag_field="kind", kw_only=True, weakref=False
):
    """One line of a journal; `at_ms` is milliseconds since the epoch."""

    at_ms: float
    pid: int
    #: Position in the process's journal.
    order: int
    run_id: str | None = None


class JournalDelivery(_Record, frozen=True, kw_only=True, tag="delivery"):
    """A message reached the engine."""

    delivery: str
    message: MessageKind
    step: str | None = None
    step_id: str | None = None
    message_id: str | None = None
    attempt: int
    cause: Literal["world", "nemesis"]


class Delivered(_Record, frozen=True, kw_only=True, tag="delivered"):
    """The engine has finished a message: `done`, `again in n s` or `error …`."""

    delivery: str
    outcome: str


class JournalCall(_Record, frozen=True, kw_only=True, tag="call"):
    """A call of the World has ended."""

    method: str
    began_at_ms: float
    delivery: str | None = None
    step: str | None = None
    event: str | None = None
    #: The size of a batch.
    events: tuple[str, ...] = ()
    #: Of a lazy start, which creates the step, too.
    lazy: bool = False
    correlation_id: str | None = None
    event_id: str | None = None
    #: Of a message that is sent.
    message: MessageKind | None = None
    step_id: str | None = None
    key: str | None = None
    delay_seconds: float | None = None
    #: The name of the error that the call threw.
    error: str | None = None


class _Mark(_Record, frozen=True, kw_only=True):
    key: str
    step: str
    step_id: str
    attempt: int
    execution: str
    delivery: str | None = None


class Entered(_Mark, frozen=True, kw_only=True, tag="entered"):
    """A body began."""


class Left(_Mark, frozen=True, kw_only=True, tag="left"):
    """A body returned."""


class Failed(_Mark, frozen=True, kw_only=True, tag="failed"):
    """A body threw."""

    error: str


class Struck(_Record, frozen=True, kw_only=True, tag="fault"):
    """A fault of the run's plan happened."""

    fault: int
    do: str


class Effect(_Record, frozen=True, kw_only=True, tag="effect"):
    """A body performed the effect that must happen once per key, or found it done already."""

    key: str
    first: bool


class Gate(_Record, frozen=True, kw_only=True, tag="gate"):
    """A gate was not opened in time."""

    gate: str
    expired: bool


Record = (
    JournalDelivery | Delivered | JournalCall | Entered | Left | Failed | Struck | Effect | Gate
)
_decoder = msgspec.json.Decoder(Record)


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of a step's body; times are milliseconds since the epoch."""

    key: str
    step_id: str
    #: What the body was told.
    attempt: int
    pid: int
    delivery: str | None
    entered_at_ms: float
    #: `None` if its process died during it, or if it is still running.
    ended_at_ms: float | None
    outcome: Literal["left", "failed", "cut off"]


class Journal(msgspec.Struct, frozen=True):
    """The records of one run, or of all runs, in chronological order."""

    records: tuple[Record, ...]

    def of(self, run_id: str) -> Journal:
        """Return the records of one run."""
        return Journal(tuple(item for item in self.records if item.run_id == run_id))

    def calls(self, method: str = "", event: str = "") -> list[JournalCall]:
        """Return the World calls of a method, or those that wrote an event of a type."""
        return [
            item
            for item in self.records
            if isinstance(item, JournalCall)
            and method in {"", item.method}
            and (event in {"", item.event} or event in item.events)
        ]

    def deliveries(self, kind: MessageKind | None = None) -> list[JournalDelivery]:
        """Return the messages that reached the engine."""
        return [
            item
            for item in self.records
            if isinstance(item, JournalDelivery) and kind in {None, item.message}
        ]

    def outcomes(self) -> dict[str, str]:
        """Return delivery -> outcome; a delivery that was cut off has none."""
        return {item.delivery: item.outcome for item in self.records if isinstance(item, Delivered)}

    def executions(self, key: str | None = None) -> list[Execution]:
        """Return the executions of all bodies, or of the body with a key, by start time."""
        ends = {
            (item.pid, item.run_id, item.key, item.execution): item
            for item in self.records
            if isinstance(item, Left | Failed)
        }
        return [
            _join(item, ends.get((item.pid, item.run_id, item.key, item.execution)))
            for item in self.records
            if isinstance(item, Entered) and key in {None, item.key}
        ]

    def faults(self) -> Counter[int]:
        """Return how often each fault of the plan happened, by its index in the plan."""
        return Counter(item.fault for item in self.records if isinstance(item, Struck))

    def effects(self) -> list[Effect]:
        """Return the effects that must happen once."""
        return [item for item in self.records if isinstance(item, Effect)]


def read_journal(folder: Path) -> Journal:
    """Read the journals of all processes in a folder; skip lines that a kill cut off.

    Raises:
        ResultsError: a complete line is not a valid record.
    """
    return sort_journal(_read_lines(folder))


def parse_journal(entries: Sequence[Any]) -> Journal:
    """Read a journal that a remote app sent.

    Raises:
        ResultsError: an entry is not a valid record.
    """
    try:
        return sort_journal([msgspec.convert(entry, Record) for entry in entries])
    except msgspec.ValidationError as error:
        raise _explain("a remote app", error) from error


def sort_journal(records: Iterable[Record]) -> Journal:
    """Sort records: within a process by position, between processes by their clocks."""
    return Journal(tuple(sorted(records, key=lambda item: (item.at_ms, item.pid, item.order))))


def _read_lines(folder: Path) -> Iterable[Record]:
    for path in sorted(folder.glob("journal-*.jsonl")):
        for line in path.read_bytes().splitlines():
            try:
                yield _decoder.decode(line)
            except msgspec.ValidationError as error:
                raise _explain(path.name, error) from error
            except msgspec.DecodeError:
                continue


def _explain(source: str, error: msgspec.ValidationError) -> ResultsError:
    return ResultsError(
        f"the journal of {source} contains an invalid record",
        cause=str(error),
        remedy="build the app again with this version of the harness",
    )


def _join(began: Entered, ended: Left | Failed | None) -> Execution:
    return Execution(
        key=began.key,
        step_id=began.step_id,
        attempt=began.attempt,
        pid=began.pid,
        delivery=began.delivery,
        entered_at_ms=began.at_ms,
        ended_at_ms=ended.at_ms if ended else None,
        outcome="cut off" if ended is None else "left" if isinstance(ended, Left) else "failed",
    )
