"""Searches for an order of concurrent calls in which the model gives the World's answers.

This is Wing and Gong's test for linearizability, with memoization. If the model answers a call as
the World did and the call changes nothing, the search takes it next without trying alternatives.
The lists of events that calls returned prune the search: a log only grows, so every prefix of
the order must produce a prefix of each list that a later call returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any

from harness.contract.history.answers import agrees, is_beginning, read_full_list
from harness.contract.history.calls import TimedCall
from harness.contract.model import Model
from harness.contract.model.rules import Refused
from harness.contract.model.state import State
from harness.errors import HarnessError

#: How many states the search visits before it gives up.
BUDGET = 50_000


class UndecidedError(HarnessError):
    """The search gave up: a history has too many possible orders."""


def find_order(
    calls: Sequence[TimedCall], model: Model, *, budget: int = BUDGET
) -> list[int] | None:
    """Return an order of the calls, as indexes into `calls`, that explains all answers.

    The comparison ignores ids and times that the World chose, and the names of refusals. Calls
    with an unknown outcome can be missing from the order.

    Args:
        calls: The history.
        model: The model before the first call; it is not changed.
        budget: How many states to visit.

    Raises:
        UndecidedError: the budget is used up.
    """
    return _Search(calls, budget).explore(frozenset(range(len(calls))), model.copy())


class _Search:
    def __init__(self, calls: Sequence[TimedCall], budget: int) -> None:
        self._calls = calls
        self._budget = budget
        self._been: set[tuple[frozenset[int], bytes]] = set()

    def explore(self, remaining: frozenset[int], model: Model) -> list[int] | None:
        """Return an order of the remaining calls from this state, if there is one."""
        if self._is_done(remaining):
            return []
        place = (remaining, fingerprint(model.state))
        if place in self._been or self._is_hopeless(remaining, model):
            return None
        self._spend()
        self._been.add(place)
        for index, after in self._find_next(remaining, model, place[1]):
            rest = self.explore(remaining - {index}, after)
            if rest is not None:
                return [index, *rest]
        return None

    def _find_next(
        self, remaining: frozenset[int], model: Model, present: bytes
    ) -> list[tuple[int, Model]]:
        """Return the calls that can be next, with the models after them.

        If one of them changes nothing, return only that one.
        """
        found: list[tuple[int, Model]] = []
        for index in self._candidates(remaining):
            after = self._try(index, model)
            if after is None:
                continue
            if after is not model and fingerprint(after.state) != present:
                found.append((index, after))
            elif not self._calls[index].lost:
                return [(index, model)]
        return found

    def _spend(self) -> None:
        self._budget -= 1
        if self._budget < 0:
            raise UndecidedError(
                f"no order of {len(self._calls)} calls was found in the time allowed",
                remedy="use fewer calls at a time, or allow more places to look at",
            )

    def _is_done(self, remaining: frozenset[int]) -> bool:
        return all(self._calls[index].lost for index in remaining)

    def _is_hopeless(self, remaining: frozenset[int], model: Model) -> bool:
        for index in remaining:
            listed = read_full_list(self._calls[index])
            if listed is not None and not is_beginning(model.read_log(listed[0]), listed[1]):
                return True
        return False

    def _candidates(self, remaining: frozenset[int]) -> list[int]:
        """Return the calls that can be next: those that began before any remaining call ended."""
        ends = [self._calls[index].end for index in remaining if not self._calls[index].lost]
        first_end = min(ends, default=inf)
        ready = [index for index in remaining if self._calls[index].start <= first_end]
        # Try calls without an answer last: most often they had no effect.
        return sorted(ready, key=lambda index: (self._calls[index].lost, self._calls[index].end))

    def _try(self, index: int, model: Model) -> Model | None:
        """Return the model after a call, or `None` if it does not answer as the World did."""
        call = self._calls[index]
        for moment in self._moments(call):
            after = model.copy()
            try:
                answer = _perform(after, call, moment)
            except Refused:
                if call.refusal is not None or call.lost:
                    return model
                continue
            if call.lost or (call.refusal is None and agrees(call.method, answer, call.value)):
                return after
        return None

    def _moments(self, call: TimedCall) -> list[float]:
        return [call.start] if call.lost or call.end == call.start else [call.start, call.end]


def _perform(model: Model, call: TimedCall, moment: float) -> Any:
    now = datetime.fromtimestamp(moment / 1000, UTC)
    return model.perform(call.method, call.args, now=now, fresh=lambda p: _name(p, call, model))


def _name(prefix: str, call: TimedCall, model: Model) -> str:
    """Return the id that the World chose if a later call uses it, or else any id."""
    value = call.value if isinstance(call.value, Mapping) else {}
    run = value.get("run")
    if prefix == "wrun" and isinstance(run, Mapping) and "runId" in run:
        return str(run["runId"])
    if prefix == "msg" and "messageId" in value:
        return str(value["messageId"])
    return f"{prefix}_{model.state.serial}"


def fingerprint(state: State) -> bytes:
    """Return the visible part of a state, without times and ids that a World chooses."""
    parts = (
        [(run, [_plain(row.value) for row in rows]) for run, rows in sorted(state.logs.items())],
        [(key, _plain(row.value)) for key, row in sorted(state.runs.items())],
        [(key, _plain(row.value)) for key, row in sorted(state.steps.items())],
        sorted(state.hooks),
        sorted(state.retained),
        sorted(state.tokens.items()),
        [(key, row.value["status"]) for key, row in sorted(state.waits.items())],
        sorted(state.claims),
        [(key, stream.chunks, stream.closed) for key, stream in sorted(state.streams.items())],
        sorted((m.queue_name, repr(m.payload), m.owner or "") for m in state.messages.values()),
    )
    return repr(parts).encode("utf-8", "surrogatepass")


_CHOSEN = frozenset({"eventId", "createdAt", "updatedAt", "startedAt", "completedAt"})


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in _CHOSEN}
