"""The World and the model, side by side: every call goes to both."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from harness.adapters.protocol import Call
from harness.adapters.world import Reply, WorldClient
from harness.contract.model import Model, Refused, Rules, UlidSource
from harness.contract.model.values import is_absent, read_option
from suites.conformance.calls import EventCalls
from suites.properties.differences import Difference, compare
from suites.properties.names import NameMap
from suites.properties.tolerances import find_situation

#: More pages than any walk of an example can have.
_MOST_PAGES = 400


class Turn(msgspec.Struct, frozen=True):
    """One call of a history, with both answers."""

    reply: Reply
    #: The model's answer, or its refusal; `None` where it was not asked.
    expected: Any = None
    #: Whether it ran at the same time as others.
    at_once: bool = False
    #: Whether the answers differ.
    differs: bool = False


class Mismatch(AssertionError):  # noqa: N818 - a verdict
    """The World and the model differ where the contract binds the World."""

    def __init__(self, difference: Difference, turns: Sequence[Turn], names: NameMap) -> None:
        self.difference = difference
        self.turns = tuple(turns)
        self.names = names
        super().__init__(difference.text)


class Bookmark(msgspec.Struct, frozen=True):
    """Where somebody stopped to read a log: the World's cursor, and the model's."""

    seen: str
    expected: str


class PairStage:
    """One example: a World that other examples use too, and a model of what this one did to it.

    Args:
        world: The World.
        rules: What holds for it.
        binds: Tells whether a clause binds it; differences in others are noted only.
        note: Told the differences that do not count.
    """

    def __init__(
        self,
        world: WorldClient,
        rules: Rules,
        *,
        binds: Callable[[str], bool] = lambda clause: True,
        note: Callable[[Difference], None] = lambda difference: None,
    ) -> None:
        self.world = world
        self.model = Model(rules)
        self.events = EventCalls(rules.spec_version)
        self.names = NameMap()
        self.turns: list[Turn] = []
        self.bookmarks: dict[str, Bookmark] = {}
        #: Whether the two have gone different ways, so that nothing can be compared any more.
        self.is_over = False
        self._binds = binds
        self._note = note
        self._ids = UlidSource(lambda: secrets.randbits(80))

    def binds(self, clause: str) -> bool:
        """Tell whether a clause binds the World; what no clause names counts in any case."""
        return not clause or self._binds(clause)

    def perform(self, call: Call, as_model: Sequence[Any] | None = None) -> Any:
        """Make a call on both sides, unless the contract leaves its answer open.

        Args:
            call: The call, as the World is asked.
            as_model: Its arguments as the model is asked; the same, unless given.

        Returns:
            Both answers, the World's first; `None` unless both accepted the call.

        Raises:
            Mismatch: they differ.
        """
        asked = call if as_model is None else Call(call.method, tuple(as_model))
        tolerance = find_situation(self.model, asked)
        if self.is_over or (tolerance is not None and tolerance.treatment == "avoid"):
            return None
        reply = self.world.attempt(call)
        is_ended = self.is_ended(asked)
        after = self.model.copy()
        expected = self.ask(after, asked, reply)
        is_followed = tolerance is not None and reply.succeeded and is_silent(reply.value)
        found = None if is_followed else compare(asked, expected, reply, is_ended=is_ended)
        self.turns.append(Turn(reply, expected, differs=found is not None))
        if is_followed:
            return None
        self.judge(found)
        if isinstance(expected, Refused) or not reply.succeeded or self.is_over:
            return None
        self.model = after
        return reply.value, expected

    def ask(self, model: Model, call: Call, reply: Reply) -> Any:
        """Return what a model answers at the moment of a World's reply."""
        now = datetime.fromtimestamp(reply.end / 1000, UTC) if reply.end else datetime.now(UTC)
        try:
            return model.perform(
                call.method, call.args, now=now, fresh=lambda prefix: self._ids.make(prefix, now)
            )
        except Refused as refused:
            return refused

    def peek(self, method: str, *args: Any) -> Any:
        """Return what the model answers to a call that the World is not asked in this form."""
        return self.model.perform(method, args, now=datetime.now(UTC), fresh=_refuse_to_name)

    def judge(self, difference: Difference | None) -> None:
        """Let a difference count, or note it where its clause does not bind.

        Raises:
            Mismatch: it counts.
        """
        if difference is None:
            return
        if self.binds(difference.clause):
            self.is_over = True
            raise Mismatch(difference, self.turns, self.names)
        self._note(difference)
        self.is_over = self.is_over or difference.parts

    def is_ended(self, call: Call) -> bool:
        """Tell whether the run that a call is about is over."""
        run = self.model.state.runs.get(call.args[0]) if call.args else None
        return run is not None and self.model.is_ended(run.value)

    def walk(
        self, method: str, options: Mapping[str, Any], *, limit: int, order: str, cursor: str = ""
    ) -> tuple[list[Any], str] | None:
        """Read all pages of a World's list; the rows, and the last cursor that it gave.

        Args:
            method: The list.
            options: Its options without the pagination.
            limit: How long a page may be.
            order: `asc` or `desc`.
            cursor: Where to begin.
        """
        rows: list[Any] = []
        for _ in range(_MOST_PAGES):
            pagination: dict[str, Any] = {"limit": limit, "sortOrder": order}
            if cursor:
                pagination["cursor"] = cursor
            sent = {**options} if self.is_python else {**options, "pagination": pagination}
            reply = self.world.attempt(Call(method, (sent,)))
            self.turns.append(Turn(reply))
            difference = compare(reply.call, {}, reply, is_ended=False)
            if difference is not None:
                self.judge(difference)
                return None
            page = reply.value
            rows += page["data"]
            cursor = read_option(page, "cursor") or cursor
            if not read_option(page, "hasMore"):
                return rows, str(read_option(page, "cursor") or "")
        text = f"{method} still says hasMore after {_MOST_PAGES} pages of at most {limit}"
        self.judge(Difference(clause="EVT-CURSOR-STABLE", text=text))
        return None

    @property
    def is_python(self) -> bool:
        """Whether the interface is that of the Python SDK, which knows no pages."""
        return self.model.rules.shape == "py"


def is_silent(answer: Any) -> bool:
    """Tell whether a World accepted a call without logging an event."""
    return is_absent(read_option(answer, "event"))


def _refuse_to_name(prefix: str) -> str:
    raise RuntimeError(f"a look at the model asked for a new {prefix}")
