"""Races: the same few calls at once, in round after round, until chance has had its chances."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from harness.adapters.protocol import Call
from harness.adapters.world import NoAnswerError, Refusal, Reply
from suites.conformance.answers import describe
from suites.conformance.arena import Arena, name_of
from suites.conformance.violations import Violation

#: How many callers a race has unless its clause says otherwise.
WIDTH = 16
_NARROWER = (2, 4, 8)
#: What goes wrong between processes of a World for one is a note, whose confidence nobody asks for.
_NOTED_ROUNDS = 8
#: How long a failure is looked at again at most, in seconds: some rounds fail by waiting.
_AFTER_FAILURE_S = 30.0


class Round:
    """One round: the arena, and how many callers are to take part."""

    def __init__(self, arena: Arena, width: int, number: int) -> None:
        self.arena = arena
        self.width = width
        self.number = number

    def together(self, *calls: Call) -> list[Reply]:
        """Make calls at once, dealt out over the processes."""
        return self.arena.together(calls)


class Race:
    """Runs rounds; a failure is looked at again with fewer callers, to find a smaller witness."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.rounds = 0
        self.failed_rounds = 0
        self._failed_at: float | None = None

    def __call__(
        self, one_round: Callable[[Round], None], *, width: int = WIDTH, rounds: int | None = None
    ) -> None:
        """Run rounds, as many as the effort says.

        Args:
            one_round: Makes its calls on a run of its own, and judges them.
            width: How many callers `one_round` should have take part.
            rounds: At most so many, where a round is expensive.

        Raises:
            Violation: a round failed; it holds the calls of the smallest round that did.
        """
        effort = self.arena.effort
        planned = min(effort.rounds, rounds) if rounds else effort.rounds
        if self.arena.is_noted:
            planned = min(planned, _NOTED_ROUNDS)
        found: Violation | None = None
        left = planned
        while left > 0 and not self._is_overdue():
            left -= 1
            violation = self._run(one_round, width)
            if violation is None:
                continue
            self.failed_rounds += 1
            if any(reply.lost for reply in violation.witness):
                # Whoever hangs would do so in every further round, for a quarter of a minute each.
                violation.rounds, violation.failed_rounds = self.rounds, self.failed_rounds
                raise violation
            if found is None:
                left = min(left, effort.after_failure)
                self._failed_at = time.monotonic()
            found = _smaller(found, violation)
        if found is not None:
            found = self._narrow(one_round, width, found)
            found.rounds, found.failed_rounds = self.rounds, self.failed_rounds
            raise found

    def _narrow(
        self, one_round: Callable[[Round], None], width: int, found: Violation
    ) -> Violation:
        for narrower in _NARROWER:
            if narrower >= width:
                break
            for _ in range(self.arena.effort.after_failure):
                if self._is_overdue():
                    return found
                violation = self._run(one_round, narrower, counts=False)
                if violation is not None:
                    return _smaller(found, violation)
        return found

    def _is_overdue(self) -> bool:
        began = self._failed_at
        return began is not None and time.monotonic() - began > _AFTER_FAILURE_S

    def _run(
        self, one_round: Callable[[Round], None], width: int, *, counts: bool = True
    ) -> Violation | None:
        history = self.arena.history
        history.clear()
        self.rounds += counts
        try:
            one_round(Round(self.arena, width, self.rounds))
        except Violation as violation:
            violation.witness = tuple(history)
            return violation
        except (Refusal, NoAnswerError) as error:
            unexpected = Violation(explain(error))
            unexpected.witness = tuple(history)
            return unexpected
        return None


def explain(error: Refusal | NoAnswerError) -> str:
    """Say what an answer that no check expected means."""
    call = name_of(error.reply.call)
    if isinstance(error, NoAnswerError):
        return f"{call} was never answered: {error.reply.lost}"
    return f"{call} must be answered here, but ended with {describe(error.reply)}"


def _smaller(found: Violation | None, other: Violation) -> Violation:
    if found is None or len(other.witness) < len(found.witness):
        return other
    return found


def payloads(count: int) -> Sequence[bytes]:
    """Return so many different payloads."""
    return [b"payload-%d" % index for index in range(count)]
