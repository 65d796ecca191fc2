"""A World behind an adapter, as checks use it: `world.events.create(...)`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from harness.adapters.deliveries import Inbox
from harness.adapters.process import AdapterProcess, Lost, Pending
from harness.adapters.protocol import PROTOCOL, Call, Failure, Message, Opened, Outcome
from harness.adapters.values import UNDEFINED, decode, encode

#: How long a World may take for one call before it counts as hanging.
CALL_LIMIT_S = 15.0
#: How far in the future concurrent calls of several adapters are scheduled, in ms.
_TOGETHER_AHEAD_MS = 10.0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A call and how it ended: with a value, with an error, or unknown.

    Times are ms since 1970 by the adapter's clock.
    """

    call: Call
    process: int
    value: Any = UNDEFINED
    failure: Failure | None = None
    #: Why there is no answer; the call may have happened or not.
    lost: str = ""
    start: float = 0
    end: float = 0

    @property
    def succeeded(self) -> bool:
        """Whether the World answered with a value."""
        return self.failure is None and not self.lost


class Refusal(Exception):  # noqa: N818 - a valid answer, not a fault
    """A World threw where a check needed a value."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.failure = reply.failure or Failure()
        super().__init__(f"{self.failure.name}: {self.failure.message}")


class NoAnswerError(Exception):
    """A World did not answer, or its process ended."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        super().__init__(reply.lost)


class OpenError(Exception):
    """A World could not be opened: `failure` is what it threw, `lost` is why no reply came."""

    def __init__(self, failure: Failure | None, lost: str) -> None:
        self.failure = failure
        self.lost = lost
        super().__init__(f"{failure.name}: {failure.message}" if failure else lost)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a bounded read of a stream."""

    chunks: tuple[Any, ...]
    #: When each chunk arrived, ms since 1970.
    times: tuple[float, ...]
    #: Whether the stream ended within the time limit.
    done: bool
    failure: Failure | None = None
    lost: str = ""
    start: float = 0
    end: float = 0


class PendingReading:
    """A read in the background, while other calls are made."""

    def __init__(self, pending: Pending, limit_s: float) -> None:
        self._pending = pending
        self._limit_s = limit_s

    def wait(self) -> Reading:
        """Wait for the read to end."""
        message = self._pending.wait(self._limit_s)
        if isinstance(message, Lost):
            return Reading(chunks=(), times=(), done=False, lost=message.reason)
        failure = message.error or None
        content = (failure.partial if failure else message.ok) or {}
        return Reading(
            chunks=tuple(decode(chunk) for chunk in content.get("chunks", ())),
            times=tuple(content.get("times", ())),
            done=bool(content.get("done")),
            failure=failure,
            start=message.start,
            end=message.end,
        )


class WorldClient:
    """One process that has opened a World's storage.

    Args:
        process: Its adapter.
        opened: What the adapter reported about it.
        number: The number of the process among those of one storage, from 0.
        note: Called with every call and how it ended.
    """

    def __init__(
        self,
        process: AdapterProcess,
        opened: Opened,
        *,
        number: int = 0,
        note: Callable[[Reply], None] = lambda reply: None,
    ) -> None:
        self.process = process
        self.opened = opened
        self.number = number
        self.note = note
        self.runs = Area(self, "runs")
        self.steps = Area(self, "steps")
        self.events = Area(self, "events")
        self.hooks = Area(self, "hooks")
        self.streams = Area(self, "streams")

    def has(self, method: str) -> bool:
        """Return whether the World has a method."""
        return method in self.opened.methods

    def call(self, method: str, *args: Any, mutate: str = "", limit_s: float = CALL_LIMIT_S) -> Any:
        """Call a method and return its value.

        Raises:
            Refusal: the World threw.
            NoAnswerError: it did not answer in time, or its process ended.
        """
        return value_of(self.attempt(Call(method, args, mutate), limit_s=limit_s))

    def attempt(self, call: Call, *, limit_s: float = CALL_LIMIT_S) -> Reply:
        """Call a method and return how it ended; never raises."""
        return self.pipeline([call], limit_s=limit_s)[0]

    def pipeline(self, calls: Sequence[Call], *, limit_s: float = CALL_LIMIT_S) -> list[Reply]:
        """Send calls one after another without waiting for replies; return how each ended."""
        pendings = self.process.send_all([("call", _fields_of(call)) for call in calls])
        deadline = time.monotonic() + limit_s
        return [
            self._finish(call, _wait_until(pending, deadline, limit_s))
            for call, pending in zip(calls, pendings, strict=True)
        ]

    def together(self, *calls: Call, in_flight: int | None = None) -> list[Reply]:
        """Make all calls at once, inside the adapter; return how each ended, in order.

        Args:
            calls: The calls.
            in_flight: How many calls run at a time; all of them by default.
        """
        return together([(self, calls)], in_flight=in_flight)[0]

    def send_call(self, call: Call) -> Pending:
        """Send a call without waiting for its reply. It is not passed to `note`."""
        return self.process.send("call", **_fields_of(call))

    def send_batch(
        self, calls: Sequence[Call], *, at: float | None = None, in_flight: int | None = None
    ) -> Pending:
        """Send calls that the adapter makes concurrently, from a given time on if there is one."""
        fields: dict[str, object] = {"calls": [_fields_of(call) for call in calls]}
        if at is not None:
            fields["at"] = at
        if in_flight is not None:
            fields["inFlight"] = in_flight
        return self.process.send("batch", **fields)

    def finish_batch(self, calls: Sequence[Call], message: Message | Lost) -> list[Reply]:
        """Return how each call of a batch ended."""
        if isinstance(message, Lost) or message.results is msgspec.UNSET:
            reason = message if isinstance(message, Lost) else Lost("the adapter sent no results")
            return [self._finish(call, reason) for call in calls]
        return [
            self._finish(call, outcome)
            for call, outcome in zip(calls, message.results, strict=True)
        ]

    def start_reading(
        self,
        run_id: str,
        name: str,
        *,
        start_index: int | None = None,
        for_ms: float = 5000,
        max_chunks: int | None = None,
    ) -> PendingReading:
        """Start to read a stream in the background, for a bounded time."""
        fields: dict[str, object] = {"runId": run_id, "name": name, "forMs": for_ms}
        if start_index is not None:
            fields["startIndex"] = start_index
        if max_chunks is not None:
            fields["maxChunks"] = max_chunks
        return PendingReading(self.process.send("read", **fields), for_ms / 1000 + CALL_LIMIT_S)

    def read(self, run_id: str, name: str, **options: Any) -> Reading:
        """Read a stream until it ends or the time limit (options of :meth:`start_reading`)."""
        return self.start_reading(run_id, name, **options).wait()

    def serve(self, prefixes: Sequence[str], port: int) -> Inbox:
        """Serve the World's queue handlers over HTTP; return the inbox of their deliveries.

        Raises:
            Refusal: the World has no handler, or the port is taken.
            NoAnswerError: no reply came.
        """
        inbox = Inbox(self.process)
        self.operate("serve", prefixes=list(prefixes), port=port)
        return inbox

    def operate(self, operation: str, *, limit_s: float = CALL_LIMIT_S, **fields: object) -> Any:
        """Let the adapter do something that is not a call of the World.

        Raises:
            Refusal: it failed.
            NoAnswerError: no reply came.
        """
        message = self.process.send(operation, **fields).wait(limit_s)
        return value_of(_reply_of(Call(operation), self.number, message))

    def kill(self) -> None:
        """End the process with SIGKILL, no matter what it is doing."""
        self.process.kill()

    def leave(self, within_s: float) -> int | None:
        """Let the process end by itself; return its exit code, or `None` if it stayed alive."""
        with contextlib.suppress(Refusal, NoAnswerError):
            self.operate("exit")
        return self.process.await_end(within_s)

    def _finish(self, call: Call, outcome: Outcome | Lost) -> Reply:
        reply = _reply_of(call, self.number, outcome)
        self.note(reply)
        return reply


class Area:
    """The methods of one area of a World, by their own names in snake_case or camelCase."""

    def __init__(self, world: WorldClient, name: str) -> None:
        self._world = world
        self._name = name

    def __getattr__(self, method: str) -> Callable[..., Any]:
        wire = f"{self._name}.{_camel(method)}"
        return lambda *args, **options: self._world.call(wire, *args, **options)


def open_world(
    process: AdapterProcess,
    *,
    entry: str,
    folder: str,
    number: int = 0,
    note: Callable[[Reply], None] = lambda reply: None,
    limit_s: float = 30,
) -> WorldClient:
    """Open a World in a running adapter.

    Args:
        process: The adapter.
        entry: Package, module file, or `module:attribute`.
        folder: The folder in which the entry is resolved.
        number: The number of the process among those of one storage.
        note: Called with every call and how it ended.
        limit_s: How long loading may take.

    Raises:
        OpenError: the World could not be opened.
    """
    message = process.send("open", world={"entry": entry, "folder": folder}).wait(limit_s)
    if isinstance(message, Lost):
        raise OpenError(None, message.reason)
    if message.error is not msgspec.UNSET:
        raise OpenError(message.error, "")
    opened = msgspec.convert(message.ok, Opened)
    if opened.protocol != PROTOCOL:
        raise OpenError(None, f"its adapter uses protocol {opened.protocol}, not {PROTOCOL}")
    return WorldClient(process, opened, number=number, note=note)


def together(
    shares: Sequence[tuple[WorldClient, Sequence[Call]]], *, in_flight: int | None = None
) -> list[list[Reply]]:
    """Make calls at once in several processes: each starts its share at the same moment."""
    at = time.time() * 1000 + _TOGETHER_AHEAD_MS if len(shares) > 1 else None
    pendings = [world.send_batch(calls, at=at, in_flight=in_flight) for world, calls in shares]
    deadline = time.monotonic() + CALL_LIMIT_S
    return [
        world.finish_batch(calls, _wait_until(pending, deadline, CALL_LIMIT_S))
        for (world, calls), pending in zip(shares, pendings, strict=True)
    ]


def _wait_until(pending: Pending, deadline: float, limit_s: float) -> Message | Lost:
    reply = pending.wait(max(0.0, deadline - time.monotonic()))
    if isinstance(reply, Lost) and pending.reply is None:
        # Several calls share the time limit; report the whole limit.
        return Lost(f"no answer within {limit_s:g} s")
    return reply


def value_of(reply: Reply) -> Any:
    """Return the value of a call that succeeded.

    Raises:
        Refusal: the World threw.
        NoAnswerError: how it ended is unknown.
    """
    if reply.lost:
        raise NoAnswerError(reply)
    if reply.failure is not None:
        raise Refusal(reply)
    return reply.value


def _reply_of(call: Call, number: int, outcome: Outcome | Lost) -> Reply:
    if isinstance(outcome, Lost):
        return Reply(call=call, process=number, lost=outcome.reason)
    if outcome.error is not msgspec.UNSET:
        return Reply(
            call=call,
            process=number,
            failure=outcome.error,
            start=outcome.start,
            end=outcome.end,
        )
    return Reply(
        call=call, process=number, value=decode(outcome.ok), start=outcome.start, end=outcome.end
    )


def _fields_of(call: Call) -> dict[str, object]:
    fields: dict[str, object] = {
        "method": call.method,
        "args": [encode(argument) for argument in call.args],
    }
    if call.mutate:
        fields["mutate"] = call.mutate
    return fields


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
